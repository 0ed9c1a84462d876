"""How a plugin declares its options, once, for validation, JSON Schema, documentation and forms.

Options are a frozen, keyword-only dataclass. Types are the ones TOML has, ``Literal`` for a
choice, and ``Secret``, ``Size`` and ``Duration`` from here. ``Annotated`` adds the words and
the rules::

    @dataclass(frozen=True, kw_only=True)
    class CsvOptions(FormatOptions):
        separator: Annotated[str, Doc("Stands between two values."), Check(one_character)] = ","

Nothing here loads pydantic until profexd.config validates a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from profexd.api.units import parse_duration, parse_percent, parse_size

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

NoticeEvent = Literal["failed", "recovered", "held", "late"]
SECRET_KINDS = ("env", "file", "credential")


@dataclass(frozen=True, slots=True)
class Doc:
    """One sentence that says what an option does, for the reference, the schema and the form."""

    text: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        described: dict[str, Any] = handler(schema)
        return {**described, "description": self.text}


@dataclass(frozen=True, slots=True)
class Check:
    """A rule for one value: ``rule(value)`` returns the value, or raises ValueError."""

    rule: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(self.rule, handler(source))


@dataclass(frozen=True, slots=True)
class _Text:
    """A value written as text with a unit."""

    parse: Callable[[str], Any]
    example: str

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(
            self.parse, core_schema.str_schema(strict=True)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return {"type": "string", "examples": [self.example]}


Size = Annotated[int, _Text(parse_size, "100MB")]
"""Bytes, written as text: ``"100MB"``."""
Duration = Annotated[float, _Text(parse_duration, "30s")]
"""Seconds, written as text: ``"30s"``."""
Percent = Annotated[Decimal, _Text(parse_percent, "20%")]
"""A percentage, written as text: ``"20%"``."""


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A secret, or the place where it is; it never prints itself.

    ``kind`` is ``literal``, ``env``, ``file`` or ``credential``; ``value`` is the secret or the
    name of the place. A sink reveals it with ``self.context.reveal(secret)`` when a run starts.
    """

    kind: Literal["literal", "env", "file", "credential"]
    value: str

    def __repr__(self) -> str:
        return "***" if self.kind == "literal" else f"{{ {self.kind} = {self.value!r} }}"

    __str__ = __repr__

    @classmethod
    def parse(cls, written: object) -> Secret:
        """Read a string or ``{ env | file | credential = "…" }``; ValueError says what is wrong."""
        if isinstance(written, Secret):
            return written
        if isinstance(written, str):
            return cls("literal", written)
        if isinstance(written, dict) and len(written) == 1:
            kind, value = next(iter(written.items()))
            if kind in SECRET_KINDS and isinstance(value, str) and value:
                return cls(kind, value)
        raise ValueError(
            'write a string, or one of { env = "…" }, { file = "…" }, { credential = "…" }'
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        reference = {
            "type": "object",
            "properties": {kind: {"type": "string"} for kind in SECRET_KINDS},
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        }
        return {"anyOf": [{"type": "string"}, reference], "format": "secret"}


@dataclass(frozen=True, kw_only=True)
class Options:
    """The base of all options: strict, unknown keys are errors."""

    def problems(self) -> Iterable[tuple[str, str]]:
        """Yield ``(key, message)`` for rules that concern more than one option."""
        return ()


@dataclass(frozen=True, kw_only=True)
class FormatOptions(Options):
    """What every format takes."""

    as_string: Annotated[bool, Doc("Write all values as text.")] = False
    ts_format: Annotated[
        Literal["rfc3339", "clevertap"],
        Doc("Timestamps as RFC 3339, or as yyyyMMddHHmmss in UTC."),
    ] = "rfc3339"

    @property
    def rows_per_file(self) -> int | None:
        """How many rows begin a new file, as ``[split] max_rows`` does; None: any number may."""
        return None


@dataclass(frozen=True, kw_only=True)
class SinkOptions(Options):
    """What every sink takes."""

    root: Annotated[str, Doc("A prefix inside the storage.")] = ""
    timeout: Annotated[Duration, Doc("Fail when nothing moves for so long.")] = 30.0
    connect_timeout: Annotated[Duration, Doc("Fail when no connection is made within.")] = 10.0
    concurrency: Annotated[int, Doc("Transfers at a time.")] = 4
    bandwidth: Annotated[str, Doc('Limit per second, as in "10MB"; empty: none.')] = ""

    def problems(self) -> Iterable[tuple[str, str]]:
        for key in ("timeout", "connect_timeout"):
            if getattr(self, key) < 1:
                yield key, 'must be at least "1s"'
        if self.concurrency < 1:
            yield "concurrency", "must be 1 or more"
        if self.bandwidth:
            try:
                parse_size(self.bandwidth)
            except ValueError as why:
                yield "bandwidth", str(why)


@dataclass(frozen=True, kw_only=True)
class NotifierOptions(Options):
    """What every notifier takes."""

    on: Annotated[tuple[NoticeEvent, ...], Doc("Of what to tell; by default all there is.")] = (
        "failed",
        "recovered",
        "held",
        "late",
    )
    late_after: Annotated[
        Duration, Doc("How long after its time a run that is not over is late.")
    ] = 900.0

    def problems(self) -> Iterable[tuple[str, str]]:
        if not self.on:
            yield "on", "must not be empty"
        if self.late_after < 1:
            yield "late_after", 'must be at least "1s"'

"""Placeholders in paths: read once, checked at once, rendered for each run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from profexd.api.errors import ConfigurationInvalid
from profexd.config.text.problems import Mistake

MAX_PATH = 1024
DEFAULT_FILENAME = "${account_id}-${run_id}-${timestamp}-${instance_id}"
DEFAULT_EVENTS_FILENAME = "${run_id}-${timestamp}-${event}-${date}-${part}-${instance_id}"

PLACEHOLDERS: Mapping[str, str] = {
    "today": "the day, as 2025-10-29",
    "now": "the moment, as 2025-10-30-16-33-25",
    "unix": "seconds since 1970",
    "date": "the day, as 20251029",
    "timestamp": "seconds since 1970",
    "time": "the moment by a pattern of strftime, as ${time:%Y/%m/%d}",
    "pipeline": "the name of the pipeline",
    "export_id": "the stable id of the pipeline",
    "run_id": "the id of the run",
    "account_id": "account_id of profexd.toml",
    "instance_id": "instance_id of profexd.toml",
    "part": "the number of the file within the run, as 001",
    "event": "the event of this partition",
    "column": "the value of a column of this partition, as ${column:country}",
}
_BRACED = {
    "date": "date",
    "timestamp": "timestamp",
    "account_id": "account_id",
    "instance_id": "instance_id",
    "export_id": "{{export_id}}",
}
_WITH_ARGUMENT = frozenset({"time", "column"})
_OPENING = re.compile(r"\$\$\{|\$\{|\{\{")
_DIRECTIVE = re.compile(r"%(-?[A-Za-z%])?")
_KNOWN_DIRECTIVES = frozenset("aAbBcCdDeFgGhHIjmMpRSTuUVwWxXyYzZf%")
_SLASHES_AND_SPACE = re.compile(r"[\s/\\\x00]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathValues:
    """What the placeholders of one file of one run become."""

    instant: datetime
    """Aware: the one instant of the run."""
    timezone: str
    pipeline: str
    export_id: str
    run_id: str
    account_id: str
    instance_id: str
    part: int = 1
    event: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Piece:
    """A literal (``name`` is empty) or a placeholder with its ``argument``."""

    name: str
    argument: str = ""
    written: str = ""
    """As the file says it."""

    @property
    def literal(self) -> str:
        """What of it belongs to the template: its ``/`` make folders."""
        if self.name:
            return self.argument if self.name == "time" else ""
        return self.written


class TemplateInvalid(Mistake):
    """The text is no template."""


@dataclass(frozen=True, slots=True)
class Template:
    """A path with placeholders; ``text`` is how it is shown."""

    text: str
    pieces: tuple[Piece, ...] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read ``text``; TemplateInvalid names the first placeholder that is wrong."""
        template, faults = cls.sketch(text)
        if faults:
            raise faults[0]
        return template

    @classmethod
    def sketch(cls, text: str) -> tuple[Template, list[TemplateInvalid]]:
        """Read ``text`` with an ``x`` for each placeholder that is wrong, and all that is wrong."""
        faults: list[TemplateInvalid] = []
        pieces = tuple(_pieces(text, faults))
        return cls(text, _in_their_place(pieces)), faults

    @property
    def placeholders(self) -> frozenset[str]:
        """The names of the placeholders used; ``time`` and ``column`` without their argument."""
        return frozenset(piece.name for piece in self.pieces if piece.name)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of which ``${column:…}`` tells the value."""
        return tuple(piece.argument for piece in self.pieces if piece.name == "column")

    def render(self, values: PathValues) -> str:
        """Return the path; ConfigurationInvalid says why the result is none."""
        path = self.expand(values)
        for why in path_faults(path):
            raise ConfigurationInvalid(
                f'path "{self.text}" becomes "{_shown(path)}": {why}', hint=why.hint
            ) from why
        return path

    def expand(self, values: PathValues) -> str:
        """Return the text with its placeholders filled, whether or not it is a path."""
        local = values.instant.astimezone(ZoneInfo(values.timezone))
        return "".join(_rendered(piece, values, local) for piece in self.pieces)


def joined(folder: str, filename: str, *, kind: str, extension: str) -> str:
    """Return the path that ``folder`` and ``filename`` say together."""
    if filename == "default":
        filename = DEFAULT_EVENTS_FILENAME if kind == "events" else DEFAULT_FILENAME
    return _folder(folder, kind) + filename + extension


def path_faults(path: str) -> Iterator[TemplateInvalid]:
    """Yield why this is no path below the root of a sink."""
    if not path:
        yield TemplateInvalid("must not be empty")
        return
    if path.startswith("/"):
        yield TemplateInvalid(
            'must be relative to the root of the sink, without "/" in front',
            f'write "{_shown(path.lstrip("/"))}"' if path.strip("/") else "name a file",
        )
    for segment in dict.fromkeys(path.lstrip("/").split("/")):
        if not segment:
            yield TemplateInvalid(
                'a folder or file has no name: "//", or "/" at the end', "remove the extra slash"
            )
        if segment in (".", ".."):
            yield TemplateInvalid(
                f'"{segment}" is not allowed as the name of a folder or file',
                "a path cannot leave the root of its sink",
            )
    control = _CONTROL.search(path)
    if control:
        yield TemplateInvalid(f"holds a control character, U+{ord(control[0]):04X}")
    if len(path) > MAX_PATH:
        yield TemplateInvalid(f"is {len(path)} characters long; {MAX_PATH} are the most")


def clean(value: str) -> str:
    """Return a value as it may stand in a name: no separators, no spaces, no control characters."""
    return _CONTROL.sub("?", _SLASHES_AND_SPACE.sub("-", value))


def sample_values(*, pipeline: str, timezone: str, account_id: str, instance_id: str) -> PathValues:
    """Return values of a made-up run, to try a template with."""
    return PathValues(
        instant=datetime(2025, 10, 30, 16, 33, 25, tzinfo=UTC),
        timezone=timezone,
        pipeline=pipeline,
        export_id=f"1761650178{pipeline}",
        run_id=f"1761842005{pipeline}",
        account_id=account_id,
        instance_id=instance_id,
    )


def _pieces(text: str, faults: list[TemplateInvalid]) -> Iterator[Piece]:
    """Yield the pieces of ``text``; what is wrong goes to ``faults``, and an ``x`` in its place."""
    position = 0
    while True:
        opening = _OPENING.search(text, position)
        literal = text[position : opening.start()] if opening else text[position:]
        if literal:
            yield Piece("", written=literal)
        if opening is None:
            return
        if opening[0] == "$${":
            yield Piece("", written="${")
            position = opening.end()
            continue
        closing = "}" if opening[0] == "${" else "}}"
        end = text.find(closing, opening.end())
        inside = text[opening.end() : end if end >= 0 else len(text)]
        written = f"{opening[0]}{inside}{closing if end >= 0 else ''}"
        if _OPENING.search(inside) or "{" in inside:
            faults.append(
                TemplateInvalid(
                    f'placeholder "{written}" holds another one; placeholders do not nest',
                    "close the first with } before the next begins; $${ writes a literal ${",
                )
            )
        elif end < 0:
            faults.append(
                TemplateInvalid(
                    f'placeholder "{written}" is never closed',
                    f'write "{closing}" at its end, or $${{ for a literal ${{',
                )
            )
        else:
            try:
                yield _placeholder(inside, written, braced=closing == "}}")
            except TemplateInvalid as why:
                faults.append(why)
                yield Piece("", written="x")
            position = end + len(closing)
            continue
        # Where such a placeholder was meant to end is not known.
        yield Piece("", written="x")
        return


def _placeholder(inside: str, written: str, *, braced: bool) -> Piece:
    name, colon, argument = inside.partition(":")
    name = name.strip().lower().replace("-", "_")
    if not name:
        raise TemplateInvalid(f'placeholder "{written}" is empty', "name one, as in ${today}")
    if braced:
        if colon or name not in _BRACED:
            raise TemplateInvalid(
                f'unknown placeholder "{written}"',
                "in double braces there are {{Date}}, {{Export-id}}, {{Timestamp}}, "
                "{{Account-id}} and {{Instance-id}}",
            )
        return Piece(_BRACED[name], written=written)
    if name not in PLACEHOLDERS:
        near = get_close_matches(name, PLACEHOLDERS, 1)
        known = ", ".join(f"${{{one}}}" for one in near or PLACEHOLDERS)
        raise TemplateInvalid(
            f'unknown placeholder "{written}"' + (f"; did you mean {known}?" if near else ""),
            f"write {known}" if near else f"there are {known}",
        )
    if name in _WITH_ARGUMENT:
        if name == "column":
            argument = argument.strip()
        if not argument.strip():
            example = "${time:%Y/%m/%d}" if name == "time" else "${column:country}"
            raise TemplateInvalid(
                f'placeholder "{written}" lacks what comes after the colon', f'as in "{example}"'
            )
        if name == "time":
            _check_pattern(argument, written)
    elif colon:
        raise TemplateInvalid(
            f'placeholder "{written}" takes nothing after its name', f"write ${{{name}}}"
        )
    return Piece(name, argument, written)


def _check_pattern(pattern: str, written: str) -> None:
    for directive in _DIRECTIVE.finditer(pattern):
        if directive[0][-1] not in _KNOWN_DIRECTIVES or directive[0] in ("%", "%-%"):
            raise TemplateInvalid(
                f'placeholder "{written}" holds "{directive[0]}", which strftime does not know',
                "as in ${time:%Y-%m-%d}; %% writes a percent sign",
            )


def _in_their_place(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Settle ``{{Export-id}}``: the run's id in the file's name, the pipeline's in a folder."""
    settled: list[Piece] = []
    in_file_name = True
    for piece in reversed(pieces):
        if piece.name == "{{export_id}}":
            name = "run_id" if in_file_name else "export_id"
            settled.append(Piece(name, written=piece.written))
            continue
        in_file_name = in_file_name and "/" not in piece.literal
        settled.append(piece)
    return tuple(reversed(settled))


def _rendered(piece: Piece, values: PathValues, local: datetime) -> str:
    match piece.name:
        case "":
            return piece.written
        case "today":
            return f"{local:%Y-%m-%d}"
        case "now":
            return f"{local:%Y-%m-%d-%H-%M-%S}"
        case "date":
            return f"{local:%Y%m%d}"
        case "unix" | "timestamp":
            return str(int(values.instant.timestamp()))
        case "time":
            return _DIRECTIVE.sub(lambda found: clean(local.strftime(found[0])), piece.argument)
        case "part":
            return f"{values.part:03d}"
        case "event":
            return _partition(values.event, piece)
        case "column":
            return _partition(_of_column(piece.argument, values.columns), piece)
        case _:
            return clean(str(getattr(values, piece.name)))


def _of_column(name: str, columns: Mapping[str, str]) -> str | None:
    """Return the value of a column, which is the same whatever the case of its name."""
    return next((columns[one] for one in columns if one.casefold() == name.casefold()), None)


def _partition(value: str | None, piece: Piece) -> str:
    if value is None:
        raise ConfigurationInvalid(
            f"{piece.written} has no value: the run has no partitions",
            hint="${event} and ${column:…} need partition_by",
        )
    return clean(value) or "empty"


def _folder(folder: str, kind: str) -> str:
    preset: dict[str, str] = {
        "root": "",
        "type": "events/" if kind == "events" else "profile/",
        "date": "${date}/",
        "export-id": "${export_id}/",
    }
    if folder in preset:
        return preset[folder]
    return f"{folder.removesuffix('/')}/"


def _shown(path: str) -> str:
    return path if len(path) <= 120 else f"{path[:117]}…"

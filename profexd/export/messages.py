"""What a worker says about its run: JSON lines on its standard output.

Each line is ``{"event": …, "n": 1, …}``. A *durable* message is answered on the worker's standard
input, once it is in the store, with ``{"ack": n, "go": true}``; the worker waits for it. The
answers to ``planned`` and ``publishing`` may be ``"go": false``: the run was stopped before it.
"""

from __future__ import annotations

import builtins
import json
import math
import types
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, cast, get_args, get_origin, get_type_hints

from profexd.wire import FileStatus, Phase, RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    event: ClassVar[str]
    durable: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Message):
    """The names are fixed. ``files``: ``path``, ``uri``, ``sink`` and ``kind`` of each.

    Once they are ``complete`` the answer waits until no other run writes any of them; it is
    ``"go": false`` where the run was stopped meanwhile.
    """

    event: ClassVar[str] = "planned"
    durable: ClassVar[bool] = True
    files: list[dict[str, str]]
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Message):
    """How far the run is. ``percent`` is 0 to 100 or None, ``bytes`` as delivered."""

    event: ClassVar[str] = "progress"
    phase: str
    percent: float | None = None
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Built(Message):
    """All parts are in the spool. ``files``: ``path``, ``rows``, ``bytes``, ``sha256``,
    ``media_type``, ``kind`` and ``spooled`` (absolute path) of each. ``state`` is what the next
    run of the pipeline is to know, once this one is delivered everywhere; None leaves it as it
    was when the parts were built."""

    event: ClassVar[str] = "built"
    durable: ClassVar[bool] = True
    files: list[dict[str, Any]]
    state: dict[str, Any] | None = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked(Message):
    """What the checks found: ``check``, ``column``, ``limit``, ``value``, ``before``, ``ok`` of
    each."""

    event: ClassVar[str] = "checked"
    durable: ClassVar[bool] = True
    checks: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging(Message):
    """A handle to remember before its first byte leaves; again with ``complete`` after the last."""

    event: ClassVar[str] = "staging"
    durable: ClassVar[bool] = True
    sink: str
    staged: dict[str, Any]
    complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing(Message):
    """May the run begin to publish? From ``go`` on it only goes forward."""

    event: ClassVar[str] = "publishing"
    durable: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Published(Message):
    """One file is visible at one sink under its final name."""

    event: ClassVar[str] = "published"
    durable: ClassVar[bool] = True
    sink: str
    path: str
    receipt: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpublished(Message):
    """One file at one sink did not become visible: ``status`` is ``discarded`` or ``failed``."""

    event: ClassVar[str] = "unpublished"
    durable: ClassVar[bool] = True
    sink: str
    path: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying(Message):
    """The attempt failed in a way that can pass; ``attempt`` is the next one, at ``retry_at``
    (RFC 3339), and None once it has begun."""

    event: ClassVar[str] = "retrying"
    attempt: int
    retry_at: str | None
    error: dict[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged(Message):
    """A line for the log of the run; a ``warning`` with ``record`` also stands on its record."""

    event: ClassVar[str] = "log"
    level: str
    message: str
    record: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed(Message):
    """The answer to a preview job."""

    event: ClassVar[str] = "previewed"
    preview: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained(Message):
    """The answer to a why job."""

    event: ClassVar[str] = "explained"
    why: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected(Message):
    """One of the answers to an inspect job: what is wrong between a pipeline and its source.

    ``lasting`` says that it stays so until the files, or the database, change.
    """

    event: ClassVar[str] = "inspected"
    pipeline: str
    findings: list[dict[str, Any]]
    lasting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed(Message):
    """One of the answers to a probe job: what one sink says (``ProbeJson``)."""

    event: ClassVar[str] = "probed"
    probe: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished(Message):
    """The last message: how the action ended (a word of ``RunStatus``).

    Of a run that is ``held``, ``detail`` says for how many seconds at most: ``expiry``.
    """

    event: ClassVar[str] = "finished"
    durable: ClassVar[bool] = True
    status: str
    error: dict[str, str] | None = None
    detail: dict[str, Any] = field(default_factory=dict)


_WORDS: dict[tuple[str, str], frozenset[str]] = {
    ("progress", "phase"): frozenset(Phase),
    ("unpublished", "status"): frozenset(FileStatus),
    ("finished", "status"): frozenset(RunStatus)
    - {RunStatus.PENDING, RunStatus.RUNNING, RunStatus.INTERRUPTED},
}
_KINDS: dict[str, type[Message]] = {
    kind.event: kind
    for kind in (
        Planned,
        Progress,
        Built,
        Checked,
        Staging,
        Publishing,
        Published,
        Unpublished,
        Retrying,
        Logged,
        Previewed,
        Explained,
        Probed,
        Inspected,
        Finished,
    )
}


def encode(message: Message, n: int) -> str:
    """Return the line for ``message``, without its line end."""
    return json.dumps({"event": message.event, "n": n, **asdict(message)}, ensure_ascii=False)


def decode(line: str) -> tuple[Message, int]:
    """Return the message and its number; ValueError for anything that is not one."""
    try:
        value = json.loads(line)
        kind = _KINDS[value.pop("event")]
        n = value.pop("n")
        if not isinstance(n, int):
            raise TypeError("n is not a number")
        message = kind(**value)
        _refuse_misfits(message)
        if "\\ud" in line.lower():
            # Half a character, which no file and no database takes.
            json.dumps(value, ensure_ascii=False).encode()
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as why:
        raise ValueError(f"not a message of a worker: {line[:200]!r} ({why})") from why
    return message, n


def _refuse_misfits(message: Message) -> None:
    """Raise TypeError or ValueError for a value that is not of its type, or no word of its own."""
    for name, hint in _HINTS[message.event].items():
        value = getattr(message, name)
        if not _fits(value, hint):
            raise TypeError(f"{name} is not {hint}")
        words = _WORDS.get((message.event, name))
        if words is not None and value not in words:
            raise ValueError(f"{name} is none of {', '.join(sorted(words))}")


def _hints(kind: type[Message]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {one.name: hints[one.name] for one in fields(kind)}


def _fits(value: object, hint: Any) -> bool:
    if hint is Any:
        return True
    inner = get_args(hint)
    match get_origin(hint) or hint:
        case types.UnionType:
            return any(_fits(value, one) for one in inner)
        case builtins.list:
            return isinstance(value, list) and all(_fits(one, inner[0]) for one in value)
        case builtins.dict:
            return isinstance(value, dict) and all(_fits(one, inner[1]) for one in value.values())
        case builtins.float:
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return number and math.isfinite(cast("float", value))
        case builtins.int:
            return isinstance(value, int) and not isinstance(value, bool)
        case kind:
            return isinstance(value, kind)


_HINTS = {event: _hints(kind) for event, kind in _KINDS.items()}

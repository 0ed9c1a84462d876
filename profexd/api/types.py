"""The values that pass between profexd and a plugin: columns, parts, staged handles, receipts."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class DataType:
    """A DuckDB type.

    ``id`` is DuckDB's lower-case type id (``integer``, ``varchar``, ``list``, ``struct``, …;
    ``json`` for the JSON alias), ``text`` how SQL writes it. ``children`` are the named parts of
    a nested type: ``child`` for lists and arrays, ``key`` and ``value`` for maps, the members of
    a struct. ``precision`` and ``scale`` are set for decimals.
    """

    id: str
    text: str
    children: tuple[tuple[str, DataType], ...] = ()
    precision: int = 0
    scale: int = 0


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it will stand in the file: its header, its type and its role.

    ``role`` is what the configuration says that it means. Of profiles: ``identity``,
    ``all_identities``, ``id``, ``ids``, ``device``, ``preference`` or ``property``. Of events:
    ``name``, ``time``, ``profile``, ``device`` or ``property``, and the roles of ``[identity]``.
    A column of events that has no role at all has the role ``""``.

    ``label`` is the name that the configuration gives to a member of a group: of ``device``, of
    ``profile``, a preference. It is empty where that is the header, and where the column is the
    whole group (one STRUCT, MAP or JSON column).
    """

    name: str
    type: DataType
    role: str = "property"
    label: str = ""


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """A built part in the spool; its bytes never change again.

    ``size`` is in bytes, ``sha256`` in lower-case hex, ``media_type`` what HTTP would call the
    content type. ``sole`` says that the spool keeps no copy, so a sink on the same file system
    may take the file itself.
    """

    path: Path
    size: int
    sha256: str
    rows: int
    media_type: str
    sole: bool = False


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes that are at the sink under no name a reader would take.

    It is JSON: it survives a crash and may be published or discarded by another process on
    another machine. ``target`` is the final path relative to the sink's root; ``handle`` is the
    sink's own (an upload id, a temporary name) and holds no secret.
    """

    target: str
    size: int
    sha256: str
    handle: dict[str, Json] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Staged:
        """Return what ``as_json`` made."""
        return cls(**value)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the storage confirmed.

    ``level`` is ``verified`` (read back or hashed there), ``size-only`` or ``unverified``.
    """

    target: str
    size: int
    level: str = "unverified"
    detail: dict[str, Json] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Probe:
    """Whether a sink can deliver, in the storage's own words, and the least rights it needs."""

    ok: bool
    message: str
    hint: str = ""
    policy: str = ""

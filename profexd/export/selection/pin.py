"""The pinned order of a file's columns: whatever the source does, a column never moves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from profexd.config.shape import ColumnsChoice
from profexd.export.selection.output import Output

if TYPE_CHECKING:
    from profexd.api.types import Column
    from profexd.config.model import Pipeline

_UNKNOWN_TYPE = "VARCHAR"


@dataclass(frozen=True, slots=True)
class Pinned:
    """A column as it was delivered."""

    header: str
    type: str
    role: str
    label: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Pin:
    """What the first delivery wrote down, and each later one."""

    digest: str
    columns: tuple[Pinned, ...]

    @property
    def header(self) -> list[str]:
        """The headers in their order."""
        return [column.header for column in self.columns]

    def as_json(self) -> dict[str, Any]:
        """Return it as the state of a pipeline holds it."""
        return {"digest": self.digest, "columns": [asdict(column) for column in self.columns]}

    @classmethod
    def of(cls, pipeline: Pipeline, outputs: Sequence[Output], columns: Sequence[Column]) -> Pin:
        """Return the pin of a file that has ``outputs``, which are ``columns`` in the end."""
        return cls(
            digest(pipeline),
            tuple(
                Pinned(column.name, column.type.text, output.role, output.label, output.source)
                for output, column in zip(outputs, columns, strict=True)
            ),
        )


def pin_of(state: Mapping[str, Any]) -> Pin | None:
    """Return the pin that a delivered run left, or None."""
    written = state.get("columns")
    if not written:
        return None
    return Pin(written["digest"], tuple(Pinned(**column) for column in written["columns"]))


def digest(pipeline: Pipeline) -> str:
    """Return what changes when ``[identity]``, ``[columns]``, or roles that they use change."""
    identity, columns = pipeline.identity, pipeline.columns
    used: dict[str, Any] = {}
    if identity is not None or columns is not None:
        roles = pipeline.source.profiles
        used = {
            "identity": identity and asdict(identity),
            "columns": asdict(columns or ColumnsChoice()),
            "id": roles.id,
            "ids": roles.ids,
            "device": roles.device and asdict(roles.device),
            "preferences": [asdict(one) for one in roles.preferences],
            "identities": roles.identities if identity and identity.all_identities else (),
            "system": roles.system if columns and columns.properties == "system" else (),
            "event": asdict(pipeline.source.events),
        }
    return hashlib.sha256(json.dumps(used, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Settled:
    """The columns of a file in their pinned order."""

    outputs: tuple[Output, ...]
    blank_types: tuple[str, ...]
    """What each is where it is blank."""
    gone: tuple[str, ...]
    """Columns of the source that no longer are."""


def settle(wanted: Sequence[Output], pin: Pin | None, *, lock: bool) -> Settled:
    """Put ``wanted`` into the pinned order; what is new comes last, or stays out under ``lock``.

    ``pin`` is None where there is none, or where the configuration has changed since.
    """
    if pin is None:
        return Settled(tuple(wanted), (_UNKNOWN_TYPE,) * len(wanted), ())
    by_name = {output.folded: output for output in wanted}
    outputs: list[Output] = []
    gone: list[str] = []
    for column in pin.columns:
        output = by_name.pop(column.header.lower(), None)
        if output is None:
            gone.append(column.source or column.header)
            output = Output(column.header, None, column.role, column.label, column.source)
        outputs.append(replace(output, header=column.header))
    if not lock:
        outputs += by_name.values()
    types = [column.type for column in pin.columns]
    types += [_UNKNOWN_TYPE] * (len(outputs) - len(types))
    return Settled(tuple(outputs), tuple(types), tuple(gone))

"""Looks up the columns that a configuration names, and says which the source does not have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from profexd.export.judging.finding import Findings
from profexd.export.source.schema import Reference, Schema

if TYPE_CHECKING:
    from profexd.config.shape import Path


@dataclass(frozen=True, slots=True)
class Lookup:
    """The columns of the source, and where to report one that is not there.

    ``delivered`` says that a file has been delivered with these names before: then a column that
    is missing has gone from the source, and the file goes on without it.
    """

    schema: Schema
    findings: Findings
    delivered: bool = False
    gone: dict[str, None] = field(default_factory=dict)
    """The columns that have gone, each once."""

    def one(
        self, name: str, path: Path, *, of: Literal["pipeline", "source"] = "pipeline"
    ) -> Reference | None:
        """Return what ``name`` leads to; report it if there is no such column."""
        found = self.schema.find(name)
        if found is None and self.delivered:
            self.gone[name] = None
        elif found is None:
            self.findings.error(
                path, f'the source has no column "{name}"', self.schema.hint(name), of=of
            )
        return found

    def several(
        self, names: Iterable[str], path: Path, *, of: Literal["pipeline", "source"] = "pipeline"
    ) -> list[str]:
        """Return the SQL of those of ``names`` that are there."""
        found = [self.one(name, (*path, place), of=of) for place, name in enumerate(names)]
        return [reference.sql for reference in found if reference is not None]

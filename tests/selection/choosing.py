"""Runs pipelines over one table, from the first delivery to the next, without a daemon."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field, replace
from typing import Any

from profexd.export.build import Outcome, build
from profexd.export.stop import Stop
from tests.formats.exporting import PLAN, Export, catalog


@dataclass
class Series:
    """Runs of one pipeline, each delivered: what one leaves the next one gets."""

    export: Export
    roles: dict[str, Any] = field(default_factory=dict)
    kind: str = "profiles"
    state: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def run(self, format_: str = "csv", *, deliver: bool = True, **keys: Any) -> str:
        """Return the file of the next run; ``keys`` are the pipeline's."""
        self.warnings.clear()
        options = keys.pop("options", {})
        source = {"table": "t", "kind": self.kind, self.kind: self.roles}
        pipeline = self.export.pipeline(format_, source=source, keys=keys, **options)
        outcome: Outcome = build(
            pipeline,
            replace(PLAN, state=self.state),
            catalog=catalog(),
            folder=self.export.spool(),
            stop=Stop(),
            progress=lambda percent, rows, size: None,
            warn=self.warnings.append,
        )
        if deliver:
            self.state = outcome.state
        return outcome.parts[0].file.path.read_text()

    def rows(self, **keys: Any) -> list[list[str]]:
        """Return header and rows of the next run's CSV."""
        return list(csv.reader(io.StringIO(self.run("csv", **keys))))

    def header(self, **keys: Any) -> list[str]:
        """Return the header of the next run's CSV."""
        return self.rows(**keys)[0]

    def change(self, *statements: str) -> None:
        """Do something to the source."""
        import duckdb

        with duckdb.connect(str(self.export.database)) as connection:
            for statement in statements:
                connection.execute(statement)


def ids(export: Export, **keys: Any) -> list[int]:
    """The ids of the rows that are exported, in their order."""
    source = {"table": "t", "profiles": {"key": "id"}}
    keys.setdefault("columns", {"properties": ["id"]})
    pipeline = export.pipeline("csv", source=source, keys=keys, header=False)
    return [int(line) for line in export.build(pipeline).path.read_text().split()]


def condition(property_: str, operator: str, *values: Any) -> dict[str, Any]:
    """A condition as a file has it."""
    written: dict[str, Any] = {"property": property_, "operator": operator}
    if operator.endswith(("between", "one of")):
        written["values"] = list(values)
    elif values:
        [written["value"]] = values
    return written

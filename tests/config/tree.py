"""A configuration directory to write files into and load."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from profexd.config.catalog import Catalog
from profexd.config.loading import load
from profexd.config.model import Configuration, Pipeline
from profexd.wire import ProblemJson

SOURCE = """
database = "/srv/warehouse.duckdb"
table = "profiles"

[profiles]
key = "profile_id"
"""
SINK = """
type = "file"
root = "/srv/exports"
"""
PIPELINE = """\
source = "warehouse"
sink = "lake"
path = "customers.csv"
format = { type = "csv" }
"""


class Tree:
    """Files below one directory, with a good source and a good sink to begin with."""

    def __init__(self, root: Path, catalog: Catalog) -> None:
        self.root = root
        self.catalog = catalog
        self.write("sources/warehouse.toml", SOURCE)
        self.write("sinks/lake.toml", SINK)

    def write(self, name: str, text: str) -> Path:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
        file.chmod(0o640)
        return file

    def load(
        self, previous: Configuration | None = None, *, system_mode: bool = False
    ) -> Configuration:
        return load(self.root, self.catalog, previous=previous, system_mode=system_mode)

    def problems(self) -> list[str]:
        """Every problem, as a person reads it, without the hints."""
        return [told(problem) for problem in self.load().problems]

    def pipeline(self, text: str, name: str = "newsletter") -> Pipeline:
        """Write one pipeline and return it; it must be valid."""
        self.write(f"pipelines/{name}.toml", text)
        entry = self.load().pipelines[name]
        assert entry.pipeline is not None, [told(problem) for problem in entry.problems]
        return entry.pipeline

    def mistakes(self, text: str) -> list[ProblemJson]:
        """Write one pipeline and return what is wrong with it."""
        self.write("pipelines/newsletter.toml", text)
        return list(self.load().problems)

    def with_lines(self, lines: str) -> list[tuple[str, str]]:
        """Add lines to a good pipeline; return the message and hint of every problem."""
        top, _, tables = dedent(lines).partition("\n[")
        text = f"{top}\n{PIPELINE}" + (f"\n[{tables}" if tables else "")
        return [(one["message"], one["hint"]) for one in self.mistakes(text)]


def told(problem: ProblemJson) -> str:
    place = f"{problem['file']}:{problem['line']}:{problem['column']}"
    return f"{place}: {problem['key']}: {problem['message']}"

"""Builds files of made-up tables in this process, by the path that a run takes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.formats.exporting import Export
from tests.properties.tables import Table


@contextmanager
def exporting(table: Table | str) -> Iterator[Export]:
    """A warehouse that holds the table, or the rows of a SELECT; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="profexd-property-") as folder:
        yield Export(Path(folder), table if isinstance(table, str) else table.sql)

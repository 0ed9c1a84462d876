from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from profexd.export.selection.query import select
from profexd.export.source.opening import OpenSource, open_source
from profexd.export.stop import Stop
from tests.formats.exporting import PLAN, Export
from tests.selection.everything import table as everything


@pytest.fixture(scope="session")
def ten_rows(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """The ten rows with every type."""
    return Export(tmp_path_factory.mktemp("ten-rows"), everything())


Ask = Callable[..., list[int]]


@pytest.fixture(scope="session")
def ask(ten_rows: Export, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """What a filter selects of the ten rows: their ids. The source is opened once."""
    folder = tmp_path_factory.mktemp("asked")
    settings = ten_rows.pipeline("csv")
    limits = settings.settings.limits
    with open_source(settings.source, limits=limits, folder=folder, stop=Stop()) as source:
        yield lambda **keys: _selected(source, ten_rows, folder, keys)


def _selected(source: OpenSource, export: Export, folder: Path, keys: dict[str, Any]) -> list[int]:
    selection = select(
        source,
        export.pipeline("csv", source={"table": "t", "profiles": {"key": "id"}}, keys=keys),
        PLAN,
        stop=Stop(),
        folder=folder,
        warn=pytest.fail,
    )
    found = source.connection.execute(f"SELECT id FROM ({selection.statement()})").fetchall()
    return [row[0] for row in found]

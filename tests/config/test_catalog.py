"""Plugins are found by entry points; a broken one is a row and breaks nothing else."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from textwrap import dedent

import pytest

from profexd.config.catalog import Catalog, load_catalog
from tests.config.tree import PIPELINE, Tree

GROUP = "profexd.plugins.v1"
FORMAT = """
    from dataclasses import dataclass
    from typing import Annotated

    from profexd.api import Check, Doc, Format, FormatOptions, Size, hookimpl

    def even(value):
        if value % 2:
            raise ValueError("must be even")
        return value

    @dataclass(frozen=True, kw_only=True)
    class Options(FormatOptions):
        width: Annotated[int, Doc("Characters of a column."), Check(even)]
        columns: tuple[str, ...] = ()
        either: int | list[int] = 0
        block: Size = 10**6

    class Fixed(Format):
        name = "fixed"
        extension = ".txt"
        media_type = "text/plain"
        Options = Options

    @hookimpl
    def profexd_register_formats(register):
        register(Fixed)
    """


class Shelf:
    """Modules that entry points can name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, module: str, text: str) -> EntryPoint:
        (self.folder / f"{module}.py").write_text(dedent(text))
        sys.modules.pop(module, None)
        return EntryPoint(module.removeprefix("shelf_"), module, GROUP)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return Shelf(folder)


def test_the_built_in_plugins_come_through_entry_points(catalog: Catalog) -> None:
    assert {"csv", "json", "parquet"} <= set(catalog.formats)
    assert {"gzip", "zstd"} <= set(catalog.codecs)
    assert "file" in catalog.sinks
    rows = {(row["kind"], row["name"]): row for row in catalog.rows}
    assert rows["format", "csv"]["status"] == "ok"
    assert rows["format", "csv"]["distribution"] == "profexd"
    assert rows["format", "csv"]["version"]
    assert rows["format", "csv"]["error"] is None


def test_a_plugin_of_somebody_else_can_be_used(shelf: Shelf, tree: Tree, catalog: Catalog) -> None:
    fixed = load_catalog([shelf.add("shelf_fixed", FORMAT)])
    tree.catalog = Catalog(fixed.formats, catalog.codecs, catalog.sinks, fixed.rows)
    text = PIPELINE.replace('type = "csv"', 'type = "fixed", width = 8, columns = ["a"]')
    options = tree.pipeline(text).format.options
    assert (options.width, options.columns) == (8, ("a",))  # type: ignore[attr-defined]
    for wrong, message in (
        ("width = 7", "must be even"),
        ("", "is missing"),
        ("width = 8, columns = 'a'", "must be a list, not text"),
        ("width = 8, columns = [1]", "must be text, not a number"),
        ("width = 8, either = 'x'", "must be a whole number or a list, not text"),
        ("width = 8, either = [1, 'x']", "must be a whole number, not text"),
        ("width = 8, block = 5", "must be text, not a number"),
    ):
        changed = PIPELINE.replace('type = "csv"', f'type = "fixed"{"," if wrong else ""} {wrong}')
        assert [one["message"] for one in tree.mistakes(changed)] == [message]


@pytest.mark.parametrize(
    ("text", "last_line"),
    [
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("1/0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError: invalid syntax"),
        (
            """
            from profexd.api import hookimpl

            @hookimpl
            def profexd_register_formats(register):
                register(dict)
            """,
            "TypeError: profexd_register_formats: <class 'dict'> is not a subclass of Format",
        ),
        (
            """
            from profexd.api import hookimpl

            @hookimpl
            def profexd_register_nothing(register):
                pass
            """,
            None,
        ),
    ],
)
def test_a_plugin_that_fails_is_a_row_with_its_traceback(
    shelf: Shelf, text: str, last_line: str | None
) -> None:
    catalog = load_catalog([shelf.add("shelf_bad", text), shelf.add("shelf_fixed", FORMAT)])
    broken, fine = catalog.rows
    assert (broken["name"], broken["kind"], broken["status"]) == ("bad", "entry point", "broken")
    assert broken["error"] is not None
    if last_line:
        assert broken["error"].strip().splitlines()[-1] == last_line
    assert (fine["name"], fine["kind"], fine["status"]) == ("fixed", "format", "ok")
    assert list(catalog.formats) == ["fixed"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("width: Annotated[int,", "width: Annotated[range,"), "PydanticSchemaGenerationError"),
        (("width: Annotated[int,", 'width: Annotated["Nowhere",'), "NameError"),
        (('".txt"', '"txt"'), "extension must be text that starts with a dot"),
        (("Options = Options", "Options = int"), "Options must be a dataclass"),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_broken(
    shelf: Shelf, change: tuple[str, str], error: str
) -> None:
    catalog = load_catalog([shelf.add("shelf_fixed", FORMAT.replace(*change))])
    (row,) = catalog.rows
    assert row["status"] == "broken"
    assert error in (row["error"] or "")
    assert catalog.formats == {}


def test_two_plugins_of_one_name_are_both_refused_and_both_named(shelf: Shelf) -> None:
    catalog = load_catalog([shelf.add("shelf_one", FORMAT), shelf.add("shelf_two", FORMAT)])
    assert catalog.formats == {}
    assert [row["status"] for row in catalog.rows] == ["broken", "broken"]
    for row in catalog.rows:
        assert "shelf_one" in (row["error"] or "")
        assert "shelf_two" in (row["error"] or "")


def test_a_pipeline_that_needs_a_broken_plugin_is_told_why(
    shelf: Shelf, tree: Tree, catalog: Catalog
) -> None:
    broken = load_catalog([shelf.add("shelf_fixed", "import nowhere_at_all")])
    tree.catalog = Catalog(catalog.formats, catalog.codecs, catalog.sinks, broken.rows)
    (problem,) = tree.mistakes(PIPELINE.replace('"csv" }', '"fixed" }'))
    assert problem["message"] == (
        'the plugin for format "fixed" is broken: '
        "ModuleNotFoundError: No module named 'nowhere_at_all'"
    )
    assert "profexctl plugins" in problem["hint"]


def test_a_rule_of_a_plugin_that_fails_is_a_problem_of_the_file(
    shelf: Shelf, tree: Tree, catalog: Catalog
) -> None:
    text = FORMAT.replace("value % 2", "value.nothing")
    fixed = load_catalog([shelf.add("shelf_fixed", text)])
    tree.catalog = Catalog(fixed.formats, catalog.codecs, catalog.sinks, fixed.rows)
    (problem,) = tree.mistakes(PIPELINE.replace('"csv" }', '"fixed", width = 2 }'))
    assert problem["key"] == "format"
    assert problem["message"] == (
        'the plugin "fixed" failed while checking: '
        "AttributeError: 'int' object has no attribute 'nothing'"
    )


def test_what_is_broken_is_told_where_something_is_not_found(
    shelf: Shelf, tree: Tree, catalog: Catalog
) -> None:
    broken = load_catalog([shelf.add("shelf_more", "import nowhere_at_all")])
    tree.catalog = Catalog(catalog.formats, catalog.codecs, catalog.sinks, broken.rows)
    (problem,) = tree.mistakes(PIPELINE.replace('"csv" }', '"fixed" }'))
    assert problem["message"] == 'unknown format "fixed"'
    assert "broken: more" in problem["hint"]

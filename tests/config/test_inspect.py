"""Pipelines are checked against the real columns of their sources, with places and all at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from profexd.config.model import Configuration
from profexd.export.judging.inspect import inspected
from profexd.export.stop import Stop
from tests.config.tree import PIPELINE, Tree, told

Check = Callable[[], list[str]]


@pytest.fixture
def database(tree: Tree, tmp_path: Path) -> Path:
    """A database that the source of the tree reads."""
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "CREATE TABLE profiles (profile_id BIGINT, email VARCHAR, country VARCHAR,"
            " visits INTEGER, seen TIMESTAMP, active BOOLEAN, address STRUCT(city VARCHAR),"
            " tags VARCHAR[])"
        )
    tree.write(
        "sources/warehouse.toml",
        f'database = "{file}"\ntable = "profiles"\n[profiles]\nkey = "profile_id"\n',
    )
    return file


@pytest.fixture
def configuration(tree: Tree, tmp_path: Path) -> Callable[[], Configuration]:
    return lambda: inspected(tree.load(), lambda name: {}, folder=tmp_path / "spill", stop=Stop())


@pytest.fixture
def check(configuration: Callable[[], Configuration]) -> Check:
    return lambda: [told(one) for one in configuration().problems]


def test_a_pipeline_that_fits_its_source_has_no_problem(
    tree: Tree, database: Path, check: Check
) -> None:
    tree.write(
        "pipelines/a.toml",
        PIPELINE
        + """\
order_by = ["address.city", "-visits"]
where = "visits > 3 AND address.city <> 'Rome'"
[filter]
conditions = [
  { property = "address.city", operator = "starts with", value = "R" },
  { property = "tags", operator = "contains", value = "vip" },
  { property = "SEEN", operator = "is after", value = "now - 30d" },
  { property = "email", operator = "is", value = "today" },
]
[identity]
columns = ["email"]
[columns]
exclude = ["tags"]
""",
    )
    assert check() == []


def test_everything_that_does_not_fit_is_told_at_once_with_its_place(
    tree: Tree, database: Path, check: Check
) -> None:
    tree.write(
        "sources/warehouse.toml",
        f'database = "{database}"\ntable = "profiles"\n'
        '[profiles]\nkey = "profil_id"\nid = "nope"\n',
    )
    path = PIPELINE.replace("customers.csv", "${column:contry}.csv")
    tree.write(
        "pipelines/a.toml",
        path
        + """\
partition_by = ["contry"]
order_by = ["visits", "-emial"]
where = "vists > 3"
[filter]
conditions = [
  { property = "adress.city", operator = "exists" },
  { any = [ { property = "visits", operator = "starts with", value = "1" } ] },
  { property = "seen", operator = "is between", values = [2026-01-01, "soon"] },
  { property = "visits", operator = "is", value = "many" },
]
[identity]
columns = ["emial"]
[columns]
properties = ["country", "visit"]
exclude = ["tag"]
rename = { emai = "E-mail" }
""",
    )
    found = check()
    assert [one.partition(": ")[0] for one in found] == [
        "pipelines/a.toml:5:17",
        "pipelines/a.toml:6:23",
        "pipelines/a.toml:7:1",
        "pipelines/a.toml:10:5",
        "pipelines/a.toml:11:36",
        "pipelines/a.toml:12:71",
        "pipelines/a.toml:13:43",
        "pipelines/a.toml:16:12",
        "pipelines/a.toml:18:26",
        "pipelines/a.toml:19:12",
        "pipelines/a.toml:20:12",
        "sources/warehouse.toml:4:1",
        "sources/warehouse.toml:5:1",
    ]
    assert found[1].endswith('order_by: the source has no column "emial"')
    assert "profiles.key" in found[-2]


def test_the_nearest_name_is_in_the_hint(
    tree: Tree, database: Path, configuration: Callable[[], Configuration]
) -> None:
    tree.write("pipelines/a.toml", f'{PIPELINE}order_by = "emial"\n')
    (problem,) = configuration().problems
    assert problem["hint"] == 'did you mean "email"?'


def test_what_defaults_say_is_told_where_they_stand(
    tree: Tree, database: Path, check: Check
) -> None:
    tree.write("profexd.toml", '[defaults]\norder_by = ["nope"]\n')
    tree.write("pipelines/a.toml", PIPELINE)
    assert check() == [
        'profexd.toml:2:13: defaults.order_by: the source has no column "nope"',
    ]


def test_the_roles_of_an_inline_source_are_told_in_the_pipeline(
    tree: Tree, database: Path, check: Check
) -> None:
    inline = f'{{ database = "{database}", table = "profiles", profiles.key = "nope" }}'
    tree.write("pipelines/a.toml", PIPELINE.replace('"warehouse"', inline))
    (found,) = check()
    assert found.startswith("pipelines/a.toml:1:")
    assert 'source.profiles.key: the source has no column "nope"' in found


@pytest.mark.parametrize(
    ("source", "severity", "place"),
    [
        ("database = '/nowhere/w.duckdb'\ntable = 'profiles'", "warning", "1:1: database"),
        ("database = '{database}'\ntable = 'profils'", "warning", "2:1: table"),
        ("database = '{folder}/warehouse.toml'\ntable = 'a'", "warning", "1:1: database"),
        ("query = \"FROM read_csv('/nowhere/*.csv')\"", "warning", "1:1: query"),
        ("database = '{database}'\nquery = 'SELECT nope FROM profiles'", "error", "2:1: query"),
        ("database = '{database}'\nquery = 'SELECT 1; SELECT 2'", "error", "2:1: query"),
        ("query = 'SELEC 1'", "error", "1:1: query"),
    ],
)
def test_a_source_that_cannot_be_read_now_is_a_warning_and_a_wrong_query_an_error(
    tree: Tree,
    database: Path,
    configuration: Callable[[], Configuration],
    source: str,
    severity: str,
    place: str,
) -> None:
    text = source.replace("{database}", str(database)).replace("{folder}", str(tree.root))
    tree.write("sources/warehouse.toml", text)
    (tree.root / "warehouse.toml").write_text("no database")
    tree.write("pipelines/a.toml", PIPELINE)
    found = [one for one in configuration().problems if one["file"] == "sources/warehouse.toml"]
    assert [one["severity"] for one in found] == [severity]
    assert told(found[0]).startswith(f"sources/warehouse.toml:{place}: ")
    assert found[0]["hint"]


def test_a_pipeline_that_does_not_fit_is_invalid(
    tree: Tree, database: Path, configuration: Callable[[], Configuration]
) -> None:
    tree.write("pipelines/bad.toml", f'{PIPELINE}order_by = "nope"\n')
    tree.write("pipelines/good.toml", PIPELINE.replace("customers", "others"))
    entries = configuration().pipelines
    assert (entries["bad"].invalid, entries["bad"].pipeline) == (True, None)
    assert not entries["good"].invalid
    assert entries["good"].pipeline is not None


def test_a_locked_database_is_a_warning_at_once(
    tree: Tree, database: Path, configuration: Callable[[], Configuration]
) -> None:
    tree.write("pipelines/a.toml", PIPELINE)
    # This process has it open for writing, which no other connection of it may be beside.
    with duckdb.connect(str(database)):
        problems = configuration().problems
    assert [one["severity"] for one in problems] == ["warning"]

"""Mistakes in roles, filter, identity, columns, changes, events and partitions: all told."""

from __future__ import annotations

import pytest

from profexd.config.readers.conditions import OPERATORS
from tests.config.test_selection import EVENT_ROLES, ROLES
from tests.config.tree import PIPELINE, Tree, told


@pytest.fixture
def roles(tree: Tree) -> Tree:
    tree.write("sources/customers.toml", ROLES)
    tree.write("sources/clicks.toml", EVENT_ROLES)
    return tree


def places(tree: Tree, lines: str, *, source: str = "customers") -> list[str]:
    """Every problem of a good pipeline with more lines, which begin at line 5."""
    text = f"{PIPELINE.replace('warehouse', source)}{lines}\n"
    return [told(one).removeprefix("pipelines/newsletter.toml:") for one in tree.mistakes(text)]


def condition(tree: Tree, text: str) -> list[str]:
    """Every problem of one condition, which begins at line 6 and column 16."""
    found = places(tree, f"[filter]\nconditions = [ {text} ]", source="warehouse")
    return [one.removeprefix("6:") for one in found]


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        ("[profiles]\ndevice = 5", ["3:1: profiles.device: must be text or a list or a table"]),
        ("[profiles]\ndevice = {}", ["3:1: profiles.device: must not be empty"]),
        (
            "[profiles]\ndevice = ['a', 'b', 'A']",
            ['3:21: profiles.device: "A" is there twice'],
        ),
        ("[profiles]\ndevice = { a = '' }", ["3:12: profiles.device.a: must not be empty"]),
        ("[profiles]\nidentities = ['a', 'a']", ['3:20: profiles.identities: "a" is there twice']),
        ("[profiles]\npreferences = ['a']", ["3:1: profiles.preferences: must be a table"]),
        (
            "[profiles]\nsytem = ['a']",
            ['3:1: profiles.sytem: unknown key; did you mean "system"?'],
        ),
        ("[profiles]\nname = 'a'", ["3:1: profiles.name: unknown key"]),
        ("[events]\nname = 'a'", ["2:1: events: the source holds profiles"]),
        (
            "kind = 'events'\n[events]\ntme = 'a'",
            ['4:1: events.tme: unknown key; did you mean "time"?'],
        ),
    ],
)
def test_mistakes_in_roles_are_told(tree: Tree, source: str, problems: list[str]) -> None:
    tree.write("sources/warehouse.toml", f"table = 'profiles'\n{source}\n")
    found = [one.removeprefix("sources/warehouse.toml:") for one in tree.problems()]
    assert len(found) == len(problems)
    assert all(one.startswith(wanted) for one, wanted in zip(found, problems, strict=True))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{ operator = "exists" }', "16: filter.conditions: says no property"),
        ('{ property = "a" }', "16: filter.conditions: says no operator"),
        ('{ property = " ", operator = "exists" }', "18: filter.conditions[0].property: must not"),
        (
            '{ property = "a", operator = "is", vlaue = 1 }',
            '51: filter.conditions[0].vlaue: unknown key; did you mean "value"?',
        ),
        (
            '{ property = "a", operatr = "is", value = 1 }',
            '34: filter.conditions[0].operatr: unknown key; did you mean "operator"?',
        ),
        (
            '{ property = "a", operator = "starts wiht", value = "x" }',
            '34: filter.conditions[0].operator: unknown operator "starts wiht";'
            ' did you mean "starts with"?',
        ),
        (
            '{ property = "a", operator = ">=", value = 1 }',
            '34: filter.conditions[0].operator: unknown operator ">=";'
            ' did you mean "is greater than or equal to"?',
        ),
        (
            '{ property = "a", operator = "IS", value = 1 }',
            '34: filter.conditions[0].operator: unknown operator "IS"; did you mean "is"?',
        ),
        ('{ property = "a", operator = 5 }', "34: filter.conditions[0].operator: must be text"),
        (
            '{ property = "a", operator = "is between", values = [1] }',
            '59: filter.conditions[0].values: "is between" takes two values, not 1',
        ),
        (
            '{ property = "a", operator = "is one of", values = [] }',
            '58: filter.conditions[0].values: "is one of" takes at least one value, not 0',
        ),
        (
            '{ property = "a", operator = "is", values = [1, 2] }',
            '51: filter.conditions[0].values: "is" takes one value, not 2',
        ),
        ('{ property = "a", operator = "is" }', '16: filter.conditions: "is" takes one value'),
        (
            '{ property = "a", operator = "exists", value = true }',
            '55: filter.conditions[0].value: "exists" takes no value',
        ),
        (
            '{ property = "a", operator = "is", value = 1, values = [1] }',
            "62: filter.conditions[0].values: cannot stand beside value",
        ),
        (
            '{ property = "a", operator = "is one of", values = "IT" }',
            "58: filter.conditions[0].values: must be a list, not text",
        ),
        (
            '{ property = "a", operator = "is one of", value = ["IT"] }',
            "58: filter.conditions[0].value: must be text, a number, true or false, or a date or"
            " time, not a list",
        ),
        (
            '{ property = "a", operator = "is one of", values = ["IT", {}] }',
            "74: filter.conditions[0].values: must be text, a number",
        ),
        ('"x"', "16: filter.conditions: must be a table, not text"),
        ("{ any = [] }", "18: filter.conditions[0].any: must not be empty"),
        ("{ all = 5 }", "18: filter.conditions[0].all: must be a list, not a number"),
        (
            '{ any = [ { property = "a", operator = "nope" } ] }',
            '44: filter.conditions[0].any[0].operator: unknown operator "nope"',
        ),
        (
            '{ any = [ { property = "a", operator = "exists" } ], all = [] }',
            "69: filter.conditions[0].all: cannot stand beside any",
        ),
    ],
)
def test_a_mistake_in_a_condition_is_told_at_its_place(tree: Tree, text: str, problem: str) -> None:
    (found,) = condition(tree, text)
    assert found.startswith(problem)


def test_every_mistake_of_a_filter_is_told_at_once(tree: Tree) -> None:
    found = places(
        tree,
        """\
[filter]
match = "al"
conditions = [
  { property = "a", operator = "nope", value = 1 },
  { any = [ { property = "b", operator = "is" }, { property = 5, operator = "exists" } ] },
]""",
        source="warehouse",
    )
    assert [one.partition(": ")[0] for one in found] == ["6:1", "8:21", "9:13", "9:52"]


def test_a_filter_must_say_its_conditions(tree: Tree) -> None:
    assert places(tree, "[filter]\nmatch = 'any'", source="warehouse") == [
        "5:1: filter.conditions: is missing"
    ]
    assert places(tree, "[filter]\nconditons = []", source="warehouse") == [
        '6:1: filter.conditons: unknown key; did you mean "conditions"?'
    ]


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_takes_its_values_and_no_others(tree: Tree, operator: str) -> None:
    def fits(number: int) -> bool:
        values = ", ".join("1" for _ in range(number))
        text = f'{{ property = "a", operator = "{operator}", values = [{values}] }}'
        return condition(tree, text) == []

    wanted = {"none": [0], "one": [1], "two": [2], "some": [1, 2, 3]}[OPERATORS[operator]]
    assert [number for number in range(4) if fits(number)] == wanted


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("identity = {}", "5:1: identity.columns: is missing"),
        ("identity.columns = []", "5:10: identity.columns: must not be empty"),
        ("identity.columns = ['a', 'A']", '5:26: identity.columns: "A" is there twice'),
        ("columns.properties = []", "5:9: columns.properties: must not be empty"),
        (
            "columns.properties = 'sytem'",
            '5:9: columns.properties: "sytem" is not known here; did you mean "system"?',
        ),
        (
            "columns.properties = 5",
            '5:9: columns.properties: must be "all" or "system", a list, not a number',
        ),
        (
            "columns = { properties = ['Name', 'ssn'], exclude = ['SSN'] }",
            '5:35: columns.properties: "ssn" is excluded too',
        ),
        (
            "columns.properties = ['Clevertap_Id']",
            '5:23: columns.properties: "Clevertap_Id" is no property: it is the id',
        ),
        (
            "columns.properties = ['device_token']",
            '5:23: columns.properties: "device_token" is no property: it is of the device',
        ),
        (
            "columns.properties = ['msg_push']",
            '5:23: columns.properties: "msg_push" is no property: it is the preference "MSG-push"',
        ),
        (
            "columns.properties = ['email', 'identity']",
            '5:32: columns.properties: "identity" is no property: it is the identity',
        ),
        (
            "columns.preferences = ['msg_push']",
            '5:24: columns.preferences: the source "customers" has no preference "msg_push";'
            ' did you mean "MSG-push"?',
        ),
        ("columns.rename = { a = '' }", "5:20: columns.rename.a: must not be empty"),
        ("columns.schema = 'append-only'", '5:9: columns.schema: "append-only" is not known here'),
        ("changes.operation = 'op'", '5:1: changes: needs mode = "changed"'),
        (
            "mode = 'changed'\nchanges.full_every = '7 days'",
            '6:9: changes.full_every: "7 days" is not a duration',
        ),
        ("events.window = 'last'", '5:1: events: the source "customers" holds profiles'),
        ("partition_by = ''", "5:1: partition_by: names no column"),
        ("partition_by = 5", "5:1: partition_by: must be text or a list, not a number"),
        (
            "partition_by = ['country']",
            '5:17: partition_by: the path does not tell "country", so all its files would have one'
            " name",
        ),
    ],
)
def test_a_mistake_in_a_choice_is_told_at_its_place(roles: Tree, lines: str, problem: str) -> None:
    (found,) = places(roles, lines)
    assert found.startswith(problem)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("identity = { columns = ['a'], id = true }", "5:31: identity.id: the source"),
        ("identity = { columns = ['a'], ids = true }", "5:31: identity.ids: the source"),
        (
            "identity = { columns = ['a'], all_identities = true }",
            '5:31: identity.all_identities: the source "warehouse" does not say which column is its'
            " identities",
        ),
        ("columns.device = true", '5:9: columns.device: the source "warehouse" does not say'),
        (
            "columns.properties = 'system'",
            '5:9: columns.properties: the source "warehouse" does not say which columns are system'
            " properties",
        ),
    ],
)
def test_a_role_that_the_source_lacks_is_told(tree: Tree, lines: str, problem: str) -> None:
    tree.write("pipelines/newsletter.toml", f"{PIPELINE}{lines}\n")
    (found,) = tree.load().problems
    assert told(found).startswith(f"pipelines/newsletter.toml:{problem}")
    assert "[profiles] of sources/warehouse.toml" in found["hint"]


def test_mode_changed_needs_a_key(tree: Tree) -> None:
    tree.write("sources/warehouse.toml", "table = 'profiles'\n")
    (problem,) = tree.mistakes(f"mode = 'changed'\n{PIPELINE}")
    assert told(problem) == (
        'pipelines/newsletter.toml:1:1: mode: "changed" needs a key, and the source "warehouse" has'
        " none"
    )
    assert problem["hint"] == 'add key = "COLUMN" to [profiles] of sources/warehouse.toml'
    inline = PIPELINE.replace('"warehouse"', "{ table = 'profiles' }")
    (problem,) = tree.mistakes(f"mode = 'changed'\n{inline}")
    assert problem["hint"] == 'add key = "COLUMN" to [source.profiles]'


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("events.names = []", "5:8: events.names: must not be empty"),
        ("events.names = ['a', 'a']", '5:22: events.names: "a" is there twice'),
        (
            "events = { window = 'last', range = 'yesterday' }",
            "5:29: events.range: cannot stand beside window",
        ),
        ("events.window = 'lst'", '5:8: events.window: must be "last", not "lst"'),
        (
            "events.range = 'previous mont'",
            '5:8: events.range: "previous mont" is not known here; did you mean "previous month"?',
        ),
        ("events.range = 5", '5:8: events.range: must be "previous month", "current month" or'),
        ("events.range = {}", "5:8: events.range: says neither from nor to"),
        (
            "events.range = { from = '2026-01-32' }",
            '5:18: events.range.from: "2026-01-32" is not a date, nor a date with a time',
        ),
        (
            "events.range = { from = 2026-02-01, to = 2026-01-31 }",
            "5:37: events.range.to: is not after from",
        ),
        (
            "events.range = { from = 2026-02-01T00:00:00, to = 2026-02-01T00:00:00 }",
            "5:46: events.range.to: is not after from",
        ),
        (
            "events.range = { from = 2026-02-01, till = 2026-02-01 }",
            "5:37: events.range.till: unknown key",
        ),
        (
            "mode = 'changed'\nevents.window = 'last'",
            '5:1: mode: "changed" is for profiles, and the source "clicks" holds events',
        ),
    ],
)
def test_a_mistake_about_events_is_told_at_its_place(roles: Tree, lines: str, problem: str) -> None:
    found = places(roles, lines, source="clicks")
    assert found[0].startswith(problem)
    assert len(found) == (2 if "mode" in lines else 1)


def test_one_day_is_a_range(roles: Tree) -> None:
    lines = "events.range = { from = 2026-02-01, to = 2026-02-01 }"
    assert places(roles, lines, source="clicks") == []


def test_events_need_the_roles_that_are_asked_for(roles: Tree) -> None:
    roles.write("sources/clicks.toml", "table = 'events'\nkind = 'events'\n")
    found = places(roles, "events = { names = ['a'], range = 'yesterday' }", source="clicks")
    assert [one.partition(": the source")[0] for one in found] == [
        "5:12: events.names",
        "5:27: events.range",
    ]


@pytest.mark.parametrize(
    ("source", "path", "lines", "problems"),
    [
        ("customers", "${event}.csv", "", ['3:1: path: placeholder "${event}" needs a source of']),
        (
            "customers",
            "${column:a}.csv",
            "",
            ['3:1: path: placeholder "${column:a}" needs partitions, and there is no partition_by'],
        ),
        (
            "customers",
            "${column:a}-${column: A }-${column:b}.csv",
            "partition_by = 'a'",
            [
                '3:1: path: placeholder "${column:b}" needs its column in partition_by, which has'
                ' "a"'
            ],
        ),
        ("clicks", "${event}.csv", "", []),
        ("clicks", "${event}.csv", "partition_by = ['event_name']", []),
        ("clicks", "${column:event_name}.csv", "partition_by = ['event_name']", []),
        ("clicks", "${event}-${column:os}.csv", "partition_by = ['EVENT_NAME', 'os']", []),
        (
            "clicks",
            "${event}-${column:os}.csv",
            "partition_by = ['os']",
            ['3:1: path: placeholder "${event}" needs partitions by event'],
        ),
        (
            "clicks",
            "${event}.csv",
            "partition_by = []",
            ['3:1: path: placeholder "${event}" needs partitions by event'],
        ),
        (
            "customers",
            "${column:a}.csv",
            "partition_by = ['a', 'a', 3]",
            [
                '5:22: partition_by: "a" is there twice',
                "5:27: partition_by: must be text, not a number",
            ],
        ),
    ],
)
def test_placeholders_have_values_where_partitions_give_them(
    roles: Tree, source: str, path: str, lines: str, problems: list[str]
) -> None:
    text = f"{PIPELINE.replace('warehouse', source).replace('customers.csv', path)}{lines}\n"
    found = [told(one) for one in roles.mistakes(text)]
    assert len(found) == len(problems)
    for one, wanted in zip(found, problems, strict=True):
        assert one.startswith(f"pipelines/newsletter.toml:{wanted}")


def test_the_key_with_the_placeholder_is_named(roles: Tree) -> None:
    text = PIPELINE.replace(
        'path = "customers.csv"', 'folder = "${column:a}"\nfilename = "x-${event}"'
    )
    assert [one["key"] for one in roles.mistakes(text)] == ["folder", "filename"]


def test_partitions_that_may_be_the_same_file_are_warned_of(tree: Tree) -> None:
    split = PIPELINE.replace("customers.csv", "${column:country}/a.csv")
    tree.write("pipelines/a.toml", f"{split}partition_by = 'country'\n")
    tree.write("pipelines/b.toml", PIPELINE.replace("customers.csv", "IT/a.csv"))
    tree.write("pipelines/c.toml", PIPELINE.replace("customers.csv", "IT/b.csv"))
    other = PIPELINE.replace("customers.csv", "${column:state}/a.csv")
    tree.write("pipelines/d.toml", f"{other}partition_by = 'state'\n")
    assert tree.problems() == [
        'pipelines/a.toml:3:1: path: the same file is also written by "b" and "d"',
        'pipelines/b.toml:3:1: path: the same file is also written by "a" and "d"',
        'pipelines/d.toml:3:1: path: the same file is also written by "a" and "b"',
    ]

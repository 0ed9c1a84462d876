"""What files say of roles, filter, identity, columns, changes, events and partitions."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest

from profexd.config.filter_words import filter_text
from profexd.config.loading import pipeline_from_documents
from profexd.config.shape import (
    ChangesChoice,
    ColumnsChoice,
    Condition,
    Conditions,
    EventsChoice,
    Group,
    IdentityChoice,
    Named,
    Relative,
    Span,
)
from tests.config.tree import PIPELINE, Tree, told

ROLES = """\
database = "/srv/warehouse.duckdb"
table = "profiles"

[profiles]
key         = "profile_id"
identities  = ["identity", "email", "phone"]
id          = "clevertap_id"
ids         = "clevertap_ids"
device      = { token = "device_token" }
preferences = { MSG-push = "msg_push", MSG-email = "msg_email" }
system      = ["Name", "Gender", "DOB"]
"""
EVENT_ROLES = """\
table = "events"
kind = "events"

[events]
name = "event_name"
time = "happened_at"
profile = { identity = "who" }
device = ["browser", "os"]
properties = "props"
"""
SELECTION = """\
source = "customers"
sink = "lake"
path = "${column:Country}/customers.csv"
mode = "changed"
where = "visits > 3"
partition_by = "country"
format = { type = "csv" }

[filter]
match = "any"
conditions = [
  { property = "country", operator = "is one of", values = ["IT", "FR"] },
  { property = "visits", operator = "is between", values = [3, 10.5] },
  { property = "seen", operator = "is after", value = "now - 30d" },
  { property = "born", operator = "is before", value = 2000-02-29 },
  { all = [
    { property = "a.b", operator = "exists" },
    { any = [ { property = "c", operator = "is true" } ] },
  ] },
]

[identity]
columns = ["email", "phone"]
export = "all"
all_identities = true
id = true
ids = true

[columns]
device = false
preferences = ["MSG-push"]
properties = ["Name", "email"]
exclude = ["ssn"]
rename = { email = "E-mail" }
schema = "lock"

[changes]
operation = "op"
deletes = "separate-file"
full_every = "7d"
"""
EVENTS = """\
source = "clicks"
sink = "lake"
folder = "type"
format = { type = "json" }

[events]
names = ["Charged", "charged"]
range = { from = 2026-11-01, to = 2026-11-30T12:00:00 }
"""


@pytest.fixture
def roles(tree: Tree) -> Tree:
    tree.write("sources/customers.toml", ROLES)
    tree.write("sources/clicks.toml", EVENT_ROLES)
    return tree


def test_roles_of_profiles_are_read(roles: Tree) -> None:
    source = roles.pipeline(SELECTION).source
    assert source.key == source.profiles.key == "profile_id"
    assert source.profiles.identities == ("identity", "email", "phone")
    assert (source.profiles.id, source.profiles.ids) == ("clevertap_id", "clevertap_ids")
    assert source.profiles.device == Group((Named("token", "device_token"),))
    assert source.profiles.preferences == (
        Named("MSG-push", "msg_push"),
        Named("MSG-email", "msg_email"),
    )
    assert source.profiles.system == ("Name", "Gender", "DOB")


def test_roles_of_events_are_read(roles: Tree) -> None:
    events = roles.pipeline(EVENTS).source.events
    assert (events.name, events.time) == ("event_name", "happened_at")
    assert events.profile == Group((Named("identity", "who"),))
    assert events.device == Group((Named("browser", "browser"), Named("os", "os")))
    assert events.properties == Group(column="props")


def test_a_filter_is_read_with_its_groups_values_and_places(roles: Tree) -> None:
    place = ("filter", "conditions")
    assert roles.pipeline(SELECTION).filter == Conditions(
        match="any",
        path=("filter",),
        members=(
            Condition(
                property="country", operator="is one of", values=("IT", "FR"), path=(*place, 0)
            ),
            Condition(property="visits", operator="is between", values=(3, 10.5), path=(*place, 1)),
            Condition(
                property="seen",
                operator="is after",
                values=(Relative("now", timedelta(days=-30)),),
                path=(*place, 2),
            ),
            Condition(
                property="born",
                operator="is before",
                values=(date(2000, 2, 29),),
                path=(*place, 3),
            ),
            Conditions(
                match="all",
                path=(*place, 4),
                members=(
                    Condition(property="a.b", operator="exists", path=(*place, 4, "all", 0)),
                    Conditions(
                        match="any",
                        path=(*place, 4, "all", 1),
                        members=(
                            Condition(
                                property="c",
                                operator="is true",
                                path=(*place, 4, "all", 1, "any", 0),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )


def test_conditions_may_be_tables_of_their_own(tree: Tree) -> None:
    pipeline = tree.pipeline(
        PIPELINE
        + """
        [[filter.conditions]]
        property = "country"
        operator = "is"
        value = "IT"

        [[filter.conditions]]
        property = "email"
        operator = "exists"
        """
    )
    assert filter_text(pipeline) == 'country is "IT" and email exists'


def test_no_conditions_are_no_filter(tree: Tree) -> None:
    assert tree.pipeline(PIPELINE + "[filter]\nconditions = []").filter is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("now", Relative("now")),
        ("Today", Relative("today")),
        ("today+1d", Relative("today", timedelta(days=1))),
        ("now  -  2w", Relative("now", timedelta(weeks=-2))),
        ("now - 90s", Relative("now", timedelta(seconds=-90))),
        ("now - 999999999w", "now - 999999999w"),
        ("now - 30 days", "now - 30 days"),
        ("now or never", "now or never"),
    ],
)
def test_relative_dates_are_read(tree: Tree, text: str, value: object) -> None:
    line = f'[filter]\nconditions = [ {{ property = "a", operator = "is", value = "{text}" }} ]'
    pipeline = tree.pipeline(PIPELINE + line)
    assert pipeline.filter is not None
    (condition,) = pipeline.filter.members
    assert isinstance(condition, Condition)
    assert condition.values == (value,)
    assert filter_text(pipeline) == f'a is "{" ".join(text.split())}"'


def test_a_part_of_a_text_is_never_a_date(tree: Tree) -> None:
    line = '[filter]\nconditions = [ { property = "a", operator = "contains", value = "now" } ]'
    pipeline = tree.pipeline(PIPELINE + line)
    assert pipeline.filter is not None
    (condition,) = pipeline.filter.members
    assert isinstance(condition, Condition)
    assert condition.values == ("now",)


def test_the_filter_is_told_in_one_line(roles: Tree) -> None:
    assert filter_text(roles.pipeline(SELECTION)) == (
        '(country is one of "IT", "FR" or visits is between 3 and 10.5 or seen is after "now - 30d"'
        " or born is before 2000-02-29 or (a.b exists and c is true)) and (visits > 3)"
    )
    assert filter_text(roles.pipeline(PIPELINE)) == ""
    assert filter_text(roles.pipeline("where = '''a\n > 3'''\n" + PIPELINE)) == "a > 3"


def test_identity_columns_and_changes_are_read(roles: Tree) -> None:
    pipeline = roles.pipeline(SELECTION)
    assert pipeline.identity == IdentityChoice(
        columns=("email", "phone"), export="all", all_identities=True, id=True, ids=True
    )
    assert pipeline.columns == ColumnsChoice(
        device=False,
        preferences=("MSG-push",),
        properties=("Name", "email"),
        exclude=("ssn",),
        rename={"email": "E-mail"},
        schema="lock",
    )
    assert pipeline.changes == ChangesChoice(
        operation="op", deletes="separate-file", full_every=7 * 86400
    )
    assert pipeline.partition_by == ("country",)


def test_what_is_not_said_has_its_default(roles: Tree) -> None:
    pipeline = roles.pipeline(
        "mode = 'changed'\n" + PIPELINE + "[identity]\ncolumns = ['email']\n[columns]\n"
    )
    assert pipeline.identity == IdentityChoice(columns=("email",))
    assert pipeline.columns == ColumnsChoice()
    assert pipeline.changes == ChangesChoice()
    plain = roles.pipeline(PIPELINE)
    assert (plain.filter, plain.identity, plain.columns) == (None, None, None)
    assert (plain.changes, plain.events, plain.partition_by) == (None, None, ())


def test_events_are_read(roles: Tree) -> None:
    pipeline = roles.pipeline(EVENTS)
    assert pipeline.events == EventsChoice(
        names=("Charged", "charged"),
        range=Span(since=date(2026, 11, 1), until=datetime(2026, 11, 30, 12)),
    )
    in_quotes = EVENTS.replace("2026-11-01", "'2026-11-01'").replace(
        "2026-11-30T12:00:00", "'2026-11-30T12:00:00'"
    )
    assert roles.pipeline(in_quotes).events == pipeline.events
    assert pipeline.partition_by == ("event_name",)
    assert pipeline.path.text == (
        "events/${run_id}-${timestamp}-${event}-${date}-${part}-${instance_id}.json"
    )
    window = roles.pipeline(
        "source = 'clicks'\nsink = 'lake'\npath = 'a.csv'\nformat = { type = 'csv' }\n"
        "events = { window = 'last' }"
    )
    assert window.events == EventsChoice(window="last")
    assert window.partition_by == ()


@pytest.mark.parametrize("text", [SELECTION, EVENTS])
def test_a_worker_makes_the_same_pipeline_of_its_documents(roles: Tree, text: str) -> None:
    pipeline = roles.pipeline(text)
    documents = json.loads(json.dumps(pipeline.documents))
    again = pipeline_from_documents(pipeline.name, documents, roles.catalog)
    for name in ("source", "filter", "identity", "columns", "changes", "events", "partition_by"):
        assert getattr(again, name) == getattr(pipeline, name)
    assert again.revision == pipeline.revision


@pytest.mark.parametrize(
    ("lines", "existing"),
    [
        ("source = 'warehouse'", "overwrite"),
        ("source = 'warehouse'\nmode = 'changed'", "suffix"),
        ("source = 'warehouse'\nmode = 'changed'\non_existing = 'fail'", "fail"),
        ("source = 'clicks'\nevents.window = 'last'", "suffix"),
        ("source = 'clicks'\nevents.range = 'yesterday'", "overwrite"),
    ],
)
def test_what_is_not_repeated_is_not_overwritten(roles: Tree, lines: str, existing: str) -> None:
    rest = PIPELINE.partition("\n")[2]
    assert roles.pipeline(f"{lines}\n{rest}").on_existing == existing


@pytest.mark.parametrize(
    ("path", "differs"),
    [
        ("a.csv", False),
        ("${today}.csv", False),
        ("${time:%H%M%S}.csv", False),
        ("${time:%Y%m%d-%H%M}.csv", False),
        ("${export_id}-${part}-${pipeline}.csv", False),
        ("${now}.csv", True),
        ("${unix}/a.csv", True),
        ("{{Timestamp}}.csv", True),
        ("${run_id}/a.csv", True),
        ("${time:%Y%m%d-%H%M%S}.csv", True),
    ],
)
def test_deltas_are_overwritten_by_no_later_run(roles: Tree, path: str, differs: bool) -> None:
    text = "on_existing = 'overwrite'\nmode = 'changed'\n" + PIPELINE.replace("customers.csv", path)
    found = [told(one) for one in roles.mistakes(text)]
    assert found == (
        []
        if differs
        else [
            "pipelines/newsletter.toml:1:1: on_existing: "
            '"overwrite" would destroy what earlier runs delivered: with mode = "changed" each run'
            " holds only what is new, and the path is the same in every run"
        ]
    )


def test_defaults_hold_for_what_they_fit(roles: Tree) -> None:
    roles.write(
        "profexd.toml",
        """
        [defaults]
        mode = "changed"
        [defaults.changes]
        operation = "op"
        [defaults.filter]
        conditions = [ { property = "email", operator = "exists" } ]
        [defaults.events]
        window = "last"
        [defaults.columns]
        exclude = ["ssn"]
        """,
    )
    changed = roles.pipeline(PIPELINE)
    assert changed.changes == ChangesChoice(operation="op")
    assert filter_text(changed) == "email exists"
    assert changed.columns == ColumnsChoice(exclude=("ssn",))
    assert changed.events is None
    assert pipeline_from_documents("newsletter", changed.documents, roles.catalog).events is None
    full = roles.pipeline("mode = 'full'\n" + PIPELINE + "[filter]\nmatch = 'any'\n")
    assert full.changes is None
    assert full.filter is not None
    assert full.filter.match == "any"
    events = roles.pipeline(
        "mode = 'full'\nevents.range = 'yesterday'\n" + PIPELINE.replace("warehouse", "clicks")
    )
    assert events.events == EventsChoice(range="yesterday")


def test_mistakes_in_defaults_stand_in_profexd_toml(roles: Tree) -> None:
    roles.write(
        "profexd.toml",
        """\
        [defaults]
        format = "csv"
        identity.columns = ["a", "a"]
        events.range = "tomorow"
        filter.conditions = [ { property = "a", operator = "iss", value = 1 } ]
        """,
    )
    assert roles.problems() == [
        "profexd.toml:2:1: defaults.format: must be a table, not text",
        'profexd.toml:3:26: defaults.identity.columns: "a" is there twice',
        'profexd.toml:4:8: defaults.events.range: "tomorow" is not known here',
        "profexd.toml:5:41: defaults.filter.conditions[0].operator: "
        'unknown operator "iss"; did you mean "is"?',
    ]

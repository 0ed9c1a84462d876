"""What files may say of roles, filter, identity, columns, changes and events: keys and defaults."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from profexd.api.options import Check, Doc
from profexd.api.units import parse_duration
from profexd.config.readers.tables import Add, NonEmpty, Table
from profexd.config.text.problems import Mistake

GroupOfColumns = NonEmpty | list[NonEmpty] | dict[str, NonEmpty]
"""One STRUCT or MAP column, several columns, or columns by the names they are exported with."""


def _some(value: list[Any]) -> list[Any]:
    if not value:
        raise Mistake("must not be empty", "name one at least, or remove it")
    return value


def _some_properties(value: Any) -> Any:
    if value == []:
        raise Mistake("must not be empty", 'name one at least, or write "all" or "system"')
    return value


def _interval(value: str) -> str:
    try:
        long = not value or parse_duration(value) >= 1
    except ValueError:
        raise Mistake(f'"{value}" is not a duration', 'as in "7d", or "" for never') from None
    if not long:
        raise Mistake('must be at least "1s"', 'as in "7d", or "" for never')
    return value


class ProfilesTable(Table):
    key: Annotated[
        NonEmpty | None,
        Doc("The column with one value per row: for a total order, and to tell what has changed."),
    ] = None
    identities: Annotated[
        list[NonEmpty], Doc("The columns that identify a profile, as the account defines them.")
    ] = Field(default_factory=list)
    id: Annotated[NonEmpty | None, Doc("The column with the system's own id.")] = None
    ids: Annotated[NonEmpty | None, Doc("The column with the list of all ids it ever had.")] = None
    device: Annotated[
        GroupOfColumns | None,
        Doc("Of the device: names with columns, a list of columns, or one STRUCT or MAP column."),
    ] = None
    preferences: Annotated[
        dict[str, NonEmpty], Doc("Communication preferences: exported names with columns.")
    ] = Field(default_factory=dict)
    system: Annotated[
        list[NonEmpty], Doc("The columns that are system properties; the rest are custom ones.")
    ] = Field(default_factory=list)


class EventRolesTable(Table):
    name: Annotated[NonEmpty | None, Doc("The column with the name of the event.")] = None
    time: Annotated[NonEmpty | None, Doc("The column with the time of the event.")] = None
    profile: Annotated[
        GroupOfColumns | None,
        Doc("Whose event it is: names with columns, a list, or one STRUCT or MAP column."),
    ] = None
    device: Annotated[
        GroupOfColumns | None,
        Doc("Of the device: names with columns, a list, or one STRUCT or MAP column."),
    ] = None
    properties: Annotated[
        GroupOfColumns | None,
        Doc("Columns, or one STRUCT, MAP or JSON column; absent: every other column."),
    ] = None


class ConditionTable(Table):
    """One condition, or a group of them: read by hand, as the two exclude each other."""

    property: Annotated[NonEmpty, Doc("A column of the source; a dot leads into a STRUCT.")] = ""
    operator: Annotated[str, Doc("How the property is compared.")] = ""
    value: Annotated[Any, Doc("What it is compared with, for operators that take one value.")] = (
        None
    )
    values: Annotated[Any, Doc("What it is compared with, for operators that take several.")] = None
    any: Annotated[Any, Doc("A group instead: conditions of which one at least must hold.")] = None
    all: Annotated[Any, Doc("A group instead: conditions that must all hold.")] = None


class FilterTable(Table):
    match: Annotated[
        Literal["all", "any"], Doc("Whether all conditions must hold, or one at least.")
    ] = "all"
    conditions: Annotated[
        list[Any],
        Doc("The conditions; an empty list lets every row pass."),
        Add('conditions = [ { property = "country", operator = "is", value = "IT" } ]'),
    ]


class IdentityTable(Table):
    columns: Annotated[
        list[NonEmpty],
        Check(_some),
        Doc("The columns of the source that identify, the most important first."),
        Add('columns = ["email", "phone"]'),
    ]
    export: Annotated[
        Literal["first", "all"],
        Doc("The first of them that is present, or a list of every one that is."),
    ] = "first"
    all_identities: Annotated[
        bool, Doc("Add the column all_identities: a list of all identities of the source.")
    ] = False
    id: Annotated[bool, Doc("Add the system's own id.")] = False
    ids: Annotated[bool, Doc("Add the list of all ids it ever had.")] = False


class ColumnsTable(Table):
    device: Annotated[
        bool | None, Doc("Add the column device; by default where the source says what it is.")
    ] = None
    preferences: Annotated[
        list[NonEmpty], Doc("The preferences to add, a column each, by their exported names.")
    ] = Field(default_factory=list)
    properties: Annotated[
        Literal["all", "system"] | list[NonEmpty],
        Check(_some_properties),
        Doc('"all", "system", or the columns by name, in this order.'),
    ] = "all"
    exclude: Annotated[list[NonEmpty], Doc("Columns to leave out.")] = Field(default_factory=list)
    rename: Annotated[
        dict[str, NonEmpty], Doc("Columns with the names that the file has for them.")
    ] = Field(default_factory=dict)
    # "schema" itself is a method of every pydantic model.
    schema_: Annotated[
        Literal["append", "lock"],
        Field(alias="schema"),
        Doc("A new column of the source: comes last from the next run on, or stays out."),
    ] = "append"


class ChangesTable(Table):
    operation: Annotated[
        str, Doc('The name of a column that says "added", "changed" or "removed"; empty: none.')
    ] = ""
    deletes: Annotated[
        Literal["ignore", "include", "separate-file"],
        Doc("Profiles that are gone: say nothing, name them in the file, or in one of their own."),
    ] = "ignore"
    full_every: Annotated[
        str, Check(_interval), Doc('Make a run full after so long, as "7d"; empty: only the first.')
    ] = ""


class SpanTable(Table):
    # "from" is a word of Python.
    from_: Annotated[Any, Field(alias="from"), Doc("The first date or time, included.")] = None
    to: Annotated[Any, Doc("Where it ends: a date is included, a date with a time is not.")] = None


class EventsTable(Table):
    names: Annotated[list[NonEmpty] | None, Doc("The events to export by name; absent: all.")] = (
        None
    )
    window: Annotated[
        Literal["last"] | None, Doc("Only what came since the last delivered run.")
    ] = None
    range: Annotated[
        Any,
        Doc('"previous month", "current month", "yesterday", or { from = …, to = … }.'),
    ] = None

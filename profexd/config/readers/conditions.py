"""Reads ``[filter]``: conditions, groups of them, operators and their values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any, Literal

from profexd.config.readers.reading import Homes, fields_of, kind_of, must_be, unknown_key
from profexd.config.readers.selection import ConditionTable
from profexd.config.shape import Condition, Conditions, Relative, Value
from profexd.config.text.problems import Path, Scope, listed, meant, nearest

Count = Literal["none", "one", "two", "some"]

OPERATORS: Mapping[str, Count] = {
    "is": "one",
    "is not": "one",
    "is less than": "one",
    "is less than or equal to": "one",
    "is greater than": "one",
    "is greater than or equal to": "one",
    "is between": "two",
    "is not between": "two",
    "is one of": "some",
    "is not one of": "some",
    "contains": "one",
    "does not contain": "one",
    "starts with": "one",
    "ends with": "one",
    "is before": "one",
    "is on or before": "one",
    "is after": "one",
    "is on or after": "one",
    "is true": "none",
    "is false": "none",
    "is empty": "none",
    "is not empty": "none",
    "is null": "none",
    "is not null": "none",
    "exists": "none",
    "does not exist": "none",
}
"""How many values each operator takes."""
_OF_TEXT = frozenset({"contains", "does not contain", "starts with", "ends with"})
"""Operators whose values are never dates."""
_SIGNS = {
    "=": "is",
    "==": "is",
    "!=": "is not",
    "<>": "is not",
    "<": "is less than",
    "<=": "is less than or equal to",
    ">": "is greater than",
    ">=": "is greater than or equal to",
    "in": "is one of",
    "not in": "is not one of",
    "between": "is between",
    "equals": "is",
}
_TAKES = {
    "none": "takes no value",
    "one": "takes one value",
    "two": "takes two values",
    "some": "takes at least one value",
}
_EXAMPLES = {
    "one": 'value = "…"',
    "two": "values = [3, 10]",
    "some": 'values = ["IT", "FR"]',
}
_GROUPS = ("any", "all")
_KNOWN = list(fields_of(ConditionTable))
_RELATIVE = re.compile(r"\s*(now|today)\s*(?:([+-])\s*(\d{1,9})\s*([smhdw])\s*)?", re.IGNORECASE)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_conditions(data: Mapping[str, Any], scope: Scope, homes: Homes) -> Conditions | None:
    """Return the filter, or None once what is wrong was reported, or where every row passes.

    ``scope`` is that of ``[filter]``; ``homes`` are the keys of the tables of the whole file.
    """
    written = data.get("conditions")
    if not isinstance(written, list):
        return None
    members = _members(written, scope, ("conditions",), homes)
    if not members:
        return None
    return Conditions(
        match="any" if data.get("match") == "any" else "all", members=members, path=scope.prefix
    )


def parse_relative(text: str) -> Relative | None:
    """Return the instant that ``now - 30d`` or ``today`` says, or None."""
    found = _RELATIVE.fullmatch(text)
    if found is None:
        return None
    base: Literal["now", "today"] = "now" if found[1].lower() == "now" else "today"
    if found[2] is None:
        return Relative(base, text=text)
    try:
        offset = timedelta(**{_UNITS[found[4].lower()]: int(f"{found[2]}{found[3]}")})
    except OverflowError:
        return None
    return Relative(base, offset, text)


def _members(
    written: Sequence[Any], scope: Scope, path: Path, homes: Homes
) -> tuple[Condition | Conditions, ...]:
    read = [_member(one, scope, (*path, index), homes) for index, one in enumerate(written)]
    return tuple(one for one in read if one is not None)


def _member(written: Any, scope: Scope, path: Path, homes: Homes) -> Condition | Conditions | None:
    if not isinstance(written, Mapping):
        scope.add(path, *_no_condition(written))
        return None
    for key in written:
        if key not in _KNOWN:
            scope.add((*path, key), *unknown_key(key, _KNOWN, (*scope.prefix, *path), homes))
    groups = [key for key in _GROUPS if key in written]
    if groups:
        return _group(written, groups, scope, path, homes)
    return _condition(written, scope, path)


def _no_condition(written: Any) -> tuple[str, str]:
    message, _ = must_be("must be a table", written)
    return message, 'as { property = "country", operator = "is", value = "IT" }'


def _group(
    written: Mapping[str, Any], groups: list[str], scope: Scope, path: Path, homes: Homes
) -> Conditions | None:
    kind = groups[0]
    for key in written:
        if key != kind and key in _KNOWN:
            scope.add(
                (*path, key),
                f"cannot stand beside {kind}",
                f"a group is {{ {kind} = [ … ] }} and nothing else",
            )
    members = written[kind]
    if not isinstance(members, list):
        message, _ = must_be("must be a list", members)
        scope.add((*path, kind), message, f"as {kind} = [ {{ property = … }}, {{ property = … }} ]")
        return None
    if not members:
        scope.add((*path, kind), "must not be empty", "a group holds one condition at least")
    read = _members(members, scope, (*path, kind), homes)
    return Conditions(
        match="any" if kind == "any" else "all", members=read, path=(*scope.prefix, *path)
    )


def _condition(written: Mapping[str, Any], scope: Scope, path: Path) -> Condition | None:
    property_ = _property(written, scope, path)
    operator = _operator(written, scope, path)
    values = _values(written, operator, scope, path)
    if property_ is None or operator is None or values is None:
        return None
    return Condition(
        property=property_, operator=operator, values=values, path=(*scope.prefix, *path)
    )


def _property(written: Mapping[str, Any], scope: Scope, path: Path) -> str | None:
    value = written.get("property")
    if "property" not in written:
        if not _misspelt(written, "property"):
            scope.add(path, "says no property", 'add property = "NAME"')
    elif not isinstance(value, str):
        scope.add((*path, "property"), *must_be("must be text", value))
    elif not value.strip():
        scope.add((*path, "property"), "must not be empty", "name a column of the source")
    else:
        return value
    return None


def _operator(written: Mapping[str, Any], scope: Scope, path: Path) -> str | None:
    value = written.get("operator")
    if "operator" not in written:
        if not _misspelt(written, "operator"):
            scope.add(path, "says no operator", 'add operator = "is"')
    elif not isinstance(value, str):
        scope.add((*path, "operator"), *must_be("must be text", value))
    elif value not in OPERATORS:
        sign = _SIGNS.get(value.strip().lower())
        near = f'; did you mean "{sign}"?' if sign else meant(value, OPERATORS)
        scope.add(
            (*path, "operator"),
            f'unknown operator "{value}"{near}',
            f"write {listed(OPERATORS)}",
        )
    else:
        return value
    return None


def _values(
    written: Mapping[str, Any], operator: str | None, scope: Scope, path: Path
) -> tuple[Value, ...] | None:
    """Return the values, or None once they were reported; of no known operator they are read."""
    if "value" in written and "values" in written:
        scope.add((*path, "values"), "cannot stand beside value", "remove one of the two")
        return None
    key = "values" if "values" in written else "value"
    items = written.get(key)
    here = (*path, key)
    several = key == "values"
    if several and not isinstance(items, list):
        message, _ = must_be("must be a list", items)
        scope.add(here, message, f"write {_EXAMPLES['some']}")
        return None
    if not isinstance(items, list):
        items = [items] if key in written else []
    elif not several:
        items = [items]
    values: list[Value] = []
    right = True
    for index, item in enumerate(items):
        place = (*here, index) if several else here
        if isinstance(item, (list, dict)) or item is None:
            message = "must be text, a number, true or false, or a date or time"
            hint = "several values stand in values = [ … ]" if isinstance(item, list) else ""
            scope.add(place, f"{message}, not {kind_of(item)}", hint)
            right = False
        else:
            values.append(_value(item, operator))
    if not right or operator is None:
        return None
    count = OPERATORS[operator]
    if not _fits(count, len(values)):
        said = key in written
        if not said and _misspelt(written, "value", "values"):
            return None
        number = len(values)
        hint = f"write {_EXAMPLES[count]}" if count in _EXAMPLES else f"remove {key}"
        not_ = f", not {number}" if said and count != "none" else ""
        scope.add(here if said else path, f'"{operator}" {_TAKES[count]}{not_}', hint)
        return None
    return tuple(values)


def _value(item: str | float | date | time, operator: str | None) -> Value:
    if isinstance(item, str) and operator not in _OF_TEXT:
        return parse_relative(item) or item
    return item


def _fits(count: Count, number: int) -> bool:
    match count:
        case "none":
            return number == 0
        case "one":
            return number == 1
        case "two":
            return number == 2
        case "some":
            return number >= 1


def _misspelt(written: Mapping[str, Any], *keys: str) -> bool:
    """Whether an unknown key, which is reported, was likely meant to be one of these."""
    return any(nearest(key, keys) for key in written if key not in _KNOWN)

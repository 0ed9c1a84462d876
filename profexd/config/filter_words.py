"""Says the filter of a pipeline in one line of text, for people."""

from __future__ import annotations

from datetime import date, datetime, time

from profexd.config.model import Pipeline
from profexd.config.shape import Condition, Conditions, Relative, Value


def filter_text(pipeline: Pipeline) -> str:
    """Return ``country is one of "IT", "FR" and visits > 3``, or nothing where all rows pass."""
    return words_of(pipeline.where, pipeline.filter)


def words_of(where: str | None, conditions: Conditions | None) -> str:
    """As ``filter_text``, of what a filter is made of."""
    where = " ".join((where or "").split())
    if conditions is None:
        return where
    if not where:
        return _group(conditions)
    return f"{_member(conditions, 'all')} and ({where})"


def _group(group: Conditions) -> str:
    joint = " and " if group.match == "all" else " or "
    return joint.join(_member(one, group.match) for one in group.members)


def _member(member: Condition | Conditions, match: str) -> str:
    if isinstance(member, Condition):
        return _condition(member)
    text = _group(member)
    return text if len(member.members) == 1 or member.match == match else f"({text})"


def _condition(condition: Condition) -> str:
    values = [_value(value) for value in condition.values]
    joint = " and " if condition.operator.endswith("between") else ", "
    name = " ".join(condition.property.split())
    return " ".join(part for part in (name, condition.operator, joint.join(values)) if part)


def _value(value: Value) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{" ".join(value.split())}"'
        case Relative():
            return f'"{" ".join(value.text.split())}"'
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value)

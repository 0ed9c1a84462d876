"""The conditions of ``[filter]`` and their groups, as a form shows and changes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from profexd.edit.answers import Form, show
from profexd.edit.draft import Draft
from profexd.edit.items import Items, Row
from profexd.edit.questions import Place, Question, Schema, questions_of

Count = Literal["none", "one", "two", "some"]
_FILTER = ("filter",)
_CONDITIONS = ("filter", "conditions")
_MATCH = ("filter", "match")
_GROUPS = ("any", "all")
_OTHER = {"any": "all", "all": "any"}
_WORDS = {"all": "all of these hold", "any": "any of these holds"}
_TEXTS = ("VARCHAR", "UUID", "ENUM", "JSON", "BLOB")


class Conditions(Items):
    """``columns`` are the names and types of the source's columns, as far as they are known."""

    title = "Filter"
    one = "condition"
    none = "every row passes"
    groups = True

    def __init__(
        self, draft: Draft, schema: Schema, columns: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(draft, schema)
        self._types = dict(columns)

    def columns(self) -> Sequence[str]:
        return tuple(self._types)

    def rows(self) -> Sequence[Row]:
        match = self._draft.get(_MATCH) or "all"
        first = Row(_FILTER, _WORDS.get(match, str(match)), group=True)
        return (first, *self._members(_CONDITIONS, 1))

    def summary(self) -> str:
        return _joined(self._draft.get(_CONDITIONS), self._draft.get(_MATCH) or "all")

    def questions(self, values: Mapping[str, Any]) -> Sequence[Question]:
        asked = {one.key[0]: one for one in questions_of(self._schema, "condition")}
        names = f" Columns: {', '.join(self._types)}." if self._types else ""
        found = [
            replace(
                asked["property"],
                doc=asked["property"].doc + names,
                form=Form.TEXT,
                required=True,
                default=None,
            ),
            replace(asked["operator"], required=True, default=None),
        ]
        count = self.count_of(values.get("operator"))
        text = self._types.get(str(values.get("property")), "").startswith(_TEXTS)
        if count == "one":
            doc = f'{asked["value"].doc} Of dates also "now - 30d" or "today".'
            form = Form.TEXT if text else Form.SCALAR
            found.append(replace(asked["value"], form=form, doc=doc, required=True))
        elif count in ("two", "some"):
            form = Form.LIST if text else Form.SCALARS
            found.append(replace(asked["values"], form=form, required=True))
        return found

    def finished(self, values: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: values[key] for key in ("property", "operator") if key in values}
        given = values.get("values", [values["value"]] if "value" in values else None)
        count = self.count_of(kept.get("operator"))
        if count == "none" or not given:
            return kept
        return {**kept, "value": given[0]} if count == "one" else {**kept, "values": given}

    def list_of(self, row: Row | None) -> tuple[Place, int]:
        if row is None or row.place == _FILTER:
            return _CONDITIONS, len(self._draft.get(_CONDITIONS) or ())
        if row.group:
            inner = (*row.place, _kind(self._draft.get(row.place)))
            return inner, len(self._draft.get(inner))
        *place, index = row.place
        assert isinstance(index, int)
        return tuple(place), index + 1

    def remove(self, row: Row) -> None:
        super().remove(row)
        if not self._draft.get(_CONDITIONS):
            self._draft.unset(_FILTER)

    def turn(self, row: Row) -> bool:
        if not row.group or not self._draft.get(_CONDITIONS):
            return False
        if row.place == _FILTER:
            self._draft.set(_MATCH, _OTHER[self._draft.get(_MATCH) or "all"])
        else:
            kind = _kind(self._draft.get(row.place))
            self._draft.rename(row.place, kind, _OTHER[kind])
        return True

    def count_of(self, operator: object) -> Count:
        """Return how many values an operator takes; of one that is not known, none."""
        for rule in self._schema["$defs"]["condition"].get("allOf", ()):
            if operator in rule["if"]["properties"]["operator"]["enum"]:
                said = rule["then"]["properties"]
                most = said["values"].get("maxItems")
                if said.get("value") is False:
                    return "two" if most else "none"
                return "one" if most == 1 else "some"
        return "none"

    def _members(self, place: Place, depth: int) -> Iterator[Row]:
        members = self._draft.get(place)
        for index, member in enumerate(members if isinstance(members, list) else ()):
            here = (*place, index)
            kind = _kind(member)
            if kind:
                yield Row(here, _WORDS[kind], depth, group=True)
                yield from self._members((*here, kind), depth + 1)
            else:
                yield Row(here, _said(member), depth)


def _kind(member: Any) -> str:
    """Return what joins the members of a group; nothing where it is none."""
    if not isinstance(member, Mapping):
        return ""
    return next((kind for kind in _GROUPS if isinstance(member.get(kind), list)), "")


def _said(member: Any) -> str:
    if not isinstance(member, Mapping):
        return show(Form.SCALAR, member)
    operator = str(member.get("operator", ""))
    values = member.get("values", [member["value"]] if "value" in member else [])
    shown = [show(Form.VALUE, one) for one in (values if isinstance(values, list) else [values])]
    joint = " and " if operator.endswith("between") else ", "
    return " ".join(filter(None, (str(member.get("property", "")), operator, joint.join(shown))))


def _joined(members: Any, match: str) -> str:
    found = [
        f"({_joined(member[kind], kind)})" if (kind := _kind(member)) else _said(member)
        for member in (members if isinstance(members, list) else ())
    ]
    return (" or " if match == "any" else " and ").join(found)

"""The ``[[notify]]`` tables, as a form shows and changes them: by the notifiers there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from profexd.edit.answers import Form
from profexd.edit.items import Items, Row
from profexd.edit.questions import Place, Question, questions_of

_NOTIFY = ("notify",)
_PREFIX = "notifier-"


class Notices(Items):
    """Who is told of what."""

    title = "Notices"
    one = "notice"
    none = "nobody is told"

    def rows(self) -> Sequence[Row]:
        told = self._draft.get(_NOTIFY)
        return [
            Row((*_NOTIFY, index), self._said(one))
            for index, one in enumerate(told if isinstance(told, list) else ())
        ]

    def summary(self) -> str:
        return "; ".join(row.text for row in self.rows())

    def begun(self, row: Row | None) -> dict[str, Any]:
        values = super().begun(row)
        kind = self._type_of(values)
        return {"type": kind, **values} if kind else values

    def questions(self, values: Mapping[str, Any]) -> Sequence[Question]:
        kinds = tuple(
            name.removeprefix(_PREFIX) for name in self._schema["$defs"] if name.startswith(_PREFIX)
        )
        kind = Question(("type",), "How somebody is told.", Form.CHOICE, None, kinds, required=True)
        definition = f"{_PREFIX}{values.get('type')}"
        if definition not in self._schema["$defs"]:
            return [kind]
        options = questions_of(self._schema, definition)
        return [kind, *sorted(options, key=lambda one: not one.required)]

    def finished(self, values: Mapping[str, Any]) -> dict[str, Any]:
        table = self._schema["$defs"].get(f"{_PREFIX}{values.get('type')}", {})
        needless = "type" not in table.get("required", ("type",))
        return {key: one for key, one in values.items() if not (needless and key == "type")}

    def list_of(self, row: Row | None) -> tuple[Place, int]:
        if row is not None and isinstance(index := row.place[-1], int):
            return _NOTIFY, index + 1
        return _NOTIFY, len(self._draft.get(_NOTIFY) or ())

    def _type_of(self, values: Mapping[str, Any]) -> str:
        if "type" in values:
            return str(values["type"])
        evident = (key for key in values if f"{_PREFIX}{key}" in self._schema["$defs"])
        return next(evident, "")

    def _said(self, values: Any) -> str:
        if not isinstance(values, Mapping):
            return str(values)
        kind = self._type_of(values)
        asked = {one.key[0]: one for one in self.questions({**values, "type": kind})}
        on = ", ".join(values["on"]) if isinstance(values.get("on"), list) else "everything"
        where = asked[kind].show(values[kind]) if kind in asked and kind in values else ""
        return f"{kind} on {on}{f': {where}' if where else ''}"

"""A file being composed from answers: its draft, its steps, its trials, and its saving."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from profexd.edit import saving, trial
from profexd.edit.answers import Form
from profexd.edit.conditions import Conditions
from profexd.edit.draft import Draft, fresh, reached
from profexd.edit.errors import EditError
from profexd.edit.items import Items
from profexd.edit.notices import Notices
from profexd.edit.questions import Question, Schema
from profexd.edit.steps import HERE, Step, order_of, steps_of
from profexd.edit.target import SETTINGS, Kind, Target

Columns = tuple[tuple[str, str], ...]
"""Names and types."""


class Composing:
    """One new file, or with ``old`` the text of one that is there."""

    def __init__(
        self, target: Target, schema: Schema, *, old: str | None = None, state: str | None = None
    ) -> None:
        self.target = target
        self._schema = schema
        self._state = state
        self.old = old
        self.draft = Draft(old or "", label=target.label)
        self._copied = False
        self._defaults = _defaults(target) if target.kind is Kind.PIPELINE else {}

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, by what was answered so far."""
        values = self.draft.values
        return steps_of(
            self.target.kind,
            self._schema,
            lambda key: reached(values, key),
            self.target.config,
            events=self._of_events(values.get("source", self._defaults.get("source"))),
            defaults=self._defaults,
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """What is needed and not answered yet."""
        values = self.draft.values
        asked = (one for step in self.steps for one in step.questions if one.required)
        return tuple(one.name for one in asked if reached(values, one.key) in (None, ""))

    def items(self, question: Question, columns: Columns = ()) -> Items:
        """Return the list of tables that a question is about; ``columns`` are the source's."""
        if question.key == ("filter",):
            return Conditions(self.draft, self._schema, columns)
        return Notices(self.draft, self._schema)

    @property
    def changed(self) -> bool:
        """Whether there is anything that leaving would lose."""
        return self.draft.text != (self.old or "")

    @property
    def text(self) -> str:
        """The file as it would be saved: a new one in the usual order of its keys."""
        if self.old is not None or self._copied:
            return self.draft.text
        values = self.draft.values
        return fresh(values, order_of(self.target.kind, self._schema, values)).text

    def take(self, text: str, label: str) -> None:
        """Begin with the text of another file, comments and order included."""
        self.draft = Draft(text, label=label)
        self._copied = True

    def answer(self, question: Question, text: str) -> None:
        """Take an answer; an empty one leaves the key out. ValueError says what to write."""
        if not text.strip():
            self.draft.unset(question.key)
            return
        value = question.parse(text)
        if value == HERE:
            kept = self.draft.get(question.key)
            value = kept if isinstance(kept, dict) else {"type": self._usual_type(question.name)}
        if value == question.default and self.draft.get(question.key) is None:
            return
        self.draft.set(question.key, value)

    def shown(self, question: Question) -> str:
        """Return what the draft says to a question, as an answer."""
        value = self.draft.get(question.key)
        if HERE in question.choices and isinstance(value, dict):
            return HERE
        if question.form is Form.ITEMS:
            return self.items(question).summary()
        return question.show(value)

    def _usual_type(self, kind: str) -> str:
        said = self._schema["$defs"][kind]["properties"]["type"]
        return str(said.get("const") or "file")

    def _of_events(self, source: Any) -> bool:
        if isinstance(source, str) and self.target.kind is Kind.PIPELINE:
            file = Target(self.target.config, Kind.SOURCE, source).file
            try:
                source = tomllib.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                return False
        return isinstance(source, dict) and source.get("kind") == "events"

    def remove(self, name: str) -> None:
        """Leave out a dotted key."""
        self.draft.unset(_dotted(name))

    def assign(self, assignment: str) -> None:
        """Take ``key=value``: a dotted key and a TOML value; a word alone is text."""
        name, equals, text = assignment.partition("=")
        if not equals or not name.strip():
            raise EditError(
                f'"{assignment}" is not key=value', code="usage", hint="as --set format.type=csv"
            )
        self.draft.set(_dotted(name), _value(name.strip(), text.strip()))

    def check(self) -> trial.Verdict:
        """Check the draft in its place."""
        return self.check_of(self.text)

    def check_of(self, text: str) -> trial.Verdict:
        """Check a text that the draft had, whatever becomes of it meanwhile."""
        return trial.check(self.target, text, state=self._state)

    def preview(self) -> trial.Glance:
        """Return path, header and first rows."""
        return trial.preview(self.target, self.text)

    def columns(self) -> Callable[[], Columns]:
        """Return what finds the columns that a file of this pipeline could have; it takes a while,
        and no longer looks at the draft.
        """
        found = self._columns_of()
        if found is None:
            return lambda: ()
        target, text, more = found

        def find() -> Columns:
            shown = trial.columns(target, text, more=more).preview
            return tuple((one["name"], one["type"]) for one in shown["columns"]) if shown else ()

        return find

    def _columns_of(self) -> tuple[Target, str, str] | None:
        if self.target.kind is Kind.SOURCE:
            return self.target, self.text, ""
        source = self.draft.get(("source",))
        if isinstance(source, str):
            named = Target(self.target.config, Kind.SOURCE, source)
            try:
                text = named.file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                return None
        elif isinstance(source, dict):
            named = Target(self.target.config, Kind.SOURCE, "profexd-inline")
            text = fresh(source, ()).text
        else:
            return None
        # With [columns], what identifies or is a role of its own is no property.
        return named, text, "[columns]\ndevice = false\n"

    def save(self) -> None:
        """Write the file; a new one never over another, nor over what somebody else wrote."""
        if self.old is None:
            saving.create(self.target, self.text)
            return
        try:
            now = self.target.file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            now = ""
        if now != self.old:
            raise EditError(
                f"{self.target.file} was changed by somebody else meanwhile; nothing was saved",
                code="edit_failed",
                hint="leave it, and open it again",
            )
        if self.text != self.old:
            saving.replace(self.target, self.text)


def begin(
    target: Target, schema: Schema, *, source: Path | None = None, state: str | None = None
) -> Composing:
    """Begin a new file, empty or as a copy of another; raises where it cannot be written."""
    if target.file.exists() or target.file.is_symlink():
        raise saving.already_there(target)
    saving.refuse_unwritable(target.file)
    composing = Composing(target, schema, state=state)
    if source is not None:
        try:
            text = source.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as why:
            reason = why.strerror if isinstance(why, OSError) else "is not UTF-8"
            raise EditError(f"{source}: {reason}", code="not_found") from None
        composing.take(text, str(source))
    elif target.kind is Kind.SOURCE:
        composing.draft.set(("type",), schema["$defs"]["source"]["properties"]["type"]["const"])
    return composing


def resume(target: Target, schema: Schema, *, state: str | None = None) -> Composing:
    """Begin to change a file that is there."""
    try:
        saving.refuse_unwritable(target.file)
        old = target.file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise EditError(f"{target.file}: no such file", code="not_found") from None
    except UnicodeDecodeError:
        raise EditError(f"{target.file}: is not UTF-8", code="config_invalid") from None
    return Composing(target, schema, old=old, state=state)


def _defaults(target: Target) -> dict[str, Any]:
    """Return what profexd.toml says for every pipeline, as far as it can be read."""
    try:
        said = tomllib.loads((target.config / SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    defaults = said.get("defaults")
    return defaults if isinstance(defaults, dict) else {}


def _dotted(name: str) -> tuple[str, ...]:
    """Read ``format.type`` and ``columns.rename."a.b"``."""
    try:
        value: Any = tomllib.loads(f"{name} = 0\n")
    except ValueError:
        raise EditError(
            f'"{name}" is no key', code="usage", hint='as format.type, or columns."a b"'
        ) from None
    key: list[str] = []
    while isinstance(value, dict):
        ((step, value),) = value.items()
        key.append(step)
    return tuple(key)


def _value(name: str, text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}\n")["value"]
    except ValueError as why:
        if text[:1] in ("[", "{", '"', "'"):
            raise EditError(
                f"--set {name}: {text} is not TOML: {why}",
                code="usage",
                hint='the shell takes quotes away: write --set \'key=["a", "b"]\'',
            ) from None
        return text  # a word: the shell has taken its quotes away

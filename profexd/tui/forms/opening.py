"""What ``n``, ``e`` and ``E`` do: name a new file, open the editor, or open the form."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.text import Text
from textual.app import App, SuspendNotSupported
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import OptionList, Static

from profexd.edit import child
from profexd.edit.errors import EditError
from profexd.edit.session import Session
from profexd.edit.target import SETTINGS, Kind, Target, named
from profexd.edit.trial import Verdict
from profexd.tui.forms.glance import problems_text
from profexd.tui.forms.name import NameBox
from profexd.tui.screens.dialogs import Choice, Menu
from profexd.wire import PipelineJson

_INLINE = "(inline)"
_NEW = (
    Choice("pipeline", "p", "a pipeline: what is exported, how, where, when"),
    Choice("source", "s", "a source: where rows come from"),
    Choice("sink", "k", "a sink: where files go"),
)


class SchemaCame(Message):
    """What forms are made from is known, or why it is not."""

    def __init__(self, target: Target, *, new: bool, schema: dict[str, Any] | EditError) -> None:
        super().__init__()
        self.target = target
        self.new = new
        self.schema = schema


class Opening:
    """Belongs to the app; ``saved`` hears of every file that was written."""

    def __init__(self, app: App[Any], saved: Callable[[str], None]) -> None:
        self._app = app
        self._saved = saved
        self._schema: dict[str, Any] | None = None

    # -- new

    def new(self, config: str) -> None:
        """Ask for kind and name, then open an empty form."""

        def chosen(kind: str | None) -> None:
            if kind is not None:
                box = NameBox(Kind(kind))
                self._app.push_screen(box, partial(self._new_named, Kind(kind), config))

        self._app.push_screen(Menu("New", _NEW), chosen)

    def _new_named(self, kind: Kind, config: str, name: str | None) -> None:
        if name is None:
            return
        try:
            target = named(kind, name, Path(config))
        except EditError as why:
            self.tell(why)
        else:
            self.form(target, new=True)

    # -- the form

    def choose(self, pipeline: PipelineJson, config: str, *, editor: bool) -> None:
        """Open the pipeline, its source, a sink, or the settings."""
        targets = _targets(pipeline, config, settings=editor)
        choices = [
            Choice(str(number), "pskcdfghi"[number], f"{target.kind} {target.name}")
            for number, target in enumerate(targets)
        ]

        def chosen(number: str | None) -> None:
            if number is None:
                return
            if editor:
                self.edit(targets[int(number)])
            else:
                self.form(targets[int(number)])

        self._app.push_screen(Menu("Edit in $EDITOR" if editor else "Edit", choices), chosen)

    def form(self, target: Target, *, new: bool = False) -> None:
        """Open the form of a file; the schema is asked for once."""
        if self._schema is not None:
            self.came(SchemaCame(target, new=new, schema=self._schema))
            return
        app = self._app

        def work() -> None:
            try:
                schema: dict[str, Any] | EditError = child.schema()
            except EditError as why:
                schema = why
            app.post_message(SchemaCame(target, new=new, schema=schema))

        app.run_worker(work, thread=True, exclusive=True, group="schema")

    def came(self, message: SchemaCame) -> None:
        """Open the form, now that it is known what it asks."""
        from profexd.edit.composing import begin, resume  # tomlkit, which few sessions need
        from profexd.tui.forms.screen import FormScreen

        if isinstance(message.schema, EditError):
            self.tell(message.schema)
            return
        self._schema = message.schema
        try:
            make = begin if message.new else resume
            composing = make(message.target, message.schema)
        except EditError as why:
            self.tell(why)
            return
        self._app.push_screen(FormScreen(composing), self._form_left)

    def _form_left(self, file: str | None) -> None:
        if file is not None:
            self._saved(file)

    # -- the editor

    def edit(self, target: Target) -> None:
        """Open a copy in the caller's editor, visudo-style; the screen waits."""
        try:
            session = Session(target, os.environ)
        except EditError as why:
            self.tell(why)
            return
        self._in_editor(session, line=0)

    def _in_editor(self, session: Session, *, line: int) -> None:
        try:
            with self._app.suspend():
                session.edit(line=line)
                sys.stdout.write("checking …\n")
                sys.stdout.flush()
                verdict = session.check() if session.changed else None
            if verdict is None:
                session.close()
                self._app.notify("nothing changed", title=session.target.label)
            elif verdict.ok and not session.overtaken:
                self._save(session)
            else:
                self._ask(session, verdict)
        except SuspendNotSupported:
            session.close()
            self._app.notify(
                "this terminal cannot be handed over to an editor; E opens the form",
                severity="error",
            )
        except EditError as why:
            session.close()
            self.tell(why)

    def _ask(self, session: Session, verdict: Verdict) -> None:
        problems = (*verdict.problems, *verdict.elsewhere)
        text = problems_text(problems)
        if session.overtaken:
            text.append("somebody else has changed the file meanwhile\n", "bold red")
        line = verdict.problems[0]["line"] if verdict.problems else 0

        def answered(answer: str | None) -> None:
            if answer == "again":
                self._in_editor(session, line=line)
            elif answer == "save":
                self._save(session)
            else:
                session.close()
                self._app.notify("nothing saved", title=session.target.label)

        choices = (
            Choice("again", "e", "edit again"),
            Choice("discard", "d", "discard what was written"),
            Choice("save", "s", "save all the same"),
        )
        self._app.push_screen(ProblemsMenu(session.target.label, choices, text), answered)

    def _save(self, session: Session) -> None:
        try:
            session.save()
        except EditError as why:
            self.tell(why)
        except OSError as why:
            self._app.notify(str(why), severity="error", timeout=10)
        else:
            self._saved(str(session.target.file))
        finally:
            session.close()

    def tell(self, why: EditError) -> None:
        """Say why a file cannot be edited; a command to copy stands on its own line."""
        hint = f"\n{why.hint}" if why.hint else ""
        self._app.notify(f"{why.message}{hint}", severity="error", timeout=15)


class ProblemsMenu(Menu):
    """What is wrong, over what can be done about it."""

    DEFAULT_CSS = """
    ProblemsMenu Static.problems { height: auto; max-height: 14; text-style: none; }
    ProblemsMenu > Vertical { width: 95%; }
    """

    def __init__(self, title: str, choices: tuple[Choice, ...], problems: Text) -> None:
        super().__init__(f"{title} is not saved: it has problems", choices)
        self._problems = problems

    def on_mount(self) -> None:
        super().on_mount()
        problems = Static(self._problems, classes="problems", markup=False)
        self.query_one(Vertical).mount(problems, before=self.query_one(OptionList))


def pipeline_target(pipeline: PipelineJson, config: str) -> Target:
    """Return the file of a pipeline."""
    return Target(Path(config), Kind.PIPELINE, pipeline["name"])


def _targets(pipeline: PipelineJson, config: str, *, settings: bool) -> list[Target]:
    folder = Path(config)
    found = [pipeline_target(pipeline, config)]
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]*", pipeline["source"]):
        found.append(Target(folder, Kind.SOURCE, pipeline["source"]))
    found += [Target(folder, Kind.SINK, name) for name in pipeline["sinks"] if name != _INLINE]
    if settings:
        found.append(Target(folder, Kind.SETTINGS, SETTINGS.removesuffix(".toml")))
    return found

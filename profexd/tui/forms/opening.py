"""What ``n``, ``e`` and ``E`` do: name a new file, open the editor, or open the form."""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual.app import SuspendNotSupported
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
from profexd.tui.naming import bare
from profexd.tui.screens.dialogs import Choice, Menu
from profexd.tui.store import State
from profexd.wire import PipelineJson

if TYPE_CHECKING:
    from profexd.tui.app import ProfexdApp

_INLINE = "(inline)"
_KEYS = "pskabcdfg"
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
    """Belongs to the app, which says where the files are."""

    def __init__(self, app: ProfexdApp) -> None:
        self._app = app
        self._schema: dict[str, Any] | None = None

    @property
    def _config(self) -> Path:
        info = self._here.info
        assert info is not None  # else no action leads here
        return Path(info["config"])

    @property
    def _here(self) -> State:
        return self._app.fleet.states[self._app.here.name]

    @property
    def _state(self) -> str | None:
        info = self._here.info
        return info["state"] if info is not None else None

    # -- new

    def new(self) -> None:
        """Ask for kind and name, then open an empty form."""

        def chosen(kind: str | None) -> None:
            if kind is not None:
                self._app.push_screen(NameBox(Kind(kind)), partial(self._new_named, Kind(kind)))

        self._app.push_screen(Menu("New", _NEW), chosen)

    def _new_named(self, kind: Kind, name: str | None) -> None:
        if name is not None:
            self.form(named(kind, name, self._config), new=True)

    # -- the form

    def choose(self, pipeline: PipelineJson) -> None:
        """Open the form, or by a capital letter the editor, on what a pipeline is made of."""
        targets = _targets(pipeline)
        keys = _KEYS[: len(targets)]
        choices = [
            Choice(f"form-{number}", key, f"{target.kind} {target.name}: form")
            for number, (key, target) in enumerate(zip(keys, targets, strict=False))
        ]
        targets.append(Target(self._config, Kind.SETTINGS, SETTINGS.removesuffix(".toml")))
        choices += [
            Choice(f"editor-{number}", key.upper(), f"{target.word}: in $EDITOR")
            for number, (key, target) in enumerate(zip([*keys, "t"], targets, strict=False))
        ]

        def chosen(answer: str | None) -> None:
            if answer is not None:
                how, _, number = answer.partition("-")
                (self.form if how == "form" else self.edit)(targets[int(number)])

        self._app.push_screen(Menu(f"Edit {pipeline['name']}", choices), chosen)

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
            composing = make(message.target, message.schema, state=self._state)
        except EditError as why:
            self.tell(why)
            return
        self._app.push_screen(FormScreen(composing, self._form_left))

    def _saved(self, file: str) -> None:
        info = self._here.info
        if self._here.connected and info is not None and info["role"] == "admin":
            self._app.notify(file, title="saved")
            self._app.commands.reload()  # which tells what came of it
        else:
            self._app.notify(f"{file}\nthe daemon takes it over within 2 seconds", title="saved")

    def _form_left(self, file: str | None) -> None:
        if file is not None:
            self._saved(file)

    # -- the editor

    def edit(self, target: Target) -> None:
        """Open a copy in the caller's editor, visudo-style; the screen waits."""
        try:
            session = Session(target, os.environ, state=self._state)
        except EditError as why:
            self.tell(why)
            return
        self._in_editor(session, line=0)

    def _in_editor(self, session: Session, *, line: int) -> None:
        try:
            with self._app.suspend():
                session.edit(line=line)
                sys.stdout.write("checking\n")
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


def pipeline_target(pipeline: PipelineJson) -> Target:
    """Return the file of a pipeline, where the daemon reads it."""
    return Target(Path(pipeline["file"]).parent.parent, Kind.PIPELINE, bare(pipeline["name"]))


def _targets(pipeline: PipelineJson) -> list[Target]:
    found = [pipeline_target(pipeline)]
    folder = found[0].config
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]*", pipeline["source"]):
        found.append(Target(folder, Kind.SOURCE, pipeline["source"]))
    found += [Target(folder, Kind.SINK, name) for name in pipeline["sinks"] if name != _INLINE]
    return found[: len(_KEYS)]

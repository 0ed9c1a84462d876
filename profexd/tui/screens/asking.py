"""A screen whose actions ask the daemon to do something with the chosen pipelines."""

from __future__ import annotations

from collections.abc import Callable

from profexd.tui.reasons import held_run, resendable
from profexd.tui.screens.base import ActionScreen
from profexd.tui.store import latest_run_id, stoppable_run_id


class AskingScreen(ActionScreen, inherit_bindings=False):
    """The chosen pipelines are the targets of its context."""

    @property
    def chosen(self) -> list[str]:
        """The names of the chosen pipelines."""
        return [pipeline["name"] for pipeline in self.context().targets]

    def do_run(self) -> None:
        names = self.chosen
        if len(names) == 1:
            self.tui.commands.run(names)
        else:
            self.tui.confirm_run(names)

    def do_stop(self) -> None:
        state = self.tui.state
        names, run_ids = [], []
        for pipeline in self.context().targets:
            run_id = stoppable_run_id(pipeline, state.current.get(pipeline["name"]))
            if run_id is not None:
                names.append(pipeline["name"])
                run_ids.append(run_id)
        self.tui.confirm_stop(names, run_ids)

    def do_toggle(self) -> None:
        targets = self.context().targets
        active = [pipeline["name"] for pipeline in targets if pipeline["paused"] is None]
        if not active:
            self.tui.commands.resume(self.chosen)
            return
        self._ask(
            f"Pause {_subject(active)}",
            "why? others will read it",
            "pauses",
            lambda reason: self.tui.commands.pause(active, reason),
        )

    def do_approve(self) -> None:
        names, run_ids = self._held()
        self._ask(
            f"Approve the held run of {_subject(names)}: its files are published as built",
            "a note for the record, may be empty",
            "approves",
            lambda note: self.tui.commands.approve(names, run_ids, note),
            typed=len(names),
        )

    def do_reject(self) -> None:
        names, run_ids = self._held()
        self._ask(
            f"Reject the held run of {_subject(names)}: its files are discarded",
            "a note for the record, may be empty",
            "rejects",
            lambda note: self.tui.commands.reject(names, run_ids, note),
            typed=len(names),
        )

    def do_resend(self) -> None:
        run = resendable(self.context())
        if run is not None:
            self.tui.confirm_resend(run)

    def do_delete(self) -> None:
        from profexd.tui.deleting import confirm_delete

        confirm_delete(self.tui, self.context().targets)

    def do_why(self) -> None:
        name = self.chosen[0]
        self._ask(
            f"Why is a profile in the export of {name}, or is not?",
            "the key of one profile",
            "asks the source",
            lambda key: self.tui.commands.why(name, key) if key else None,
        )

    def do_log(self) -> None:
        for name in self.chosen[:1]:
            run_id = latest_run_id(self.tui.state, name)
            if run_id is not None:
                self.open_log(run_id, name)

    def open_log(self, run_id: str, name: str) -> None:
        """Show the log of a run over the whole screen."""
        from profexd.tui.screens.log import LogScreen

        self.app.push_screen(LogScreen(run_id, name, self.tui.fleet.member(name)))

    def do_plugins(self) -> None:
        from profexd.tui.screens.plugins import PluginsScreen

        self.app.push_screen(PluginsScreen(self.tui.here))

    def do_daemon(self) -> None:
        from profexd.tui.screens.daemon import DaemonScreen

        self.app.push_screen(DaemonScreen(self.tui.here))

    def do_edit(self) -> None:
        from profexd.tui.forms.opening import pipeline_target

        for pipeline in self.context().targets[:1]:
            self.tui.opening.edit(pipeline_target(pipeline))

    def do_edit_form(self) -> None:
        for pipeline in self.context().targets[:1]:
            self.tui.opening.choose(pipeline)

    def do_new(self) -> None:
        self.tui.opening.new()

    def do_validate(self) -> None:
        self.tui.commands.validate()

    def do_reload(self) -> None:
        self.tui.commands.reload()

    def _held(self) -> tuple[list[str], list[str]]:
        held = [(made["name"], held_run(made)) for made in self.context().targets]
        found = [(name, run["run_id"]) for name, run in held if run is not None]
        return [name for name, _ in found], [run_id for _, run_id in found]

    def _ask(
        self,
        title: str,
        prompt: str,
        outcome: str,
        then: Callable[[str], None],
        *,
        typed: int = 1,
    ) -> None:
        """Ask for a line of text; with many targets, for their number first."""
        from profexd.tui.screens.dialogs import TYPED_FROM, Confirm, Reason

        def answered(text: str | None) -> None:
            if text is not None:
                then(text)

        def ask(yes: bool | None = True) -> None:
            if yes:
                self.app.push_screen(Reason(title, prompt, outcome), answered)

        if typed < TYPED_FROM:
            ask()
        else:
            self.app.push_screen(Confirm(title, "", "Go on", targets=typed), ask)


def _subject(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} pipelines"

"""A screen whose actions ask the daemon to do something with the chosen pipelines."""

from __future__ import annotations

from profexd.tui.screens.base import ActionScreen
from profexd.tui.screens.dialogs import Reason
from profexd.tui.screens.log import LogScreen
from profexd.tui.store import latest_run_id, stoppable_run_id


class AskingScreen(ActionScreen, inherit_bindings=False):
    """The chosen pipelines are the targets of its context."""

    @property
    def chosen(self) -> list[str]:
        """The names of the chosen pipelines."""
        return [pipeline["name"] for pipeline in self.context().targets]

    def do_reconnect(self) -> None:
        self.tui.reconnect()

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
        subject = active[0] if len(active) == 1 else f"{len(active)} pipelines"

        def paused(reason: str | None) -> None:
            if reason is not None:
                self.tui.commands.pause(active, reason)

        self.app.push_screen(Reason(f"Pause {subject}", "why? others will read it"), paused)

    def do_log(self) -> None:
        for name in self.chosen[:1]:
            run_id = latest_run_id(self.tui.state, name)
            if run_id is not None:
                self.app.push_screen(LogScreen(run_id, name))

    def do_validate(self) -> None:
        self.tui.commands.validate()

    def do_reload(self) -> None:
        self.tui.commands.reload()

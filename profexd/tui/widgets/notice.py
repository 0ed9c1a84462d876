"""What stands in place of an empty list: one cause and one thing to do."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from profexd.tui.store import Failure, State

_HEADS = {
    "no_socket": "The daemon is not running",
    "refused": "The daemon is not running",
    "permission": "You may not talk to the daemon",
    "denied": "You may not talk to the daemon",
    "protocol": "What answers is not profexd, or another version of it",
    "lost": "The connection to the daemon broke",
    "ssh": "ssh does not reach the daemon",
    "login": "ssh does not let you in",
    "version": "The daemon is of another version",
    "hosts": "No host answers",
}


class Notice(Static):
    """Text in the middle."""

    DEFAULT_CSS = """
    Notice { height: 1fr; width: 100%; content-align: center middle; text-align: center;
             padding: 0 2; display: none; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)
        self._shown = ""

    def show(self, text: Text | None) -> None:
        """Draw ``text``, or vanish."""
        self.display = text is not None
        if text is not None and text.plain != self._shown:
            self._shown = text.plain
            self.update(text)


def failure_text(failure: Failure, wait: str) -> Text:
    """Return why there is nothing to show, what to do, and that it mends itself."""
    head = _HEADS.get(failure.reason, "The daemon does not answer as expected")
    text = Text.assemble((f"{head}\n\n", "bold red"), f"{failure.message}\n")
    if failure.hint:
        text.append(f"{failure.hint}\n")
    return text.append(f"\n{wait}", "dim")


def no_pipelines_text(state: State) -> Text:
    """Return how to get a first pipeline."""
    folder = f"{state.info['config']}/pipelines" if state.info else "pipelines"
    return Text.assemble(
        ("No pipelines yet\n\n", "bold"),
        "n makes one here, profexctl new in a shell;\n",
        f"or put a TOML file into\n{folder}\n\n",
        ("It appears here within two seconds; profexd init writes samples.", "dim"),
    )


def no_match_text(filter_text: str, *, problems: bool) -> Text:
    """Return why the list is empty although there are pipelines."""
    if problems and not filter_text:
        return Text.assemble(("No problems\n\n", "bold green"), ("! shows all again", "dim"))
    return Text.assemble(
        ("No pipeline matches\n\n", "bold"), f"{filter_text}\n\n", ("esc clears the filter", "dim")
    )

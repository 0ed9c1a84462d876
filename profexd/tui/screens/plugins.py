"""The installed plugins: broken ones first, with why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult

from profexd.tui import humane
from profexd.tui.columns import fit
from profexd.tui.fleet import Member
from profexd.tui.screens.fetched import FetchedScreen
from profexd.tui.widgets.bars import Bar
from profexd.tui.widgets.notice import Notice
from profexd.tui.widgets.tables import QuietTable
from profexd.wire import PluginJson

_COLUMNS = (("status", 8), ("kind", 12), ("name", 14), ("version", 10))
_LAST_LEAST = 16


class PluginsScreen(FetchedScreen, inherit_bindings=False):
    """One row for each; enter shows what broke."""

    DEFAULT_CSS: ClassVar[str] = ""

    def __init__(self, about: Member) -> None:
        super().__init__(about, lambda client: client.plugins())
        self._drawn: tuple[int, list[PluginJson]] | None = None

    def compose_body(self) -> ComposeResult:
        yield Bar(id="title")
        yield QuietTable(id="body")
        yield Notice(id="notice")

    @property
    def plugins(self) -> list[PluginJson]:
        """All of them, broken ones first."""
        rows: Sequence[PluginJson] = self.answer or ()
        return sorted(rows, key=lambda one: (one["status"] != "broken", one["kind"], one["name"]))

    def headline(self) -> Text:
        text = Text("Plugins", style="bold")
        if self.answer is not None:
            broken = sum(one["status"] == "broken" for one in self.plugins)
            text.append(f"  {len(self.plugins)} installed, ", "not bold")
            text.append(
                f"{broken} broken" if broken else "none broken", "red" if broken else "not bold"
            )
            text.append("  enter shows the error" if broken else "", "not bold dim")
        return text

    def draw(self) -> None:
        table = self.query_one(QuietTable)
        width, plugins = self.size.width - 2, self.plugins
        if self._drawn == (width, plugins):
            return
        self._drawn = (width, plugins)
        columns = _fitting(width)
        row = table.cursor_row
        with self.app.batch_update():
            table.clear(columns=True)
            for key, size in columns:
                table.add_column(Text(_TITLES[key]), key=key, width=size)
            for plugin in plugins:
                cells = _cells(plugin)
                table.add_row(
                    *(fit(cells[key], size - 1, self.view.glyphs) for key, size in columns)
                )
            if row and plugins:
                table.move_cursor(row=min(row, len(plugins) - 1), animate=False)

    def do_page_open(self) -> None:
        from profexd.tui.screens.dialogs import TextBox

        plugins = self.plugins
        if not plugins:
            return
        plugin = plugins[min(self.query_one(QuietTable).cursor_row, len(plugins) - 1)]
        text = Text(f"{plugin['kind']} from {plugin['distribution']} {plugin['version']}\n\n")
        text.append(plugin["error"] or "It works.", "red" if plugin["error"] else "")
        self.app.push_screen(TextBox(f"{plugin['name']}: {plugin['status']}", text))

    def report(self) -> str:
        return "\n".join(
            " ".join([one["status"], one["kind"], one["name"], one["distribution"], one["version"]])
            + (f"\n{one['error']}" if one["error"] else "")
            for one in self.plugins
        )

    def do_copy_page(self) -> None:
        self.copy(self.report(), humane.count(len(self.plugins), "plugin"))


_TITLES = {
    "status": "Status",
    "kind": "Kind",
    "name": "Name",
    "version": "Version",
    "last": "Distribution, or what broke",
}


def _fitting(width: int) -> list[tuple[str, int]]:
    columns = list(_COLUMNS)
    while columns and sum(size for _, size in columns) + _LAST_LEAST > width:
        columns.pop(1 if len(columns) == 4 else -1)
    return [*columns, ("last", max(_LAST_LEAST, width - sum(size for _, size in columns)))]


def _cells(plugin: PluginJson) -> dict[str, Text]:
    broken = plugin["status"] == "broken"
    why = (plugin["error"] or "").strip().splitlines()[-1:] or [plugin["distribution"]]
    return {
        "status": Text(plugin["status"], style="bold red" if broken else "green"),
        "kind": Text(plugin["kind"]),
        "name": Text(plugin["name"]),
        "version": Text(plugin["version"]),
        "last": Text(why[0] if broken else plugin["distribution"], style="red" if broken else ""),
    }

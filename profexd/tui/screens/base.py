"""A screen whose keys come from the table of actions, with header, banner and footer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingsMap
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from profexd.tui.actions import Action, Place, by_id, footer_of, heard_at, resolve
from profexd.tui.columns import View
from profexd.tui.fleet import Member
from profexd.tui.keys import SHOWN_KEYS, TEXTUAL_KEYS
from profexd.tui.reasons import Context
from profexd.tui.theme import accent_colors
from profexd.tui.widgets.bars import Banner, Footer, Header, banner_text, header_text
from profexd.tui.widgets.hostbars import several_banner, several_header

if TYPE_CHECKING:
    from profexd.tui.app import ProfexdApp

LEAST_WIDTH, LEAST_HEIGHT = 40, 12
# What a line of input leaves to the screen.
_BESIDE_INPUT = frozenset(
    {"escape", "tab", "shift+tab", "up", "down", "pageup", "pagedown", "f1"}
    | {"ctrl+c", "ctrl+l", "ctrl+p", "ctrl+q", "ctrl+z"}
)


def bindings_of(place: Place, actions: Sequence[Action]) -> list[Binding]:
    """Return the bindings of all actions that are heard at ``place``, one for each key."""
    keys = {key: action for action in reversed(heard_at(place, actions)) for key in action.keys}
    return [
        # With priority: keys typed ahead act in order, and after / they reach the filter.
        Binding(
            TEXTUAL_KEYS.get(key, key),
            f"press({key!r})",
            action.label,
            show=False,
            priority=True,
        )
        for key, action in keys.items()
    ]


class ActionScreen(Screen[None], inherit_bindings=False):
    """Its children say what ``do`` does; ``refresh_view`` draws what the app knows."""

    PLACE: ClassVar[Place]
    AUTO_FOCUS = ""  # not the first that can have it: that may be a line of input
    DEFAULT_CSS = """
    ActionScreen { background: $background; layers: base over; overflow: hidden hidden; }
    ActionScreen #too-small { layer: over; display: none; width: 100%; height: 100%;
                              content-align: center middle; text-align: center;
                              background: $background; }
    ActionScreen.-too-small #too-small { display: block; }
    """

    NEEDS: ClassVar[tuple[str, ...]] = ("#header", "#banner", "#footer")
    _mounted = False
    _parts: Sequence[Widget] = ()
    _about: Member | None = None

    @property
    def member(self) -> Member | None:
        """The daemon that the screen is about; None where it is about several."""
        return self._about or self.tui.fleet.only

    @property
    def tui(self) -> ProfexdApp:
        """The app, by its own type."""
        from profexd.tui.app import ProfexdApp

        assert isinstance(self.app, ProfexdApp)
        return self.app

    @property
    def view(self) -> View:
        """What cells and texts depend on: now, zone and glyphs."""
        return self.tui.view

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield Banner(id="banner")
        yield from self.compose_body()
        yield Footer(id="footer")
        yield Static("", id="too-small", markup=False)

    def compose_body(self) -> ComposeResult:
        """Yield what stands between header and footer."""
        yield Widget()

    @property
    def drawable(self) -> bool:
        """Whether all widgets are there: events and timers come before and after them."""
        if self._mounted and not self._parts:
            found = [self.query(needed) for needed in self.NEEDS]
            self._parts = [one.first() for one in found] if all(found) else []
        return bool(self._parts) and all(
            part.is_running and part.is_attached for part in self._parts
        )

    def on_mount(self) -> None:
        self._mounted = True
        self._bindings = self.own_bindings()
        host = self.member.host if self.member else None
        if host is not None and host.accent:
            ansi = self.app.theme.startswith("ansi")
            background, color = accent_colors(host.accent, ansi=ansi)
            header = self.query_one(Header)
            header.styles.background, header.styles.color = background, color

    def own_bindings(self) -> BindingsMap:
        """Return what its keys do."""
        return BindingsMap(bindings_of(self.PLACE, self.tui.actions))

    def context(self) -> Context:
        """Return what decides which actions can be done."""
        return self.tui.context()

    def header_note(self) -> str:
        """Return what stands at the right end of the header."""
        return ""

    def refresh_view(self) -> None:
        """Draw what has changed."""
        if not self.drawable:
            return
        width, view, member = self.size.width - 2, self.view, self.member
        fleet = self.tui.fleet
        read_only = all(self.tui.read_only(one) for one in ([member] if member else fleet))
        notes = [self.header_note(), "read-only" if read_only else ""]
        note = "  ".join(one for one in notes if one)
        if member is None:
            head = several_header(fleet.states, fleet.state, view, width, note)
            text = several_banner(fleet.states, view)
        else:
            host = member.host.name if member.host else ""
            state = fleet.states[member.name]
            head = header_text(state, view.now, view.glyphs, width, note, host=host)
            text = banner_text(state, view.now, view.glyphs)
        self.query_one(Header).show(head)
        banner = self.query_one(Banner)
        banner.set_class(text is not None, "-shown")
        banner.show(text or Text())
        self.refresh_footer()

    def refresh_footer(self) -> None:
        """Draw the footer for what is chosen now."""
        if not self.drawable:
            return
        keys = footer_of(self.PLACE, self.context(), self.tui.actions)
        self.query_one(Footer).show_keys(keys, self.size.width - 2)

    def heard(self) -> tuple[Action, ...]:
        """Return what can be done here, for the palette."""
        return heard_at(self.PLACE, self.tui.actions)

    def do(self, action: Action) -> None:
        """Do an action that can be done."""
        getattr(self, f"do_{action.id}")()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "press" and isinstance(self.focused, Input):
            return parameters[0] in _BESIDE_INPUT
        return True

    def action_press(self, key: str) -> None:
        """Do what ``key`` means now, or say why that cannot be done."""
        found = resolve(key, self.PLACE, self.context(), self.tui.actions)
        if found is not None:
            self.attempt(*found)

    def attempt(self, action: Action, reason: str | None) -> None:
        """Do ``action``, or say why not."""
        if reason is None:
            self.do(action)
        else:
            key = SHOWN_KEYS.get(action.keys[0], action.keys[0])
            self.notify(reason, title=f"{key} {action.label}", severity="warning")

    def perform(self, action_id: str) -> None:
        """Do what a menu or the palette chose."""
        action = by_id(action_id, self.tui.actions)
        self.attempt(action, action.enabled(self.context()))

    def copy(self, text: str, what: str) -> None:
        """Send ``text`` to the clipboard, or say why that cannot be."""
        from profexd.tui.clipboard import copy_to_desktop, desktop_command, fits, passes

        command = desktop_command(os.environ)
        if command is not None and copy_to_desktop(command, text):
            self.notify(f"{what} copied to the clipboard")
        elif not passes(os.environ):
            self.notify("screen lets no clipboard through; P opens it", severity="warning")
        elif fits(text):
            self.app.copy_to_clipboard(text)
            self.notify(f"{what} sent to the terminal's clipboard")
        else:
            self.notify("too long for the clipboard; S saves it, P opens it", severity="warning")

    def page(self, text: str) -> None:
        """Show ``text`` in the reader's pager."""
        from profexd.tui.pager import page

        trouble = page(self.app, text)
        if trouble is not None:
            self.notify(trouble, severity="warning")

    def on_resize(self, _: events.Resize) -> None:
        width, height = self.size
        small = width < LEAST_WIDTH or height < LEAST_HEIGHT
        self.set_class(small, "-too-small")
        if small:
            needed = f"needs {LEAST_WIDTH}x{LEAST_HEIGHT}, has {width}x{height}"
            self.query_one("#too-small", Static).update(f"terminal too small\n{needed}")
        self.call_after_refresh(self.refresh_view)

    def do_reconnect(self) -> None:
        self.tui.reconnect()

    def do_help(self) -> None:
        from profexd.tui.screens.help import Help

        self.app.push_screen(Help(self.tui.actions))

    def do_palette(self) -> None:
        self.app.action_command_palette()

    def do_redraw(self) -> None:
        self.app.refresh(repaint=True, layout=True)

    def do_suspend(self) -> None:
        self.app.action_suspend_process()

    def do_exit(self) -> None:
        self.app.exit()

    def do_menu(self) -> None:
        """Show the actions on the chosen pipelines."""
        from profexd.tui.screens.dialogs import Choice, Menu

        context = self.context()
        choices = [
            Choice(action.id, action.keys[0], action.label_for(context), action.enabled(context))
            for action in heard_at(self.PLACE, self.tui.actions)
            if action.menu
        ]
        names = [pipeline["name"] for pipeline in context.targets]
        title = names[0] if len(names) == 1 else f"{len(names)} pipelines"
        self.app.push_screen(Menu(title, choices), self._chosen)

    def _chosen(self, action_id: str | None) -> None:
        if action_id is not None:
            self.perform(action_id)

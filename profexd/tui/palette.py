"""The palette: every action that can be done here, and every pipeline to go to."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from profexd.tui.actions import Action, shown_keys
from profexd.tui.preferences import Host
from profexd.tui.screens.base import ActionScreen
from profexd.tui.widgets.hostbars import standing

_MOVES = ("down", "up", "left", "right", "page", "top", "bottom", "pane")


def _moves(action: Action) -> bool:
    return action.label.split()[0] in _MOVES


class Palette(Provider):
    """Actions carry their keys; those that cannot be done now carry the reason."""

    async def discover(self) -> Hits:
        for action, text, help_text in self._actions():
            yield DiscoveryHit(text, self._do(action), help=help_text)
        for hosts, text, help_text in self._hosts():
            yield DiscoveryHit(text, partial(self._watch, hosts), help=help_text)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action, text, help_text in self._actions():
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, matcher.highlight(text), self._do(action), help=help_text)
        screen = self._screen
        for hosts, text, help_text in self._hosts():
            score = matcher.match(text)
            if score > 0:
                watch = partial(self._watch, hosts)
                yield Hit(score, matcher.highlight(text), watch, help=help_text)
        for theme in sorted(self.app.available_themes):
            text = f"theme {theme}"
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, matcher.highlight(text), partial(self._dress, theme))
        for name in screen.tui.state.pipelines if screen else ():
            score = matcher.match(name)
            if score > 0 and screen is not None:
                yield Hit(
                    score,
                    matcher.highlight(name),
                    partial(screen.tui.go_to, name),
                    help="go to the pipeline",
                )

    @property
    def _screen(self) -> ActionScreen | None:
        return self.screen if isinstance(self.screen, ActionScreen) else None

    def _actions(self) -> list[tuple[Action, str, str]]:
        screen = self._screen
        if screen is None:
            return []
        context = screen.context()
        found: list[tuple[Action, str, str]] = []
        # Who looks for what can be done does not look for arrows: these come last.
        for action in sorted(screen.heard(), key=_moves):
            reason = action.enabled(context)
            label = action.help if _moves(action) else action.label_for(context)
            text = f"{label}  ({shown_keys(action)})"
            found.append((action, text, f"not now: {reason}" if reason else action.help))
        return found

    def _hosts(self) -> list[tuple[tuple[Host, ...], str, str]]:
        """Return who else can be watched: each host, and all of them together."""
        screen = self._screen
        if screen is None:
            return []
        fleet, known = screen.tui.fleet, screen.tui.preferences.hosts
        listed = [(one.host, fleet.states[one.name]) for one in fleet if one.host is not None]
        found: list[tuple[tuple[Host, ...], str, str]] = [
            ((host,), f"host {host.name}  ({host.address or 'here'})", standing(state))
            for host, state in listed
            if fleet.several
        ]
        names = {host.name for host, _ in listed}
        found += [
            ((host,), f"host {host.name}  ({host.address or 'here'})", "the daemon of that host")
            for host in known
            if host.name not in names
        ]
        if len(known) > 1 and not names >= {host.name for host in known}:
            found.append((known, "host all  (in one list)", ", ".join(one.name for one in known)))
        return found

    def _watch(self, hosts: tuple[Host, ...]) -> None:
        if self._screen is not None:
            self._screen.tui.go_to_hosts(hosts)

    def _dress(self, theme: str) -> None:
        self.app.theme = theme

    def _do(self, action: Action) -> partial[None]:
        assert self._screen is not None
        return partial(self._screen.perform, action.id)

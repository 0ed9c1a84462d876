"""The keys of screens with lines to fill in, from the table of actions, in the order typed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingsMap
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from profexd.tui.actions import Action, Place
from profexd.tui.forms.fields import Chooser
from profexd.tui.keys import SHOWN_KEYS, TEXTUAL_KEYS
from profexd.tui.screens.base import ActionScreen

_DRAIN_SECONDS = 1.0
_TYPED = frozenset({"left", "right", "backspace", "delete", "home", "end", "space"})
"""What a line of input hears itself, beside all that is one character."""


def bindings_of(actions: Sequence[Action], places: Sequence[Place]) -> BindingsMap:
    """Return a binding for each key of the actions of some places."""
    keys = dict.fromkeys(key for one in actions if one.where in places for key in one.keys)
    # Before the lines: keys typed ahead act in order.
    return BindingsMap(
        [
            Binding(TEXTUAL_KEYS.get(key, key), f"hear({key!r})", show=False, priority=True)
            for key in keys
        ]
    )


def typed_into(focused: Widget | None, key: str) -> bool:
    """Whether what has the focus hears a key itself."""
    if isinstance(focused, Input):
        return len(key) == 1 or key in _TYPED
    return isinstance(focused, Chooser) and focused.seeks(key)


def meant(actions: Sequence[Action], places: Sequence[Place], key: str) -> Action | None:
    """Return what a key means; earlier places come first."""
    found = (one for place in places for one in actions if one.where is place and key in one.keys)
    return next(found, None)


def footer_keys(
    actions: Sequence[Action], places: Sequence[Place], *, typing: bool = True
) -> Iterator[tuple[str, str, bool]]:
    """Yield (key, label, possible) by rank; where people type, keys that are no letters."""
    ranked = [one for one in actions if one.where in places and one.footer]
    for action in sorted(ranked, key=lambda one: one.footer):
        if action.id != "reconnect":
            others = [key for key in action.keys if typing and len(key) > 1]
            key = (*others, *action.keys)[0]
            yield SHOWN_KEYS.get(key, key), action.label, True


class HearingScreen(ActionScreen):
    """A screen whose keys depend on where the cursor is."""

    PLACES: ClassVar[tuple[Place, ...]]

    def __init__(self) -> None:
        super().__init__()
        self.one_at_a_time = asyncio.Lock()
        """Lines are made anew from keys and from answers, which come by different ways."""

    def own_bindings(self) -> BindingsMap:
        return bindings_of(self.tui.actions, self.PLACES)

    def places(self) -> tuple[Place, ...]:
        """Return where keys are heard now, from the inside out."""
        return self.PLACES

    def heard(self) -> tuple[Action, ...]:
        places = self.places()
        return tuple(one for one in self.tui.actions if one.where in places)

    def typed_here(self, key: str) -> bool:
        """Whether what has the focus hears a key itself."""
        return typed_into(self.focused, key)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "hear" or not self.typed_here(str(parameters[0]))

    async def action_hear(self, key: str) -> None:
        """Do what a key means where the cursor is, once what was typed before has arrived."""
        await drained(self)
        async with self.one_at_a_time:
            action = meant(self.tui.actions, self.places(), key)
            if action is not None:
                await self.act(action)

    def do(self, action: Action) -> None:
        """Do what the palette chose."""
        self.call_next(partial(self.act, action))

    async def act(self, action: Action) -> None:
        """Do an action; the screen's own may take its time."""
        done: Awaitable[None] | None = getattr(self, f"do_{action.id}")()
        if done is not None:
            await done


async def drained(screen: Screen[Any]) -> None:
    """Wait until what was typed before a key has arrived where it was typed."""
    waiting: Widget | None = screen.focused
    while waiting is not None and waiting.is_attached:
        arrived = asyncio.Event()
        waiting.call_later(arrived.set)
        try:
            await asyncio.wait_for(arrived.wait(), _DRAIN_SECONDS)
        except TimeoutError:
            return
        parent = waiting.parent
        waiting = parent if isinstance(parent, Widget) else None

"""The form on a screen without a terminal, driven by keys and read as text."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.widgets import Input

from profexd.edit.composing import Composing, begin, resume
from profexd.edit.target import Kind, named
from profexd.tui.actions import ACTIONS, Action
from profexd.tui.app import ProfexdApp
from profexd.tui.forms.screen import FormScreen
from profexd.tui.preferences import Preferences
from tests.edit.driving import Desk
from tests.tui.fakes import FakeClient
from tests.tui.harness import PATIENCE_SECONDS, Stage


class FormStage(Stage):
    """The stage of the other screens, with a form on it."""

    @property
    def form(self) -> FormScreen:
        found = [one for one in self.app.screen_stack if isinstance(one, FormScreen)]
        return found[0]

    async def type(self, text: str) -> None:
        """Type into the line under the cursor, all at once: a key at a time takes long."""
        line = self.app.focused
        assert isinstance(line, Input), f"{line} is no line to type into"
        line.insert_text_at_cursor(text)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition():
                await self.pilot.pause(0.1)
        await self.pilot.pause()

    async def sees(self, *texts: str) -> None:
        try:
            await super().sees(*texts)
        except TimeoutError:
            raise AssertionError(f"{texts} never came; the screen is\n{self.text}") from None

    async def rests(self) -> None:
        """Wait until nothing is left to try."""
        await self.until(lambda: self.form.resting)

    async def left(self) -> None:
        """Wait until the form is gone."""
        await self.until(
            lambda: not any(isinstance(one, FormScreen) for one in self.app.screen_stack)
        )


def play(
    composing: Composing,
    script: Callable[[FormStage], Awaitable[None]],
    size: tuple[int, int] = (80, 24),
    actions: tuple[Action, ...] = ACTIONS,
) -> list[str | None]:
    """Run ``script`` with the form, and return how it was left."""
    left: list[str | None] = []

    async def run() -> None:
        client = FakeClient()
        app = ProfexdApp(client, preferences=Preferences(actions=actions), backoff=(60.0,))
        async with app.run_test(size=size, notifications=True) as pilot:
            await app.push_screen(FormScreen(composing, left.append))
            await script(FormStage(app, pilot, client))

    asyncio.run(run())
    return left


def new(desk: Desk, schema: dict[str, Any], kind: Kind, name: str) -> Composing:
    return begin(named(kind, name, desk.config), schema)


def news(desk: Desk, schema: dict[str, Any]) -> Composing:
    """The pipeline that there is, to be changed."""
    return resume(named(Kind.PIPELINE, "news", desk.config), schema)


def said(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text())

"""Runs the app without a terminal, waits for conditions, and compares screens as plain text."""

from __future__ import annotations

import asyncio
import difflib
import os
from collections.abc import Awaitable, Callable
from datetime import UTC
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from profexd.tui.app import ProfexdApp
from tests.tui.fakes import NOW, FakeClient, sample_pipelines

SNAPSHOTS = Path(__file__).parent / "snapshots"
REWRITE = "PROFEXD_REWRITE_SNAPSHOTS"
SIZES = ((140, 45), (80, 24), (60, 20), (40, 15))

PATIENCE_SECONDS = 90

Play = Callable[["Stage"], Awaitable[None]]


class Stage:
    """What a test plays on."""

    def __init__(self, app: ProfexdApp, pilot: Pilot[Any], client: FakeClient) -> None:
        self.app = app
        self.pilot = pilot
        self.client = client

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.pilot.press(*text)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; where it never comes, show what was there instead."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not condition():
                    await self.pilot.pause(0.03)
        except TimeoutError:
            raise AssertionError(f"never came; the screen is\n{self.text}") from None
        await self.pilot.pause()

    async def sees(self, *texts: str) -> None:
        """Wait until all texts are on the screen."""
        await self.until(lambda: all(text in self.text for text in texts))

    async def misses(self, text: str) -> None:
        """Wait until a text is on the screen no longer."""
        await self.until(lambda: text not in self.text)

    async def settled(self) -> str:
        """Wait until nothing is left to fetch or to draw, and return the screen."""
        endless = ("feed", "tail")
        await self.until(
            lambda: (
                self.app.resting
                and all(w.is_finished or w.group in endless for w in self.app.workers)
            )
        )
        return self.text

    @property
    def lines(self) -> list[str]:
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def called(self, *call: Any) -> bool:
        return call in self.client.calls


def play(
    script: Play,
    client: FakeClient | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    **options: Any,
) -> None:
    """Run ``script`` with an app whose clock stands still and that retries at once."""
    fake = client if client is not None else FakeClient()

    async def run() -> None:
        app = ProfexdApp(
            fake,
            now=options.pop("now", lambda: NOW),
            zone=UTC,
            backoff=options.pop("backoff", (0.01,)),
            **options,
        )
        async with app.run_test(size=size, notifications=True) as pilot:
            await script(Stage(app, pilot, fake))

    asyncio.run(run())


def compare(name: str, text: str) -> None:
    """Compare a screen with its file; PROFEXD_REWRITE_SNAPSHOTS=1 writes the file instead."""
    file = SNAPSHOTS / f"{name}.txt"
    if os.environ.get(REWRITE):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.exists(), f"no snapshot {file.name}; {REWRITE}=1 writes it"
    expected = file.read_text(encoding="utf-8")
    lines = difflib.unified_diff(
        expected.splitlines(), text.splitlines(), str(file), "screen", lineterm=""
    )
    difference = "\n".join(lines)
    assert text == expected, f"{REWRITE}=1 takes the screen over\n{difference}"


def sample() -> FakeClient:
    """A daemon with the sample pipelines."""
    return FakeClient(sample_pipelines())


async def ready(stage: Stage) -> None:
    """Wait until the list is there and live."""
    await stage.sees("customers_daily", "live")

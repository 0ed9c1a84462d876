"""The table of actions, and all that is made from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from profexd.tui.actions import (
    ACTIONS,
    Place,
    footer_of,
    heard_at,
    help_sections,
    markdown,
    resolve,
)
from profexd.tui.keys import RESERVED
from profexd.tui.reasons import Context
from profexd.tui.screens.daemon import DaemonScreen
from profexd.tui.screens.log import LogScreen
from profexd.tui.screens.pipelines import PipelinesScreen
from tests.tui.fakes import pipeline, sample_pipelines

DOCS = Path(__file__).parents[2] / "docs" / "tui.md"
SCREENS = {Place.LIST: PipelinesScreen, Place.LOG: LogScreen, Place.PAGE: DaemonScreen}


@pytest.mark.parametrize("place", SCREENS)
def test_every_action_is_done_by_its_screen(place: Place) -> None:
    for action in heard_at(place):
        assert callable(getattr(SCREENS[place], f"do_{action.id}", None)), action.id


def test_ids_are_unique_and_no_key_is_banned() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    keys = {key for action in ACTIONS for key in action.keys}
    assert not keys & RESERVED
    assert not any(key.startswith("alt+") for key in keys)


@pytest.mark.parametrize("place", SCREENS)
def test_two_actions_share_a_key_only_where_never_both_can_be_done(place: Place) -> None:
    contexts = [
        Context(connected=connected, targets=(made,), stoppable=True, has_log=True)
        for connected in (True, False)
        for made in sample_pipelines()
    ]
    for key in {key for action in heard_at(place) for key in action.keys}:
        sharing = [action for action in heard_at(place) if key in action.keys]
        for context in contexts:
            assert sum(action.enabled(context) is None for action in sharing) <= 1


def test_no_action_needs_a_control_chord() -> None:
    for action in ACTIONS:
        needless = [key for key in action.keys if not key.startswith("ctrl+")]
        assert needless or action.where is Place.EVERYWHERE


@pytest.mark.parametrize("place", SCREENS)
@pytest.mark.parametrize("connected", [True, False])
def test_the_footer_has_at_most_eight_keys_and_help_comes_last(
    place: Place, connected: bool
) -> None:
    keys = footer_of(place, Context(connected=connected, targets=(pipeline("a"),)))
    assert len(keys) <= 8
    assert keys[-1][:2] == ("?", "help")


def test_a_key_means_what_can_be_done_now() -> None:
    connected = Context(connected=True, targets=(pipeline("a"),))
    for context, action_id in ((connected, "run"), (Context(), "reconnect")):
        found = resolve("r", Place.LIST, context)
        assert found is not None
        assert (found[0].id, found[1]) == (action_id, None)
    assert resolve("f12", Place.LIST, connected) is None


def test_help_shows_every_action() -> None:
    assert sum(len(rows) for _, rows in help_sections()) == len(ACTIONS)


def test_the_documentation_has_the_table_of_keys() -> None:
    begin, end = "<!-- keys: begin -->\n", "<!-- keys: end -->"
    text = DOCS.read_text(encoding="utf-8")
    table = text[text.index(begin) + len(begin) : text.index(end)]
    assert table.strip() == markdown().strip(), "python -m profexd.tui.actions prints the table"

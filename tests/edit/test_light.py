"""What edits files loads no engine: children look at the drafts."""

from __future__ import annotations

import pytest

from tests.cli.test_hygiene import HEAVY, loaded
from tests.edit.driving import Desk

CALL = "from profexd.cli.profexctl import main; main(sys.argv[1:])"


@pytest.mark.parametrize(
    "module",
    ["profexd.edit.composing", "profexd.tui.forms.opening", "profexd.tui.forms.screen"],
)
def test_the_form_loads_no_engine(module: str) -> None:
    assert loaded(f"import {module}").isdisjoint(HEAVY)


def test_a_new_file_is_made_without_an_engine_in_the_client(desk: Desk) -> None:
    modules = loaded(
        CALL,
        *("new", "pipeline", "mail", "--config", str(desk.config), "--set", "source=warehouse"),
        *("--set", "sink=lake", "--set", "path=mail.csv", "--set", "format.type=csv"),
    )
    assert (desk.config / "pipelines/mail.toml").exists()
    assert modules.isdisjoint((*HEAVY, "textual", "asyncio", "sqlite3"))

"""New and edit in a real terminal on a real daemon: a failed pipeline is mended in a few keys."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.site import BIN, Site
from tests.tui.tmux import Terminal


@pytest.fixture
def site(tmp_path: Path, warehouse: Path) -> Iterator[Site]:
    site = Site(tmp_path, warehouse)
    site.pipeline("newsletter")
    yield site
    if site.daemon is not None:
        site.kill()


def open_on(site: Site, editor: str) -> Terminal:
    script = site.folder / "editor.sh"
    script.write_text(editor)
    command = [str(BIN / "profexctl"), "tui", f"--socket={site.socket}"]
    return Terminal(site.folder, ["env", "-u", "VISUAL", f"EDITOR=sh {script}", *command])


@pytest.mark.timeout(300)
def test_a_pipeline_that_fails_is_edited_and_run_again(site: Site) -> None:
    site.pipeline("newsletter", where="\"error('no') IS NULL\"")
    site.start()
    with open_on(site, "sed -i '/^where/d' \"$1\"") as terminal:
        terminal.sees("live", "newsletter")
        terminal.press("r")
        terminal.sees("F failed")
        terminal.press("e")
        terminal.sees("configuration reloaded")
        terminal.press("r")
        site.until(lambda: site.delivered() == ["newsletter.csv"], "it is delivered")


@pytest.mark.timeout(300)
def test_a_broken_edit_is_shown_and_edited_again(site: Site) -> None:
    file = site.config / "pipelines/newsletter.toml"
    before = file.read_text()
    site.start()
    editor = 'grep -q oops "$1" && sed -i "s/oops.*/# mended/" "$1" || echo "oops = 1" >> "$1"\n'
    with open_on(site, editor) as terminal:
        terminal.sees("live", "newsletter")
        terminal.press("e")
        terminal.sees("is not saved", "newsletter.toml:6:1", "oops", "edit again")
        assert file.read_text() == before
        terminal.press("e")
        terminal.sees("configuration reloaded")
        assert file.read_text() == f"{before}# mended\n"


@pytest.mark.timeout(300)
def test_a_pipeline_is_made_by_the_form_and_comes_into_the_list(site: Site) -> None:
    site.start()
    with open_on(site, "true") as terminal:
        terminal.sees("live", "newsletter")
        terminal.press("n")
        terminal.sees("a pipeline: what is exported")
        terminal.press("p")
        terminal.sees("Name of the new pipeline")
        terminal.press("mail", "Enter")
        terminal.sees("New pipeline mail", "source *")
        # Typed ahead, all at once: every answer arrives where it belongs.
        terminal.press("w", "Enter", "o", "Enter", "mail.csv", "Enter", "c", "Enter", "PageDown")
        terminal.sees("[2 Identifiers]", "1,000 rows of 20 columns", "/outbox/mail.csv")
        terminal.press("PageDown")
        terminal.sees("[x] email")
        terminal.press("Down", "Space")
        terminal.sees("[ ] email", "1,000 rows of")
        terminal.press("F2")
        terminal.sees("saved", "2 pipelines", "mail")
    assert tomllib.loads((site.config / "pipelines/mail.toml").read_text()) == {
        "source": "warehouse",
        "sink": "outbox",
        "path": "mail.csv",
        "format": {"type": "csv"},
        "columns": {"exclude": ["email"]},
    }

"""docs/commands.md names every verb, every option, every exit code and every key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import click
import pytest

from profexd import wire
from profexd.cli import boundary, profexd
from profexd.cli.control import group as control

TEXT = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
EVERYWHERE = {"--help", "-h", "--version", "--socket", "--json"}


def verbs() -> Iterator[tuple[str, str, click.Command]]:
    for name, group in (("profexd", profexd.group), ("profexctl", control.group)):
        assert isinstance(group, click.Group)
        context = click.Context(group, info_name=name)
        for verb in group.list_commands(context):
            command = group.get_command(context, verb)
            assert command is not None
            yield name, verb, command


def section(title: str) -> str:
    """Return the text below the heading that begins with ``title``, up to the next heading."""
    match = re.search(rf"^### `{re.escape(title)}( [^`]*)?`\n(.*?)(?=^##)", TEXT, re.M | re.S)
    assert match is not None, f"docs/commands.md has no section for {title}"
    return match[2]


@pytest.mark.parametrize(("program", "verb", "command"), list(verbs()))
def test_every_verb_and_option_is_documented(
    program: str, verb: str, command: click.Command
) -> None:
    text = section(f"{program} {verb}")
    for parameter in command.params:
        for option in parameter.opts if isinstance(parameter, click.Option) else ():
            assert f"`{option}" in text or option in EVERYWHERE, option


def test_the_options_of_the_bare_daemon_are_documented() -> None:
    text = section("profexd")
    for parameter in profexd.group.params:
        for option in parameter.opts:
            assert f"`{option}" in text or option in EVERYWHERE, option


@pytest.mark.parametrize("code", [*wire.Exit, boundary.READER_GONE])
def test_every_exit_code_is_documented(code: int) -> None:
    assert re.search(rf"^\| {int(code)} \|", TEXT, re.M)


@pytest.mark.parametrize(
    "shape",
    [
        wire.PipelineJson,
        wire.PausedJson,
        wire.RunningJson,
        wire.RunJson,
        wire.FileJson,
        wire.ErrorJson,
        wire.ProblemJson,
        wire.PreviewJson,
        wire.CheckJson,
        wire.InfoJson,
        wire.PluginJson,
        wire.LogLineJson,
    ],
)
def test_every_key_is_documented(shape: type) -> None:
    for key in shape.__annotations__:
        assert f"`{key}`" in TEXT or f'"{key}"' in TEXT, key


@pytest.mark.parametrize(
    "words",
    [wire.PipelineState, wire.RunStatus, wire.Trigger, wire.Phase, wire.FileStatus],
)
def test_every_word_is_documented(words: type[StrEnum]) -> None:
    for word in words:
        assert f"`{word}`" in TEXT, word

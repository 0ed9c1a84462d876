"""docs/commands.md names every verb, every option, every exit code and every key."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import get_args

import click
import pytest

from profexd import wire
from profexd.cli import boundary, profexd
from profexd.cli.control import group as control
from profexd.cli.profexd import EX_USAGE
from profexd.client import UnreachableReason
from profexd.daemon.life import main, shutdown

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
EVERYWHERE = {"--help", "-h", "--version", "--host", "--socket", "--json"}


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


def test_every_exit_code_and_signal_of_the_daemon_is_documented() -> None:
    table = TEXT.partition("The bare daemon has its own")[2].partition("\n### ")[0]
    for code in (main.EX_OK, main.EX_UNAVAILABLE, main.EX_TEMPFAIL, main.EX_CONFIG, EX_USAGE):
        assert f"\n| {code} |" in table, code
    text = section("profexd")
    for signal in re.findall(r"signal\.SIG(TERM|INT|QUIT|HUP|USR\d)", source_of(shutdown)):
        assert re.search(rf"^\| .*\b{signal}\b.* \|", text, re.M), signal


def test_every_error_code_is_documented() -> None:
    table = TEXT.partition("\n## Error codes\n")[2].partition("\n## ")[0]
    codes = error_codes()
    assert {"sink_timeout", "plugin_failed", "no_socket", "os_error", "bad_request"} <= codes
    assert sorted(codes - set(re.findall(r"`(\w+)`", table))) == []


def source_of(module: ModuleType) -> str:
    assert module.__file__ is not None
    return Path(module.__file__).read_text(encoding="utf-8")


def error_codes() -> set[str]:
    """Every code that an error, an answer or a run can have, by what the source says."""
    trees = [
        ast.parse(file.read_text(encoding="utf-8"))
        for folder in ("profexd", "plugins")
        for file in sorted((ROOT / folder).rglob("*.py"))
    ]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    constants = {
        target.id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.isupper()
    }
    codes: set[str] = set(get_args(UnreachableReason))
    for value in (value for node in nodes for value in written_as_code(node)):
        if isinstance(value, ast.Name):
            value = constants.get(value.id, value)
        if not isinstance(value, ast.Subscript):
            codes.update(
                part.value
                for part in ast.walk(value)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )
    return {code for code in codes if re.fullmatch("[a-z]+(_[a-z]+)*", code)}


def written_as_code(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions that stand for a code: code = …, code=…, {"code": …}, or in its place."""
    match node:
        case ast.Assign(targets=[ast.Name(id="code")], value=value):
            yield value
        case ast.AnnAssign(target=ast.Name(id="code"), value=ast.expr() as value):
            yield value
        case ast.keyword(arg="code", value=value):
            yield value
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "code":
                    yield value
        case ast.Call(func=ast.Name(id="ApiError"), args=[_, value, *_]):
            yield value
        case ast.Call(func=ast.Name(id="_tell"), args=[_, _, value, *_]):
            yield value


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

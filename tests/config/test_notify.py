"""Who is told of what: ``[[notify]]``."""

from __future__ import annotations

import pytest

from profexd.api.options import Secret
from tests.config.tree import PIPELINE, Tree


def mistakes(tree: Tree, lines: str) -> list[tuple[str, str]]:
    """Return key and message of every problem of one ``[[notify]]``."""
    text = f"{PIPELINE}[[notify]]\n{lines}\n"
    return [(one["key"], one["message"]) for one in tree.mistakes(text)]


def test_a_webhook_is_told_of_everything_by_default(tree: Tree) -> None:
    pipeline = tree.pipeline(
        f'{PIPELINE}[[notify]]\nwebhook = {{ env = "HOOK" }}\nsecret = "s"\n'
        '[[notify]]\non = ["late"]\nlate_after = "1h"\ncommand = ["mail", "ops"]\n'
        '[[notify]]\ntype = "command"\ncommand = ["logger"]\n'
    )
    webhook, command, typed = pipeline.notify
    assert [one.type for one in pipeline.notify] == ["webhook", "command", "command"]
    assert (webhook.on, webhook.late_after) == (("failed", "recovered", "held", "late"), 900.0)
    assert (command.on, command.late_after) == (("late",), 3600.0)
    assert [one.options.command for one in (command, typed)] == [("mail", "ops"), ("logger",)]  # type: ignore[attr-defined]
    assert {Secret("env", "HOOK"), Secret("literal", "s")} <= set(pipeline.secrets)


@pytest.mark.parametrize(
    ("lines", "key", "words"),
    [
        ("", "webhook", "is missing"),
        ('webhook = "https://a.example"\ncommand = ["b"]', "command", "beside webhook"),
        ("command = []", "command", "must not be empty"),
        ('command = ["b"]\nsecret = "s"', "secret", "unknown key"),
        ('webhook = "a.example"', "webhook", "is no URL"),
        ('webhook = "https://a.example"\non = []', "on", "must not be empty"),
        ('webhook = "https://a.example"\non = ["fails"]', "on", "not known"),
        ('webhook = "https://a.example"\nlate_after = "0"', "late_after", "at least"),
        ('type = "pigeon"', "type", 'unknown notifier "pigeon"'),
        ('webhok = "https://a.example"', "webhok", "unknown key"),
    ],
)
def test_what_is_wrong_is_named(tree: Tree, lines: str, key: str, words: str) -> None:
    (problem,) = mistakes(tree, lines)
    assert problem[0] == f"notify[0].{key}"
    assert words in problem[1]


def test_a_secret_that_everybody_may_read_is_refused(tree: Tree) -> None:
    file = tree.write(
        "pipelines/newsletter.toml",
        f'{PIPELINE}[[notify]]\nwebhook = "https://a.example/canary"\n',
    )
    file.chmod(0o644)
    (problem,) = tree.load().problems
    assert problem["key"] == "notify[0].webhook"
    assert "canary" not in str(problem)

"""Who is told of what: ``[[notify]]``."""

from __future__ import annotations

import pytest

from profexd.api.options import Secret
from profexd.config.notify import NOTICES, Notify
from tests.config.tree import PIPELINE, Tree


def mistakes(tree: Tree, lines: str) -> list[tuple[str, str]]:
    """Return key and message of every problem of one ``[[notify]]``."""
    text = f"{PIPELINE}[[notify]]\n{lines}\n"
    return [(one["key"], one["message"]) for one in tree.mistakes(text)]


def test_a_webhook_is_told_of_everything_by_default(tree: Tree) -> None:
    pipeline = tree.pipeline(
        f'{PIPELINE}[[notify]]\nwebhook = {{ env = "HOOK" }}\nsecret = "s"\n'
        '[[notify]]\non = ["late"]\nlate_after = "1h"\ncommand = ["mail", "ops"]\n'
    )
    hook, secret = Secret("env", "HOOK"), Secret("literal", "s")
    assert pipeline.notify == (
        Notify(on=NOTICES, late_after=900.0, webhook=hook, secret=secret),
        Notify(on=("late",), late_after=3600.0, command=("mail", "ops")),
    )
    assert {hook, secret} <= set(pipeline.secrets)


@pytest.mark.parametrize(
    ("lines", "key", "words"),
    [
        ("", "webhook", "is missing"),
        ('webhook = "https://a.example"\ncommand = ["b"]', "command", "beside webhook"),
        ("command = []", "command", "must not be empty"),
        ('command = ["b"]\nsecret = "s"', "secret", "goes with webhook"),
        ('webhook = "a.example"', "webhook", "is no URL"),
        ('webhook = "https://a.example"\non = []', "on", "must not be empty"),
        ('webhook = "https://a.example"\non = ["fails"]', "on", "not known"),
        ('webhook = "https://a.example"\nlate_after = "0"', "late_after", "at least"),
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

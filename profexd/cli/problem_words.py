"""How the outcome of a check is told: problems one per line, a verdict, the exit code."""

from __future__ import annotations

from collections.abc import Sequence

from profexd.cli.console import Console
from profexd.cli.probe_words import say_probes
from profexd.cli.words import plural
from profexd.wire import CheckJson, Exit, ProblemJson

SETTINGS_FILE = "profexd.toml"


def tell(console: Console, check: CheckJson, what: str, *, as_json: bool) -> int:
    """Print JSON, or the problems and one line about ``what``; return the exit code."""
    if as_json:
        console.json(check)
    else:
        say_probes(console, check.get("online", []))
        console.problems(check["problems"])
        console.say(f"{what}: {_verdict(check['problems'])}")
    return Exit.OK if check["ok"] else Exit.USAGE


def _verdict(problems: Sequence[ProblemJson]) -> str:
    errors = sum(problem["severity"] == "error" for problem in problems)
    counts = [(errors, "error"), (len(problems) - errors, "warning")]
    return ", ".join(plural(count, word) for count, word in counts if count) or "ok"

"""How the answers of sinks to ``check --online`` are told."""

from __future__ import annotations

from collections.abc import Sequence

from profexd.cli.console import Console
from profexd.wire import CheckJson, ProbeJson, ProblemJson


def with_probes(check: CheckJson, probes: Sequence[ProbeJson]) -> CheckJson:
    """Return the check with what the sinks said: a sink that cannot deliver is an error."""
    problems = [*check["problems"], *(_problem(probe) for probe in probes if not probe["ok"])]
    ok = check["ok"] and all(probe["ok"] for probe in probes)
    return CheckJson(ok=ok, problems=problems, online=list(probes))


def say_probes(console: Console, probes: Sequence[ProbeJson]) -> None:
    """Say what each sink that can deliver said, and the least rights that each needs."""
    for probe in probes:
        if probe["ok"]:
            words = f"{probe['sink']} ({probe['type']}): {probe['message']}"
            console.say(words + (f"; {probe['hint']}" if probe["hint"] else ""))
        if probe["policy"]:
            console.say(f"{probe['sink']}: the smallest policy that lets it deliver:")
            console.say(probe["policy"])


def _problem(probe: ProbeJson) -> ProblemJson:
    return ProblemJson(
        file=_file(probe),
        line=1,
        column=1,
        key="",
        message=probe["message"],
        hint=probe["hint"],
        severity="error",
    )


def _file(probe: ProbeJson) -> str:
    """Return the file that describes the sink; an inline one stands in its pipeline's."""
    if probe["sink"].startswith("("):
        return f"pipelines/{probe['pipeline']}.toml"
    return f"sinks/{probe['sink']}.toml"

"""``profexctl check``: have the daemon check its files; nothing changes."""

from __future__ import annotations

import click

from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.probe_words import with_probes
from profexd.cli.problem_words import tell
from profexd.wire import CheckJson, PipelineJson


@click.command()
@click.argument("name", required=False, shell_complete=complete_pipeline)
@click.option(
    "--online", is_flag=True, help="Ask the sinks of NAME, from the daemon, whether they deliver."
)
@shared_options
@click.pass_obj
def command(caller: Caller, name: str | None, online: bool) -> int:
    """Have the daemon check its files as they are now, all or what pipeline NAME needs.

    Nothing changes; what --online sends to a storage is removed where the rights allow.

    Exit code 2 on any error, 0 with warnings only.
    """
    if online and name is None:
        raise click.UsageError("--online needs the NAME of a pipeline")
    client = caller.client
    check = client.check()
    if name is not None:
        check = _of_pipeline(check, client.pipeline(name))
    if online and name is not None:
        check = with_probes(check, client.probe(name))
    return tell(caller.console, check, name or "configuration", as_json=caller.as_json)


def _of_pipeline(check: CheckJson, pipeline: PipelineJson) -> CheckJson:
    """Keep what is in the pipeline's own file, and in the files its problems come from."""
    files = {f"pipelines/{pipeline['name']}.toml"}
    files.update(problem["file"] for problem in pipeline["problems"])
    problems = [problem for problem in check["problems"] if problem["file"] in files]
    ok = not any(problem["severity"] == "error" for problem in problems)
    return CheckJson(ok=ok, problems=problems)

"""``profexctl run``: start a run, and wait for its end where asked to."""

from __future__ import annotations

import click

from profexd.cli.boundary import CommandError
from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.control.wait import TimedOut, wait_for_end
from profexd.cli.duration import DURATION
from profexd.cli.run_words import write_run
from profexd.wire import Exit, RunJson, RunStatus


@click.command()
@click.argument("name", shell_complete=complete_pipeline)
@click.option("--wait", is_flag=True, help="Wait for the run's end; the exit code tells it.")
@click.option(
    "--timeout",
    type=DURATION,
    metavar="TIME",
    help="With --wait: wait at most so long (30s, 5m, 2h); the run goes on.",
)
@shared_options
@click.pass_obj
def command(caller: Caller, name: str, wait: bool, timeout: float | None) -> int:
    """Run pipeline NAME now."""
    if timeout is not None and not wait:
        raise click.UsageError("--timeout needs --wait")
    if not wait:
        run = caller.client.run_now(name)
        _show(caller, run)
        caller.console.say(f"follow it:  profexctl logs -f {run['run_id']}")
        return Exit.OK
    return _run_and_wait(caller, name, timeout)


def _run_and_wait(caller: Caller, name: str, timeout: float | None) -> int:
    client = caller.client
    # The events are asked for before the run exists: none of its can be missed.
    events = client.events()
    try:
        run = client.run_now(name)
    except KeyboardInterrupt:
        events.close()
        caller.console.say(f"a run may have begun, and goes on; see it: profexctl show {name}")
        return Exit.INTERRUPTED
    except BaseException:
        events.close()
        raise
    run_id = run["run_id"]
    try:
        run = wait_for_end(client, events, run, timeout=timeout, console=caller.console)
    except TimedOut:
        _show(caller, client.run(run_id))
        raise CommandError(
            f"run {run_id} of {name} has not ended within the timeout; it goes on",
            code="timeout",
            hint=f"profexctl logs -f {run_id}, or profexctl stop {run_id}",
            exit_code=Exit.TIMEOUT,
        ) from None
    except KeyboardInterrupt:
        caller.console.say(
            f"run {run_id} goes on; follow it: profexctl logs -f {run_id}, "
            f"end it: profexctl stop {run_id}"
        )
        return Exit.INTERRUPTED
    _show(caller, run)
    return Exit.OK if run["status"] in (RunStatus.DONE, RunStatus.SKIPPED) else Exit.FAILED


def _show(caller: Caller, run: RunJson) -> None:
    if caller.as_json:
        caller.console.json(run)
    else:
        write_run(caller.console, run, caller.now())

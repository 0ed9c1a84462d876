"""``profexctl edit``: a file in the caller's editor, checked before it is saved."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.control.files import config_option, home_of, telling
from profexd.cli.words import plural
from profexd.wire import Exit

if TYPE_CHECKING:
    from profexd.edit.session import Session
    from profexd.edit.trial import Verdict


@click.command()
@click.argument("name", shell_complete=complete_pipeline)
@config_option
@shared_options
@click.pass_obj
def command(caller: Caller, name: str, config: str | None) -> int:
    """Open the file of pipeline NAME in $VISUAL or $EDITOR, with your own rights.

    NAME may also be sources/NAME, sinks/NAME or profexd.toml. A copy is edited and checked; what
    is wrong is shown before anything is saved. A file that you may not write is for sudoedit.
    """
    from profexd.edit.session import Session
    from profexd.edit.target import target_of

    home = home_of(caller, config)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("an editor needs a terminal")
    with telling():
        target = target_of(name, Path(home.config))
        with Session(target, caller.environ, state=home.state) as session:
            session.edit()
            verdict, saved = _settle(caller, session)
    problems = [*verdict.problems, *verdict.elsewhere] if verdict else []
    if caller.as_json:
        caller.console.json(
            {
                "name": target.name,
                "kind": target.kind.value,
                "file": str(target.file),
                "saved": saved,
                "problems": problems,
            }
        )
    elif saved:
        caller.console.print(f"saved {target.file}")
    elif verdict is None:
        caller.console.say("nothing changed")
    else:
        caller.console.say("nothing saved")
    return Exit.OK if saved or verdict is None else Exit.FAILED


def _settle(caller: Caller, session: Session) -> tuple[Verdict | None, bool]:
    """Check, ask and edit again until the copy is saved or given up; None: nothing was changed."""
    while session.changed:
        verdict = session.check()
        _show(caller, verdict)
        if verdict.ok and not session.overtaken:
            session.save()
            return verdict, True
        if session.overtaken:
            caller.console.say(f"{session.target.file} was changed by somebody else meanwhile")
        match _ask(caller):
            case "e":
                session.edit(line=verdict.problems[0]["line"] if verdict.problems else 0)
            case "s":
                session.save()
                return verdict, True
            case _:
                return verdict, False
    return None, False


def _show(caller: Caller, verdict: Verdict) -> None:
    caller.console.problems(verdict.problems)
    if verdict.elsewhere:
        files = len({one["file"] for one in verdict.elsewhere})
        caller.console.say(f"saved like this it would break {plural(files, 'other file')}:")
        caller.console.problems(verdict.elsewhere)


def _ask(caller: Caller) -> str:
    while True:
        caller.console.err.write("(e)dit again, (d)iscard, or (s)ave all the same? [e] ")
        caller.console.err.flush()
        answer = sys.stdin.readline()
        if not answer:  # the terminal is gone
            return "d"
        letter = answer.strip().lower()[:1] or "e"
        if letter in "eds":
            return letter

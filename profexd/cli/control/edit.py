"""``profexctl edit``: a file in the caller's editor, checked before it is saved."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from profexd.cli.control.caller import Caller, complete_pipeline, shared_options
from profexd.cli.control.files import Home, config_option, home_of, telling
from profexd.cli.words import plural
from profexd.wire import Exit

if TYPE_CHECKING:
    from profexd.edit.session import Session
    from profexd.edit.trial import Verdict


@click.command()
@click.argument("name", shell_complete=complete_pipeline)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="KEY=VALUE",
    help="A dotted key and a TOML value; several times. No editor is opened then.",
)
@click.option(
    "--unset",
    "removals",
    multiple=True,
    metavar="KEY",
    help="Leave out a dotted key; several times. No editor is opened then.",
)
@click.option("--ask", is_flag=True, help="Ask step by step, as new does, instead of an editor.")
@config_option
@shared_options
@click.pass_obj
def command(
    caller: Caller,
    name: str,
    assignments: tuple[str, ...],
    removals: tuple[str, ...],
    ask: bool,
    config: str | None,
) -> int:
    """Open the file of pipeline NAME in $VISUAL or $EDITOR, with your own rights.

    NAME may also be sources/NAME, sinks/NAME or profexd.toml. A copy is edited and checked; what
    is wrong is shown before anything is saved. A file that you may not write is for sudoedit.
    With --set, --unset or --ask the file is changed without an editor: comments and order stay.
    """
    from profexd.edit.session import Session
    from profexd.edit.target import target_of

    home = home_of(caller, config)
    direct = bool(assignments or removals)
    if not direct and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("an editor needs a terminal; change single keys with --set")
    if direct or ask:
        with telling():
            return _compose(caller, home, name, assignments, removals, ask=ask)
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


def _compose(
    caller: Caller,
    home: Home,
    name: str,
    assignments: tuple[str, ...],
    removals: tuple[str, ...],
    *,
    ask: bool,
) -> int:
    """Change keys of a file; those that are set come after those that are left out."""
    from profexd.cli.drafted import finish
    from profexd.cli.interview import interview
    from profexd.edit import child
    from profexd.edit.composing import resume
    from profexd.edit.target import Kind, target_of

    target = target_of(name, Path(home.config))
    if ask and target.kind is Kind.SETTINGS:
        raise click.UsageError(f"{target.word} is changed in an editor, or with --set")
    composing = resume(target, child.schema(), state=home.state)
    for removal in removals:
        composing.remove(removal)
    for assignment in assignments:
        composing.assign(assignment)
    if ask and not interview(caller.console, composing, sys.stdin):
        caller.console.say("nothing saved")
        return Exit.FAILED
    return finish(caller, composing, glance_is_due=not ask)


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

"""The end of a draft that was written without an editor: checked, saved, shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from profexd.cli.draft_words import write_glance
from profexd.wire import Exit

if TYPE_CHECKING:
    from profexd.cli.control.caller import Caller
    from profexd.edit.composing import Composing
    from profexd.edit.trial import Glance, Verdict


def finish(caller: Caller, composing: Composing, *, glance_is_due: bool) -> int:
    """Save the draft where nothing is wrong with it, and say what came of it."""
    verdict = composing.check()
    if verdict.ok:
        composing.save()
    glance = composing.preview() if verdict.ok and glance_is_due else None
    if caller.as_json:
        caller.console.json(_as_json(composing, verdict, glance))
        return Exit.OK if verdict.ok else Exit.USAGE
    caller.console.problems((*verdict.problems, *verdict.elsewhere))
    if not verdict.ok:
        caller.console.say("nothing saved")
        return Exit.USAGE
    if glance is not None:
        write_glance(caller.console, glance, composing.target.kind)
    caller.console.print(f"saved {composing.target.file}")
    return Exit.OK


def _as_json(composing: Composing, verdict: Verdict, glance: Glance | None) -> dict[str, object]:
    return {
        "name": composing.target.name,
        "kind": composing.target.kind.value,
        "file": str(composing.target.file),
        "saved": verdict.ok,
        "problems": [*verdict.problems, *verdict.elsewhere],
        "preview": glance.preview if glance else None,
    }

"""Asks for the contents of a new file on a terminal, one question a line, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from profexd.cli.console import Console
from profexd.cli.draft_words import write_glance
from profexd.edit.questions import Form

if TYPE_CHECKING:
    from profexd.edit.composing import Composing
    from profexd.edit.questions import Question
    from profexd.edit.steps import Step

_HOW = {
    Form.BOOLEAN: "yes or no",
    Form.LIST: "words with commas between",
    Form.TABLE: "name = column, …",
    Form.SECRET: "env:NAME, file:/PATH or credential:NAME",
}


class _GivenUpError(Exception):
    """The caller has closed the input."""


def interview(console: Console, composing: Composing, answers: TextIO) -> bool:
    """Ask everything and return whether to save; Ctrl-D gives up, Ctrl-C interrupts."""
    console.say(f"New {composing.target.kind} {composing.target.name}. Enter takes what is in")
    console.say("brackets, - leaves a key out, ? explains; Ctrl-C gives up.")
    try:
        number = 0
        while number < len(composing.steps):
            step = composing.steps[number]
            if step.questions:
                _take_step(console, composing, answers, number)
            number += 1
        return _settle(console, composing, answers)
    except _GivenUpError:
        console.say("")
        return False


def _take_step(console: Console, composing: Composing, answers: TextIO, number: int) -> None:
    steps = composing.steps
    console.say("")
    console.say(console.paint(f"{number + 1} of {len(steps)}  {steps[number].title}", "bold"))
    if steps[number].columns:
        _show_columns(console, composing)
    asked = _ask_all(console, composing, answers, number, rare=False)
    if any(one.rare for one in composing.steps[number].questions) and _agreed(
        console, answers, "more options", no=True
    ):
        asked += _ask_all(console, composing, answers, number, rare=True)
    if asked:
        write_glance(console, composing.preview(), composing.target.kind)


def _ask_all(
    console: Console, composing: Composing, answers: TextIO, number: int, *, rare: bool
) -> int:
    """Ask each question once; an answer may bring new ones into the same step."""
    asked: set[str] = set()
    while True:
        step: Step = composing.steps[number]
        left = [one for one in step.questions if one.rare is rare and one.name not in asked]
        if not left:
            return len(asked)
        _ask(console, composing, answers, left[0])
        asked.add(left[0].name)


def _ask(console: Console, composing: Composing, answers: TextIO, question: Question) -> None:
    while True:
        held = composing.shown(question)
        usual = held or question.show(question.default)
        if not usual and question.required and len(question.choices) == 1:
            usual = question.choices[0]
        answer = _line(console, answers, f"{_prompt(question)}{f' [{usual}]' if usual else ''}: ")
        if answer == "?":
            console.say(f"  {question.doc}")
            if question.example:
                console.say(f"  for example {question.example}")
            continue
        if not answer:
            answer = usual
        elif answer == "-":
            answer = ""
        if not answer and question.required:
            console.say(f"  {question.name} is needed. {question.doc}")
            continue
        try:
            composing.answer(question, answer)
        except ValueError as why:
            console.say(f"  {why}")
            continue
        return


def _prompt(question: Question) -> str:
    how = ", ".join(one or '""' for one in question.choices) or _HOW.get(question.form, "")
    return f"{question.name}{f' ({how})' if how else ''}"


def _show_columns(console: Console, composing: Composing) -> None:
    found = composing.columns()()
    if found:
        columns = ", ".join(f"{name} {kind.lower()}" for name, kind in found)
        console.say(f"the source has: {columns}")


def _settle(console: Console, composing: Composing, answers: TextIO) -> bool:
    console.say("")
    while True:
        verdict = composing.check()
        console.say(console.paint(str(composing.target.file), "bold"))
        console.say(composing.text.rstrip("\n"))
        console.problems((*verdict.problems, *verdict.elsewhere))
        if verdict.ok:
            return _agreed(console, answers, "save it", no=False)
        wrong = {one["key"] for one in verdict.problems if one["severity"] == "error"}
        questions = [one for step in composing.steps for one in step.questions]
        again = [one for one in questions if one.name in wrong] or [
            one for one in questions if one.key[0] in {key.partition(".")[0] for key in wrong}
        ]
        if not again or not _agreed(console, answers, "answer these again", no=False):
            return False
        for one in again:
            _ask(console, composing, answers, one)


def _agreed(console: Console, answers: TextIO, what: str, *, no: bool) -> bool:
    while True:
        word = _line(console, answers, f"{what}? {'[y/N]' if no else '[Y/n]'} ").lower()
        if word in ("", "y", "yes", "n", "no"):
            return word.startswith("y") if word else not no


def _line(console: Console, answers: TextIO, prompt: str) -> str:
    console.err.write(prompt)
    console.err.flush()
    line = answers.readline()
    if not line:
        raise _GivenUpError
    return line.strip()

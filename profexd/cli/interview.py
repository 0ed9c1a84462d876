"""Asks for the contents of a new file on a terminal, one question a line, step by step."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from profexd.cli.console import Console
from profexd.cli.draft_words import write_glance
from profexd.edit.answers import Form
from profexd.edit.draft import Draft

if TYPE_CHECKING:
    from profexd.edit.composing import Columns, Composing
    from profexd.edit.items import Items, Row
    from profexd.edit.questions import Question
    from profexd.edit.steps import Step

_HOW = {
    Form.BOOLEAN: "yes or no",
    Form.LIST: "words with commas between",
    Form.SCALARS: "words with commas between",
    Form.TABLE: "name = value, …",
    Form.SECRET: "env:NAME, file:/PATH or credential:NAME",
    Form.SECRETS: "name = env:NAME, …",
}


class _GivenUpError(Exception):
    """The caller has closed the input."""


def interview(console: Console, composing: Composing, answers: TextIO) -> bool:
    """Ask everything and return whether to save; Ctrl-D gives up, Ctrl-C interrupts."""
    verb = "New" if composing.old is None else "Edit"
    console.say(f"{verb} {composing.target.kind} {composing.target.name}. Enter takes what is in")
    console.say("brackets, - leaves a key out, ? explains; Ctrl-C gives up.")
    try:
        return _Interview(console, composing, answers).hold()
    except _GivenUpError:
        console.say("")
        return False


class _Interview:
    def __init__(self, console: Console, composing: Composing, answers: TextIO) -> None:
        self._console = console
        self._composing = composing
        self._answers = answers
        self._columns: Columns = ()

    def hold(self) -> bool:
        number = 0
        while number < len(self._composing.steps):
            if self._composing.steps[number].questions:
                self._take_step(number)
            number += 1
        return self._settle()

    def _take_step(self, number: int) -> None:
        steps, before = self._composing.steps, self._composing.text
        self._console.say("")
        title = f"{number + 1} of {len(steps)}  {steps[number].title}"
        self._console.say(self._console.paint(title, "bold"))
        if steps[number].columns:
            self._show_columns()
        self._ask_all(number, "")
        for name in self._sections(self._composing.steps[number]):
            self._ask_all(number, name)
        if self._composing.text != before:
            self._glance()

    def _sections(self, step: Step) -> list[str]:
        """Ask which of the sections to go through; those that say something are marked."""
        if not step.sections:
            return []
        said = {
            one.section for one in step.questions if self._composing.draft.get(one.key) is not None
        }
        names = [one.name for one in step.sections]
        shown = ", ".join(f"{name}*" if name in said else name for name in names)
        while True:
            answer = self._line(f"more ({shown}; or all) [none]: ")
            if answer == "?":
                for one in step.sections:
                    self._console.say(f"  {one.name}: {one.keys}. {one.doc}")
                continue
            words = [word.strip("*") for word in answer.replace(",", " ").split()]
            if words == ["all"]:
                return names
            if words in (["none"], ["n"], ["no"]):
                return []
            strange = [word for word in words if word not in names]
            if not strange:
                return words
            self._console.say(f"  there is no {strange[0]}")

    def _glance(self) -> None:
        if missing := self._composing.missing:
            self._console.say(f"still needed: {', '.join(missing)}")
        else:
            write_glance(self._console, self._composing.preview(), self._composing.target.kind)

    def _ask_all(self, number: int, section: str) -> None:
        """Ask each question once; an answer may bring new ones into the same step."""
        asked: set[str] = set()
        while True:
            questions = self._composing.steps[number].of(section)
            left = [one for one in questions if one.name not in asked]
            if not left:
                return
            if left[0].form is Form.ITEMS:
                self._ask_items(left[0])
            else:
                self._ask(left[0])
            asked.add(left[0].name)

    def _ask(self, question: Question) -> None:
        held = self._composing.shown(question)
        _ask(
            self._console,
            self._line,
            question,
            held,
            lambda answer: self._composing.answer(question, answer),
        )

    # -- lists of tables

    def _ask_items(self, question: Question) -> None:
        """Take members one by one; a number removes one, any and all begin a group."""
        items = self._composing.items(question, self._columns)
        group: Row | None = None
        how = "enter: go on, number: remove, any or all: a group of them"
        usage = how if items.groups else how.rpartition(",")[0]
        self._console.say(f"{question.name}: {question.doc} ({usage})")
        while True:
            members = [row for row in items.rows() if len(row.place) > 1]
            for number, row in enumerate(members, start=1):
                self._console.say(f"  {number}. {'   ' * (row.depth - 1)}{row.text}")
            answer = self._line(f"{'in the group, ' if group else ''}add a {items.one}? [no]: ")
            if answer == "?":
                self._console.say(f"  {question.doc} Without any: {items.none}.")
            elif answer in ("", "n", "no"):
                if group is None:
                    return
                group = None
            elif answer.isdecimal() and 0 < int(answer) <= len(members):
                items.remove(members[int(answer) - 1])
                group = None
            elif answer in ("any", "all") and items.groups:
                place = items.add(group, {answer: [self._member(items)]})
                group = next(row for row in items.rows() if row.place == place)
            elif answer in ("y", "yes"):
                items.add(group, self._member(items))
            else:
                self._console.say("  write yes, no, or one of what stands above")

    def _member(self, items: Items) -> dict[str, Any]:
        draft = Draft()
        asked: set[str] = set()
        while left := [one for one in items.questions(draft.values) if one.name not in asked]:
            question = left[0]

            def take(answer: str, question: Question = question) -> None:
                value = question.parse(answer) if answer else question.default
                if value != question.default:
                    draft.set(question.key, value)

            _ask(self._console, self._line, question, "", take)
            asked.add(question.name)
        return items.finished(draft.values)

    def _show_columns(self) -> None:
        self._columns = self._composing.columns()()
        if self._columns:
            columns = ", ".join(f"{name} {kind.lower()}" for name, kind in self._columns)
            self._console.say(f"the source has: {columns}")

    # -- the end

    def _settle(self) -> bool:
        composing, console = self._composing, self._console
        console.say("")
        while True:
            verdict = composing.check()
            console.say(console.paint(str(composing.target.file), "bold"))
            console.say(composing.text.rstrip("\n"))
            console.problems((*verdict.problems, *verdict.elsewhere))
            if verdict.ok:
                return self._agreed("save it")
            wrong = {one["key"] for one in verdict.problems if one["severity"] == "error"}
            questions = [one for step in composing.steps for one in step.questions]
            again = [one for one in questions if one.name in wrong] or [
                one for one in questions if one.key[0] in {_first(key) for key in wrong}
            ]
            if not again or not self._agreed("answer these again"):
                return False
            for one in again:
                (self._ask_items if one.form is Form.ITEMS else self._ask)(one)

    def _agreed(self, what: str) -> bool:
        while True:
            word = self._line(f"{what}? [Y/n] ").lower()
            if word in ("", "y", "yes", "n", "no"):
                return word[:1] != "n"

    def _line(self, prompt: str) -> str:
        self._console.err.write(prompt)
        self._console.err.flush()
        line = self._answers.readline()
        if not line:
            raise _GivenUpError
        return line.strip()


def _first(key: str) -> str:
    return re.split(r"[.\[]", key, maxsplit=1)[0]


def _ask(
    console: Console,
    line: Callable[[str], str],
    question: Question,
    held: str,
    take: Callable[[str], None],
) -> None:
    """Ask until the answer can be taken."""
    while True:
        usual = held or question.show(question.default)
        if not usual and question.required and len(question.choices) == 1:
            usual = question.choices[0]
        answer = line(f"{_prompt(question)}{f' [{usual}]' if usual else ''}: ")
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
            take(answer)
        except ValueError as why:
            console.say(f"  {why}")
            continue
        return


def _prompt(question: Question) -> str:
    how = ", ".join(one or '""' for one in question.choices) or _HOW.get(question.form, "")
    return f"{question.name}{f' ({how})' if how else ''}"

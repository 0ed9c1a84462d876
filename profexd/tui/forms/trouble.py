"""Finds where in a form a problem belongs: the question, or the member of a list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from profexd.edit.questions import Place, Question
from profexd.edit.steps import Step
from profexd.wire import ProblemJson

_TOLD = re.compile(r"(?:error: )?[^ :]+\.toml:(?:\d+:\d+:)? ([\w.\[\]-]+): (.*)")
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def place_of(key: str) -> Place:
    """Return the place that ``filter.conditions[0].any[1].value`` says."""
    return tuple(word or int(number) for word, number in _STEP.findall(key))


def question_of(problem: ProblemJson, steps: Sequence[Step]) -> tuple[int, Question] | None:
    """Return the step and the question that an error is about."""
    if problem["severity"] != "error" or not problem["key"]:
        return None
    return asked_at(place_of(problem["key"]), steps)


def asked_at(place: Place, steps: Sequence[Step]) -> tuple[int, Question] | None:
    """Return the step and the question that a place of the file belongs to."""
    every = [(number, one) for number, step in enumerate(steps) for one in step.questions]
    above = [(n, one) for n, one in every if place[: len(one.key)] == one.key]
    within = [(n, one) for n, one in every if one.key[: len(place)] == place]
    return max(above, key=lambda found: len(found[1].key), default=None) or next(iter(within), None)


def trouble_of(words: str) -> dict[Place, str]:
    """Return what the lines of a refusal, ``FILE:1:2: KEY: what; hint``, say of each place."""
    found = (_TOLD.match(line) for line in words.splitlines())
    return {place_of(one[1]): one[2] for one in found if one}

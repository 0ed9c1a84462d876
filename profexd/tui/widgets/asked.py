"""Answers about pipelines that are asked for one at a time, and kept."""

from __future__ import annotations

from typing import Generic, TypeVar

from profexd.tui.store import Failure

Answer = TypeVar("Answer")

_KEPT = 20


class Asked(Generic[Answer]):
    """What was answered, or why not; ``awaited`` is the pipeline whose answer is to come."""

    def __init__(self) -> None:
        self.awaited: str | None = None
        self._answers: dict[str, Answer | Failure] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._answers

    def get(self, name: str) -> Answer | Failure | None:
        """Return what was answered."""
        return self._answers.get(name)

    def begin(self, name: str) -> bool:
        """Note that ``name`` is asked for anew; False where it is awaited already."""
        if self.awaited == name:
            return False
        self._answers.pop(name, None)
        self.awaited = name
        return True

    def came(self, name: str, answer: Answer | Failure) -> bool:
        """Keep an answer; False where nobody waits for it any more."""
        if name != self.awaited:
            return False
        self.awaited = None
        while len(self._answers) >= _KEPT:
            del self._answers[next(iter(self._answers))]
        self._answers[name] = answer
        return True

    def give_up(self, why: Failure) -> bool:
        """Wait no longer; False where nothing was awaited."""
        if self.awaited is None:
            return False
        self._answers[self.awaited] = why
        self.awaited = None
        return True

    def forget(self) -> None:
        """Keep nothing."""
        self._answers.clear()
        self.awaited = None

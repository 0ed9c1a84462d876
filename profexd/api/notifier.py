"""The contract of notifiers: somebody is told of a run, in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from profexd.api.options import NotifierOptions, Secret


def _reveal_nothing(secret: Secret) -> str:
    raise LookupError(f"nothing resolves {secret!r} here")


@dataclass(frozen=True, slots=True)
class Notice:
    """What to tell: ``content`` has ``event``, ``pipeline`` and ``run``, as the docs show them.

    ``run`` is None where an occurrence was missed and no run came of it; ``scheduled_at`` then
    says when it should have been.
    """

    content: Mapping[str, Any]

    @property
    def event(self) -> str:
        """``failed``, ``recovered``, ``held`` or ``late``."""
        return str(self.content["event"])

    @property
    def pipeline(self) -> str:
        """The name of the pipeline."""
        return str(self.content["pipeline"])

    @property
    def run(self) -> Mapping[str, Any] | None:
        """The run, as ``profexctl show RUN --json`` prints it."""
        run: Mapping[str, Any] | None = self.content["run"]
        return run

    def body(self) -> bytes:
        """Return the content as JSON."""
        return json.dumps(dict(self.content), ensure_ascii=False).encode()


@dataclass(frozen=True, slots=True)
class NotifierContext:
    """What profexd lends a notifier for one try, which ends after ``timeout`` seconds."""

    timeout: float = 10.0
    reveal: Callable[[Secret], str] = _reveal_nothing


class Notifier:
    """Base class of notifiers. Construction has no side effects."""

    name: ClassVar[str]
    """What ``type`` of a ``[[notify]]`` says."""
    Options: ClassVar[type[NotifierOptions]] = NotifierOptions

    def __init__(self, options: Any, context: NotifierContext) -> None:
        self.options = options
        self.context = context

    def tell(self, notice: Notice) -> None:
        """Tell it, or raise ``Retryable`` or ``Permanent``; either way it is tried three times."""
        raise TypeError(f"notifier {type(self).__name__} does not define tell")

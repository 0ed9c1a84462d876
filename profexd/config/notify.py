"""Who is told of what: a notifier, with its options."""

from __future__ import annotations

from dataclasses import dataclass

from profexd.api.options import NoticeEvent, NotifierOptions, Secret
from profexd.config.readers.options import secrets_of

Notice = NoticeEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Who is told of what: a notifier with its valid options."""

    type: str
    options: NotifierOptions

    @property
    def on(self) -> tuple[Notice, ...]:
        """Of what it is told."""
        return self.options.on

    @property
    def late_after(self) -> float:
        """Seconds after its time from which on a run that is not over is late."""
        return self.options.late_after

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every secret of its options."""
        return tuple(secret for _, secret in secrets_of(self.options))

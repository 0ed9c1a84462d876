"""Retries of a run: the same work again, after a growing, jittered wait, for what can pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

from profexd.api.errors import Retryable
from profexd.config.model import Retry
from profexd.export.journal import Journal
from profexd.export.messages import Logged, Retrying


class Attempts:
    """Counts the attempts of one run over all its operations."""

    def __init__(
        self, policy: Retry, journal: Journal, *, clock: Callable[[], datetime], random: Random
    ) -> None:
        self._policy = policy
        self._journal = journal
        self._clock = clock
        self._random = random
        self.number = 1

    def run(self, operation: Callable[[], None], *, wait: Callable[[float], None]) -> None:
        """Call ``operation`` until it passes; raises its error once the attempts are used up.

        ``wait`` sleeps for so many seconds and may raise Stopped. The operation skips by itself
        what an earlier attempt has done.
        """
        while True:
            try:
                operation()
            except Retryable as why:
                if self.number >= self._policy.attempts:
                    raise
                self._wait(why, wait)
            else:
                return

    def _wait(self, why: Retryable, wait: Callable[[float], None]) -> None:
        longest = min(self._policy.max_backoff, self._policy.backoff * 2 ** (self.number - 1))
        seconds = max(longest * self._random.uniform(0.5, 1.0), why.retry_after)
        self.number += 1
        at = self._clock().astimezone(UTC) + timedelta(seconds=seconds)
        retry_at = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._journal.tell(Retrying(attempt=self.number, retry_at=retry_at, error=why.as_json()))
        self._journal.tell(
            Logged(
                level="warning",
                message=f"{why.message}; attempt {self.number} of {self._policy.attempts}"
                f" in {seconds:.0f} s",
            )
        )
        wait(seconds)
        self._journal.tell(Retrying(attempt=self.number, retry_at=None))

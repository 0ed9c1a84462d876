"""The errors of profexd, drawn as one tree.

::

    ProfexdError                 code, message, hint
    ├── Retryable                may pass by itself: the same bytes are sent again
    │   ├── SinkUnreachable      sink_unreachable
    │   └── SinkTimeout          sink_timeout
    └── Permanent                will not pass by itself: the run fails now
        ├── ConfigurationInvalid config_invalid
        ├── SourceMissing        source_missing
        ├── SourceInvalid        source_invalid
        ├── SourceLocked         source_locked    (``lock_wait`` was its retry)
        ├── QueryFailed          query_failed
        ├── DiskFull             disk_full
        ├── SpoolFull            spool_full
        ├── SpoolCorrupt         spool_corrupt
        ├── SinkDenied           sink_auth
        ├── SinkRefused          sink_refused
        ├── TargetExists         target_exists
        ├── ConditionalWriteUnsupported  conditional_write_unsupported
        ├── NameCollision        name_collision
        └── Stopped              stopped

A plugin raises ``Retryable`` or ``Permanent`` (or a child of theirs); any other exception
that leaves a plugin is reported as ``plugin_failed`` and is not retried.
"""

from __future__ import annotations

from typing import ClassVar


class ProfexdError(Exception):
    """What failed on what, and what to do about it.

    ``message`` says what failed, on which object; ``hint`` says what to do and may be empty.
    ``code`` is stable: programs may compare it. No attribute may hold a secret.
    """

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str = "", code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.error_code = code or type(self).code

    def as_json(self) -> dict[str, str]:
        """Return the ``error`` object of a run: ``code``, ``message`` and ``hint``."""
        return {"code": self.error_code, "message": self.message, "hint": self.hint}


class Retryable(ProfexdError):
    """It may pass by itself; profexd tries again with the same bytes.

    ``retry_after`` is how many seconds the storage asked for before the next attempt.
    """

    code = "sink_unreachable"

    def __init__(
        self, message: str, *, hint: str = "", code: str | None = None, retry_after: float = 0.0
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.retry_after = retry_after


class Permanent(ProfexdError):
    """It will not pass by itself; profexd does not try again."""

    code = "failed"


class SinkUnreachable(Retryable):
    """The storage could not be reached, or dropped the connection."""

    code = "sink_unreachable"


class SinkTimeout(Retryable):
    """The storage made no progress within ``timeout``."""

    code = "sink_timeout"


class ConfigurationInvalid(Permanent):
    """The configuration does not say something that can be done."""

    code = "config_invalid"


class SourceMissing(Permanent):
    """The database or table is not there."""

    code = "source_missing"


class SourceInvalid(Permanent):
    """The database is there but is not one, cannot be read, or has rows that share a key."""

    code = "source_invalid"


class SourceLocked(Permanent):
    """Another process held the write lock for longer than ``lock_wait``."""

    code = "source_locked"


class QueryFailed(Permanent):
    """The engine refused the query or failed while running it."""

    code = "query_failed"


class DiskFull(Permanent):
    """A local file system has no room left: the spool's or a file sink's."""

    code = "disk_full"


class SpoolFull(Permanent):
    """The spool has less room than the run is going to need; nothing was read yet."""

    code = "spool_full"


class SpoolCorrupt(Permanent):
    """A built part no longer has the bytes that were built."""

    code = "spool_corrupt"


class SinkDenied(Permanent):
    """The storage knows us and refuses, or does not know us."""

    code = "sink_auth"


class SinkRefused(Permanent):
    """The storage cannot take this file under this name."""

    code = "sink_refused"


class TargetExists(Permanent):
    """``on_existing`` asks to create, and something is there already."""

    code = "target_exists"


class ConditionalWriteUnsupported(Permanent):
    """``on_existing`` asks to create only if absent, and the storage cannot."""

    code = "conditional_write_unsupported"


class NameCollision(Permanent):
    """Two files of one run would have one name."""

    code = "name_collision"


class Stopped(Permanent):
    """Somebody stopped the run."""

    code = "stopped"

"""The contract of sinks: a part is staged, then published, or discarded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from profexd.api.options import Secret, SinkOptions
from profexd.api.types import Probe, Receipt, SpooledFile, Staged

STAGES = "stages"
"""Capability: staged bytes are invisible until published."""
CREATE_ONLY = "create_only"
"""Capability: publish can create only if absent, without looking first."""


def _reveal_nothing(secret: Secret) -> str:
    raise LookupError(f"nothing resolves {secret!r} here")


@dataclass(frozen=True, slots=True)
class SinkContext:
    """What profexd lends a sink for one run.

    ``journal`` makes a staged handle durable: call it *before* the first byte leaves, and again
    when the handle changes. ``progress`` takes the bytes sent since the last call, from any
    thread. ``create_only``: publish must fail with TargetExists rather than replace a file that
    this run did not publish itself. ``alone``: the run delivers one file to this sink and nothing
    else, so nothing waits for it to be staged.
    """

    run_id: str = "0"
    create_only: bool = False
    alone: bool = False
    reveal: Callable[[Secret], str] = _reveal_nothing
    journal: Callable[[Staged], None] = lambda staged: None
    progress: Callable[[int], None] = lambda sent: None


class Sink:
    """Base class of sinks. Construction has no side effects; methods run in one thread.

    Raise ``Retryable`` for what may pass, ``Permanent`` for what will not.
    """

    name: ClassVar[str]
    """What ``type`` says."""
    capabilities: ClassVar[frozenset[str]] = frozenset()
    Options: ClassVar[type[SinkOptions]] = SinkOptions

    def __init__(self, options: Any, context: SinkContext) -> None:
        self.options = options
        self.context = context

    @classmethod
    def uri(cls, options: Any, target: str) -> str:
        """Return the complete URI of ``target``, without network, files or secrets."""
        raise TypeError(f"sink {cls.__name__} does not define uri")

    @classmethod
    def target_fault(cls, options: Any, target: str) -> str:
        """Return why no file can be delivered as ``target``, or nothing; as pure as ``uri``."""
        return ""

    @classmethod
    def place(cls, options: Any, target: str) -> str:
        """Return what two targets share only if they are one: the URI, unless it hides a server."""
        return cls.uri(options, target)

    def probe(self) -> Probe:
        """Say whether this sink can deliver; needs no more rights than delivering."""
        raise TypeError(f"sink {type(self).__name__} does not define probe")

    def stage(self, file: SpooledFile, target: str) -> Staged:
        """Bring the bytes to the storage, under no name that a reader would take."""
        raise TypeError(f"sink {type(self).__name__} does not define stage")

    def publish(self, staged: Staged) -> Receipt:
        """Make the bytes visible under the final name; atomic where the storage can; idempotent."""
        raise TypeError(f"sink {type(self).__name__} does not define publish")

    def discard(self, staged: Staged) -> None:
        """Remove what was staged; idempotent, and safe after a publish."""
        raise TypeError(f"sink {type(self).__name__} does not define discard")

    def close(self) -> None:
        """Let go of connections; called once, also after a failure."""

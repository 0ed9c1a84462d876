"""Deliver: all parts staged at all sinks, then all published; before that, nothing is visible."""

from __future__ import annotations

import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType

from profexd.api.errors import (
    ConditionalWriteUnsupported,
    Permanent,
    ProfexdError,
    Retryable,
    Stopped,
)
from profexd.api.sink import CREATE_ONLY, STAGES, Sink
from profexd.api.types import SpooledFile, Staged
from profexd.export.journal import Journal
from profexd.export.messages import (
    Logged,
    Published,
    Publishing,
    Staging,
    Unpublished,
)
from profexd.export.retry import Attempts
from profexd.export.stop import Stop
from profexd.wire import FileKind, FileStatus

_ORDER = (FileKind.DATA, FileKind.SIGNATURE, FileKind.MANIFEST, FileKind.MARKER)
"""What vouches for other files is published after all of them, at every sink."""


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One file on its way to one sink."""

    sink_name: str
    sink: Sink
    path: str
    file: SpooledFile | None = None
    staged: Staged | None = None
    told: bool = False
    """Whether the journal knows that all of it is staged."""
    published: bool = False
    kind: FileKind = FileKind.DATA
    refused: ProfexdError | None = field(default=None)
    level: str = ""
    """How its sink proved that the bytes arrived, once it is published."""
    troubled: bool = False
    """Whether its sink did not take it when it was tried last."""


def refuse_unable(deliveries: Sequence[tuple[str, type[Sink]]], *, create_only: bool) -> None:
    """Raise ConditionalWriteUnsupported when ``on_existing`` asks a sink for what it cannot do."""
    for name, sink in deliveries:
        if create_only and CREATE_ONLY not in sink.capabilities:
            raise ConditionalWriteUnsupported(
                f"the sink {name} ({sink.name}) cannot create only if absent",
                hint='set on_existing = "overwrite"',
            )


def deliver(
    deliveries: Sequence[Delivery],
    journal: Journal,
    attempts: Attempts,
    stop: Stop,
    *,
    begun: Mapping[tuple[str, str], Staged] = MappingProxyType({}),
) -> None:
    """Stage everything, ask whether to go on, publish everything.

    ``begun`` are the handles that sinks journaled, by sink and path, complete or not.
    Raises what ended it. Before the first publish whatever was staged is discarded; after it the
    run only goes forward: what can be published is, then the first refusal is raised.
    """
    try:
        attempts.run(lambda: _stage_all(deliveries, journal, stop), wait=stop.wait)
        stop.check()
        if not journal.ask(Publishing()):
            stop.request()
            stop.check()
        stop.disarm()
    except BaseException as why:
        for delivery in deliveries:
            delivery.staged = delivery.staged or begun.get((delivery.sink_name, delivery.path))
            delivery.troubled &= not isinstance(why, Stopped)
        discard(deliveries, journal)
        raise
    publish(deliveries, journal, attempts)


def publish(deliveries: Sequence[Delivery], journal: Journal, attempts: Attempts) -> None:
    """Publish what is staged and not yet published; a stop no longer counts."""
    # A sink that cannot stage sends its bytes only now: let it fail before others have published.
    ordered = sorted(
        deliveries,
        key=lambda delivery: (_rank(delivery), STAGES in delivery.sink.capabilities),
    )
    try:
        attempts.run(lambda: _publish_all(ordered, journal), wait=time.sleep)
    except Retryable as why:
        for delivery in ordered:
            if not delivery.published and delivery.refused is None:
                delivery.refused = why
    _tell_levels(deliveries, journal)
    refusal = next((delivery.refused for delivery in ordered if delivery.refused), None)
    if refusal is None:
        return
    for delivery in ordered:
        if not delivery.published:
            _withdraw(delivery, journal)
    raise refusal


def discard(deliveries: Sequence[Delivery], journal: Journal) -> bool:
    """Remove what is staged and not published; return whether all of it is gone."""
    gone = [
        _withdraw(delivery, journal)
        for delivery in deliveries
        if (delivery.staged is not None or delivery.troubled) and not delivery.published
    ]
    return all(gone)


def _stage_all(deliveries: Sequence[Delivery], journal: Journal, stop: Stop) -> None:
    """Stage what is left, at all sinks at once; raises what failed, rather what cannot pass."""
    by_sink: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        by_sink.setdefault(delivery.sink_name, []).append(delivery)
    with ThreadPoolExecutor(len(by_sink) or 1, thread_name_prefix="stage") as pool:
        work = [pool.submit(_stage_at_sink, one, journal, stop) for one in by_sink.values()]
    failures = [why for why in (future.exception() for future in work) if why is not None]
    failures.sort(key=lambda why: isinstance(why, Retryable))
    if failures:
        raise failures[0]


def _stage_at_sink(deliveries: Sequence[Delivery], journal: Journal, stop: Stop) -> None:
    for delivery in deliveries:
        if delivery.told:
            continue
        stop.check()
        if delivery.staged is None:
            assert delivery.file is not None
            delivery.troubled = True
            delivery.staged = delivery.sink.stage(delivery.file, delivery.path)
            delivery.troubled = False
        journal.ask(
            Staging(sink=delivery.sink_name, staged=delivery.staged.as_json(), complete=True)
        )
        delivery.told = True


def _publish_all(deliveries: Sequence[Delivery], journal: Journal) -> None:
    """Publish what is left, a kind after the other, up to one of which some is missing.

    Raises the first Retryable once everything else of its kind was tried.
    """
    for _, kind in groupby(deliveries, _rank):
        alike = list(kind)
        _publish_alike(alike, deliveries, journal)
        if not all(delivery.published for delivery in alike):
            return


def _publish_alike(
    alike: Sequence[Delivery], deliveries: Sequence[Delivery], journal: Journal
) -> None:
    again: Retryable | None = None
    for delivery in alike:
        if delivery.published or delivery.refused:
            continue
        assert delivery.staged is not None
        delivery.troubled = True
        try:
            receipt = delivery.sink.publish(delivery.staged)
        except Retryable as why:
            again = again or why
        except ProfexdError as why:
            delivery.refused = why
        except Exception as why:  # noqa: BLE001 - a plugin may raise anything; others go forward
            delivery.refused = _plugin_failed(delivery, why, journal)
        else:
            delivery.published, delivery.troubled = True, False
            delivery.level = receipt.level
            journal.ask(
                Published(sink=delivery.sink_name, path=delivery.path, receipt=receipt.as_json())
            )
        if not (delivery.published or any(other.published for other in deliveries)):
            # Nothing is visible yet, so nothing needs to become visible.
            break
    if again is not None:
        raise again


def _tell_levels(deliveries: Sequence[Delivery], journal: Journal) -> None:
    """Leave in the run's log how each sink proved what it has."""
    for sink in dict.fromkeys(delivery.sink_name for delivery in deliveries):
        levels = Counter(one.level for one in deliveries if one.sink_name == sink and one.level)
        if levels:
            proofs = ", ".join(f"{count} {level}" for level, count in sorted(levels.items()))
            files = f"{levels.total()} file{'' if levels.total() == 1 else 's'}"
            message = f"{sink}: {files} published, {proofs}"
            journal.tell(Logged(level="info", message=message))


def _rank(delivery: Delivery) -> int:
    return _ORDER.index(delivery.kind)


def _plugin_failed(delivery: Delivery, why: Exception, journal: Journal) -> Permanent:
    journal.tell(Logged(level="error", message="".join(traceback.format_exception(why))))
    return Permanent(
        f"the sink {delivery.sink_name} ({delivery.sink.name}) broke while publishing"
        f" {delivery.path}: {type(why).__name__}: {why}",
        code="plugin_failed",
        hint="the run's log holds the traceback; tell the author of the plugin",
    )


def _withdraw(delivery: Delivery, journal: Journal) -> bool:
    try:
        if delivery.staged is not None:
            delivery.sink.discard(delivery.staged)
    except Exception as why:  # noqa: BLE001 - cleaning up must not hide what made it necessary
        journal.tell(
            Logged(
                level="warning",
                message=f"what is staged for {delivery.path} at {delivery.sink_name} stays there"
                f" until the next start: {why}",
                record=True,
            )
        )
        return False
    status = FileStatus.FAILED if delivery.troubled else FileStatus.DISCARDED
    journal.ask(Unpublished(sink=delivery.sink_name, path=delivery.path, status=status))
    return True


def paced(
    progress: Callable[[int], None], bytes_per_second: int, *, wait: Callable[[float], None]
) -> Callable[[int], None]:
    """Return ``progress`` slowed down so that no more than so many bytes pass in a second."""
    if not bytes_per_second:
        return progress
    started = time.monotonic()
    lock = threading.Lock()
    sent = 0

    def slowed(count: int) -> None:
        nonlocal sent
        with lock:
            sent += count
        ahead = sent / bytes_per_second - (time.monotonic() - started)
        if ahead > 0:
            wait(ahead)
        progress(count)

    return slowed

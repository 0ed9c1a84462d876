"""What the conformance kit for sinks works with: a storage, a sink on it, and parts to send."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from profexd.api import (
    Probe,
    ProfexdError,
    Retryable,
    Secret,
    Sink,
    SinkContext,
    SinkOptions,
    SpooledFile,
    Staged,
    Stopped,
)
from profexd.config.readers.options import secrets_of

LARGE = 9 * 2**20
"""Bytes of a file that no sink sends in one piece."""


@dataclass(frozen=True, kw_only=True)
class SinkBench:
    """A sink, a storage that is empty, and how a test looks at it from outside."""

    sink: type[Sink]
    options: SinkOptions
    read: Callable[[str], bytes | None]
    """What a reader finds under a target; None for nothing."""
    leftovers: Callable[[], list[str]] = list
    """Whatever the storage holds that is no published file: temporary files, open uploads."""
    denied: SinkOptions | None = None
    """Options whose credentials the storage refuses, where it knows credentials."""
    unreachable: SinkOptions | None = None
    """Options that point to where nobody listens, where there is a network."""
    creates_only: bool = True
    """False where this storage ignores conditions, so that the sink has to say so."""
    names: tuple[str, ...] = ("plain.csv", "deep/er/file.csv", "with space+plus=é%41.csv")
    """Targets that have to arrive under exactly these names."""


@dataclass(kw_only=True)
class Told:
    """What a sink told profexd while it worked."""

    journaled: list[Staged] = field(default_factory=list)
    sent: int = 0


def connect(
    bench: SinkBench,
    told: Told | None = None,
    *,
    run_id: str = "1",
    create_only: bool = False,
    stops_at: int | None = None,
) -> Sink:
    """Return the sink as profexd makes it for a run; ``told`` remembers what it says."""
    context = context_of(told or Told(), run_id=run_id, create_only=create_only, stops_at=stops_at)
    return bench.sink(bench.options, context)


def content(size: int) -> bytes:
    """Return so many bytes that repeat nowhere a sink would cut them."""
    return (b"0123456789abcdefghijklmnopqrstuvwxyz\n" * (size // 37 + 1))[:size]


def spooled(folder: Path, size: int) -> SpooledFile:
    """Return a built part of ``content(size)``."""
    path = folder / f"part-{size}"
    path.write_bytes(content(size))
    return SpooledFile(
        path=path,
        size=size,
        sha256=hashlib.sha256(content(size)).hexdigest(),
        rows=1,
        media_type="text/csv; charset=UTF-8",
    )


def through_json(staged: Staged) -> Staged:
    """Return the handle as the store gives it back after a crash."""
    return Staged.from_json(json.loads(json.dumps(staged.as_json())))


def context_of(
    told: Told,
    *,
    run_id: str = "1",
    create_only: bool = False,
    stops_at: int | None = None,
    journal: Callable[[Staged], None] | None = None,
) -> SinkContext:
    def progress(sent: int) -> None:
        told.sent += sent
        if stops_at is not None and told.sent >= stops_at:
            raise Stopped("the run was stopped")

    return SinkContext(
        run_id=run_id,
        create_only=create_only,
        reveal=_literal,
        journal=journal or told.journaled.append,
        progress=progress,
    )


def _literal(secret: Secret) -> str:
    if secret.kind != "literal":
        raise LookupError(f"the kit reveals literal secrets only, not {secret!r}")
    return secret.value


def failure_of(bench: SinkBench, options: SinkOptions, folder: Path) -> ProfexdError:
    sink = bench.sink(options, context_of(Told()))
    with pytest.raises(ProfexdError) as raised:
        sink.publish(sink.stage(spooled(folder, 70_000), "file.csv"))
    sink.close()
    return raised.value


def discard_soon(sink: Sink, staged: Staged) -> None:
    """Discard what was cut off just now: a storage that is still busy with it may say so."""
    for pause in (0.1, 0.3, 1.0, 3.0):
        try:
            return sink.discard(staged)
        except Retryable:
            time.sleep(pause)
    sink.discard(staged)


def probed(sink: Sink) -> Probe:
    """Return what a probe says; to raise an error is to say no."""
    try:
        return sink.probe()
    except ProfexdError as why:
        return Probe(ok=False, message=why.message, hint=why.hint)


def says_no_secret(error: ProfexdError, options: SinkOptions) -> None:
    for _, secret in secrets_of(options):
        assert secret.value not in error.message + error.hint

"""Check: what was built against what may leave the machine; nothing has left it yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from profexd.api.errors import NameCollision, Permanent
from profexd.export.checks.limits import Comparison, compare

if TYPE_CHECKING:
    from profexd.config.readers.checks import Checks
    from profexd.export.checks.profile import Profile


class CheckFailed(Permanent):
    """What was built is not what ``[checks]`` allow; every check that failed is named."""

    code = "check_failed"


class HeldBack(CheckFailed):
    """A check failed, and somebody is to decide within ``expiry`` seconds."""

    def __init__(self, message: str, *, hint: str, expiry: float) -> None:
        super().__init__(message, hint=hint)
        self.expiry = expiry


class Skipped(Exception):
    """Nothing is to be delivered, and nothing is wrong with that; the text says why."""


def check_targets(targets: Iterable[tuple[str, str, str]]) -> None:
    """Raise NameCollision when two files of the run would be one.

    ``targets`` are the sink, the place (``Sink.place``) and the URI of each.
    """
    seen: dict[str, str] = {}
    for sink, place, uri in targets:
        if place in seen:
            raise NameCollision(
                f"{uri} would be written twice, by the sinks {seen[place]} and {sink}",
                hint="give the sinks different roots, or name only one of them",
            )
        seen[place] = sink


def check_names(names: Iterable[tuple[str, str, str]]) -> None:
    """Raise NameCollision when two files of the run have one name; each is sink, path and URI."""
    seen: set[tuple[str, str]] = set()
    for sink, path, uri in names:
        if (sink, path) in seen:
            raise NameCollision(
                f"{uri} would be written twice, by two files of the run",
                hint="say in path, or in those of [manifest], what tells one file from another",
            )
        seen.add((sink, path))


def check(
    checks: Checks, now: Profile, before: Profile | None, *, delivered: int
) -> Sequence[Comparison]:
    """Return all comparisons, those that failed among them."""
    # An empty result that is expected is not also held for having no rows.
    if not delivered and not now.rows and checks.on_empty != "deliver":
        return []
    return compare(checks, now, before)


def decide(
    checks: Checks,
    comparisons: Sequence[Comparison],
    now: Profile,
    before: Profile | None,
    *,
    run: str,
    delivered: int,
) -> None:
    """Raise how the run ends where it may not go on: HeldBack, CheckFailed or Skipped.

    ``delivered`` is how many rows the files hold, which in mode ``changed`` is not how many there
    are.
    """
    failed = [one.words for one in comparisons if not one.ok]
    if failed and checks.on_failure == "hold":
        raise HeldBack(
            "; ".join(failed),
            hint=f"profexctl approve {run}, or profexctl reject {run}",
            expiry=checks.hold_expiry,
        )
    if failed and checks.on_failure == "fail":
        raise CheckFailed("; ".join(failed), hint="see to the source, or change [checks]")
    if not delivered and checks.on_empty == "fail":
        raise CheckFailed("there is no row to deliver; on_empty is fail", hint="see to the source")
    if not delivered and checks.on_empty == "skip":
        raise Skipped("there is no row to deliver; on_empty is skip")
    if checks.unchanged == "skip" and before is not None and before.bytes == now.bytes:
        raise Skipped(f"the files are byte for byte those of run {before.run}; unchanged is skip")

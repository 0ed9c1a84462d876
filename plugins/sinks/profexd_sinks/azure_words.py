"""What the errors of Azure's library mean: whether they may pass, and what to tell people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from profexd.api import (
    Permanent,
    ProfexdError,
    Retryable,
    SinkDenied,
    SinkRefused,
    SinkTimeout,
    SinkUnreachable,
    TargetExists,
)

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_LONGEST_WAIT = 86_400.0
_HINTS = {
    "ContainerNotFound": "create the container, or correct its name",
    "ContainerBeingDeleted": "wait until the container is gone, and create it anew",
    "InvalidBlobOrBlock": "another program has unfinished blocks under this name: delete the blob,"
    " or wait a week",
    "BlobTypeMismatch": "a blob of another kind has this name: delete it",
    "BlobImmutableDueToPolicy": "a policy of the container keeps the blob as it is",
    "LeaseIdMissing": "somebody holds a lease on the blob",
}


class BlocksGone(SinkRefused):
    """What was staged is no longer there: it expired, or another blob of the name ended it."""


@contextmanager
def explained(place: str, denied: str) -> Iterator[None]:
    """Turn what Azure's library raises on ``place`` into an error that says what to do.

    ``denied`` is the hint for who is refused. The words of connections are left out: they hold
    the signature of the address.
    """
    from azure.core import exceptions

    try:
        yield
    except exceptions.HttpResponseError as why:
        raise _refusal(place, denied, why) from why
    except (exceptions.ServiceRequestTimeoutError, exceptions.ServiceResponseTimeoutError) as why:
        raise SinkTimeout(
            f"{place}: nothing moved in time", hint="raise timeout in the sink's file"
        ) from why
    except (exceptions.ServiceRequestError, exceptions.ServiceResponseError) as why:
        if _timed_out(why):
            raise SinkTimeout(
                f"{place}: nothing moved in time", hint="raise timeout in the sink's file"
            ) from why
        raise SinkUnreachable(
            f"{place}: no connection: {_plain(why)}", hint="is the account right, and the network?"
        ) from why
    except exceptions.AzureError as why:
        raise Permanent(
            f"{place}: {type(why).__name__}", code=SinkRefused.code, hint="see Azure's status page"
        ) from why


def _refusal(place: str, denied: str, why: Any) -> ProfexdError:
    # The ones that the library knows are members of an enumeration, whose value is the text.
    told = getattr(why, "error_code", None) or ""
    said = str(getattr(told, "value", told))
    status = why.status_code
    if not status:
        # Nothing was asked of the storage: there are no credentials.
        return SinkDenied(f"{place}: {_first_line(why)}", hint=denied)
    message = f"{place}: {status} {said}: {_first_line(why)}"
    if said == "InvalidBlockList":
        return BlocksGone(
            f"what was staged for {place} is gone",
            hint="Azure keeps it for a week; run the pipeline again",
        )
    if status in (401, 403):
        return SinkDenied(message, hint=denied)
    if said in ("BlobAlreadyExists", "UnauthorizedBlobOverwrite") or status == 412:
        return TargetExists(
            f"{place} exists already",
            hint='move it away: on_existing = "fail" or "suffix" never replaces. Where an earlier'
            " attempt of this run was cut off, it may be this run's own: with the right to read"
            " profexd can tell",
        )
    if status in _PASSING:
        return Retryable(message, hint="Azure is busy", retry_after=_patience(why))
    return SinkRefused(message, hint=_HINTS.get(said, "Azure's words say what is wrong"))


def _patience(why: Any) -> float:
    said = str((why.response.headers if why.response else {}).get("Retry-After", ""))
    return min(float(said), _LONGEST_WAIT) if said.isdecimal() else 0.0


def _first_line(why: Any) -> str:
    lines = str(getattr(why, "message", None) or why).strip().splitlines()
    return lines[0][:300] if lines else type(why).__name__


def _causes(why: BaseException) -> Iterator[BaseException]:
    seen: list[object] = [why]
    while seen:
        one = seen.pop()
        if isinstance(one, BaseException):
            yield one
            seen += [one.__cause__, *one.args, getattr(one, "inner_exception", None)]
            seen.append(getattr(one, "reason", None))


def _timed_out(why: BaseException) -> bool:
    return any("Timeout" in type(one).__name__ for one in _causes(why))


def _plain(why: BaseException) -> str:
    for one in _causes(why):
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
    return "it broke"

"""The orders that the list of pipelines can be sorted in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum

from profexd.tui.naming import bare, host_of
from profexd.wire import PipelineJson, PipelineState

_TROUBLE = {state: rank for rank, state in enumerate(PipelineState)}
_NEVER = "9999"


class Order(StrEnum):
    """What the list is sorted by."""

    NAME = "name"
    HOST = "host"
    STATE = "state"
    LAST = "last"
    NEXT = "next"
    ROWS = "rows"


def in_order(
    pipelines: Iterable[PipelineJson], order: Order, *, reverse: bool
) -> list[PipelineJson]:
    """Return the pipelines sorted; equals stay sorted by name, with those of one host together."""
    by_name = sorted(pipelines, key=lambda pipeline: pipeline["name"])
    return sorted(by_name, key=_KEYS[order], reverse=reverse)


def _last(pipeline: PipelineJson) -> str:
    last = pipeline["last_run"]
    return (last["finished_at"] or last["started_at"] or "") if last else ""


def _rows(pipeline: PipelineJson) -> int:
    return pipeline["last_run"]["rows"] if pipeline["last_run"] else -1


_KEYS: dict[Order, Callable[[PipelineJson], str | int]] = {
    Order.NAME: lambda pipeline: bare(pipeline["name"]),
    Order.HOST: lambda pipeline: host_of(pipeline["name"]),
    Order.STATE: lambda pipeline: _TROUBLE[PipelineState(pipeline["state"])],
    Order.LAST: _last,
    Order.NEXT: lambda pipeline: pipeline["next_run_at"] or _NEVER,
    Order.ROWS: _rows,
}

"""Reads ``[checks]``: what must hold of the built files before any of them is published."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from profexd.api.options import Check, Doc, Percent
from profexd.config.readers.roles import report_twice
from profexd.config.readers.tables import NonEmpty, PositiveDuration, Table, at_least, written
from profexd.config.text.problems import Mistake, Scope

HOLD_EXPIRY = 7 * 86400.0


def _share(value: Decimal) -> Decimal:
    if value > 100:
        raise Mistake("must be at most 100%", 'as "20%": a part of a whole')
    return value


Share = Annotated[Percent, Check(_share)]
Count = Annotated[int, Check(at_least(0, "0"))]


class ChecksTable(Table):
    min_rows: Annotated[Count | None, Doc("Fewer rows than this are wrong.")] = None
    max_rows: Annotated[Count | None, Doc("More rows than this are wrong.")] = None
    max_row_drop: Annotated[
        Share | None,
        Doc("How far rows may fall since the last delivered run."),
    ] = None
    max_row_growth: Annotated[
        Percent | None,
        Doc("How far rows may grow since the last delivered run."),
    ] = None
    max_null: Annotated[
        dict[NonEmpty, Share],
        Doc("Columns, each with the share of rows in which it may be NULL."),
    ] = Field(default_factory=dict)
    unique: Annotated[
        list[NonEmpty], Doc("Columns in which no value may be there twice; NULL is no value.")
    ] = Field(default_factory=list)
    on_empty: Annotated[
        Literal["deliver", "skip", "fail"],
        Doc("When there is no row to deliver: deliver the empty file, skip the run, or fail it."),
    ] = "deliver"
    on_failure: Annotated[
        Literal["hold", "fail", "warn"],
        Doc("When a check fails: hold the run until somebody decides, fail it, or only warn."),
    ] = "hold"
    unchanged: Annotated[
        Literal["deliver", "skip"],
        Doc("When the bytes are those of the last delivered run: deliver them again, or skip."),
    ] = "deliver"
    hold_expiry: Annotated[
        PositiveDuration, Doc("How long a held run waits until it is rejected by itself.")
    ] = written("7d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """``[checks]``. Shares are percent."""

    min_rows: int | None = None
    max_rows: int | None = None
    max_row_drop: Decimal | None = None
    max_row_growth: Decimal | None = None
    max_null: tuple[tuple[str, Decimal], ...] = ()
    unique: tuple[str, ...] = ()
    on_empty: Literal["deliver", "skip", "fail"] = "deliver"
    on_failure: Literal["hold", "fail", "warn"] = "hold"
    unchanged: Literal["deliver", "skip"] = "deliver"
    hold_expiry: float = HOLD_EXPIRY

    @property
    def any(self) -> bool:
        """Whether anything is compared."""
        limits = (self.min_rows, self.max_rows, self.max_row_drop, self.max_row_growth)
        return bool(self.max_null or self.unique) or any(one is not None for one in limits)

    @property
    def may_end(self) -> bool:
        """Whether a run may end here, with its files built and none of them sent."""
        policies = self.on_empty != "deliver" or self.unchanged != "deliver"
        return policies or (self.any and self.on_failure != "warn")


def read_checks(table: ChecksTable, scope: Scope) -> Checks:
    """Return the checks; what is wrong between the keys is reported."""
    low, high = table.min_rows, table.max_rows
    if low is not None and high is not None and low > high:
        scope.add(("min_rows",), f"is more than max_rows, which is {high}", "no run could pass")
    report_twice(table.unique, scope, ("unique",))
    return Checks(
        min_rows=low,
        max_rows=high,
        max_row_drop=table.max_row_drop,
        max_row_growth=table.max_row_growth,
        max_null=tuple(table.max_null.items()),
        unique=tuple(table.unique),
        on_empty=table.on_empty,
        on_failure=table.on_failure,
        unchanged=table.unchanged,
        hold_expiry=table.hold_expiry,
    )

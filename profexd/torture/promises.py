"""The pipelines that are tortured, and what each has to have delivered."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, TypeVar

from profexd.torture.reading import Row
from profexd.torture.warehouse import BULK_ROWS, Customer, Warehouse

MAIN, ASIDE = "main", "aside"
Key = TypeVar("Key", str, int)

_SPLIT_ROWS = 40
_SHOWN = 5


class Promise(ABC):
    """One pipeline: its file, and the judge of what it delivers.

    ``files`` are what a done run delivered to one sink, by name, as a reader finds them.
    """

    name: str
    text: ClassVar[str]
    source: ClassVar[str] = "customers"
    sinks: ClassVar[tuple[str, ...]] = (MAIN,)
    held: ClassVar[bool] = False
    """Whether each run waits until somebody decides."""
    resent: ClassVar[bool] = False
    """Whether each run is sent again, once its files were taken away."""
    vouched: ClassVar[bool] = False
    """Whether manifests vouch for what is delivered."""
    followers: ClassVar[tuple[str, ...]] = ()
    """The pipelines that are asked to run while this one publishes, into the same file."""

    def toml(self) -> str:
        """Return the pipeline's file."""
        return f'source = "{self.source}"\nsinks = {list(self.sinks)}\n{self.text}'

    @abstractmethod
    def wrong(self, files: Sequence[Sequence[Row]], warehouse: Warehouse) -> Iterator[str]:
        """Yield what is wrong with what one run delivered, in words."""

    def delivered(self, warehouse: Warehouse) -> None:
        """Remember that what the warehouse holds is delivered, where the next run goes by it."""
        return


class Full(Promise):
    name = "full"
    text = """\
path = "full/customers.csv.gz"
compression = "gzip"
[format]
type = "csv"
"""

    def wrong(self, files: Sequence[Sequence[Row]], warehouse: Warehouse) -> Iterator[str]:
        rows = [row for file in files for row in file]
        found = {str(row["id"]): (str(row["country"]), int(row["visits"])) for row in rows}
        if len(found) != len(rows):
            yield f"{len(rows) - len(found)} customers are there twice"
        yield from _differences(found, warehouse.customers)


class Split(Full):
    name = "split"
    text = f"""\
path = "split/${{run_id}}-${{part}}.jsonl"
split = {{ max_rows = {_SPLIT_ROWS} }}
[format]
type = "json"
layout = "lines"
"""

    def wrong(self, files: Sequence[Sequence[Row]], warehouse: Warehouse) -> Iterator[str]:
        yield from super().wrong(files, warehouse)
        order = [row["id"] for file in files for row in file]
        if order != sorted(order):
            yield "the parts are out of order"
        if any(len(file) > _SPLIT_ROWS for file in files):
            yield "a part has too many rows"


class Partitioned(Full):
    name = "partitions"
    text = """\
path = "partitions/${run_id}-${column:country}.csv"
partition_by = ["country"]
[format]
type = "csv"
"""

    def wrong(self, files: Sequence[Sequence[Row]], warehouse: Warehouse) -> Iterator[str]:
        yield from super().wrong(files, warehouse)
        if any(len({row["country"] for row in file}) != 1 for file in files):
            yield "a partition holds several countries"


class Several(Full):
    name = "several"
    sinks = (MAIN, ASIDE)
    text = """\
path = "several/${run_id}.csv"
[format]
type = "csv"
"""


class Once(Full):
    """A pipeline that runs by itself, once; each has a number."""

    text = """\
path = "once/${pipeline}-${run_id}.csv"
schedule = "once"
[format]
type = "csv"
"""

    def __init__(self, number: int) -> None:
        self.name = f"once-{number}"


class Bulk(Promise):
    """A file that is large, and the same name every time."""

    name = "bulk"
    source = "bulk"
    text = """\
path = "bulk.csv"
[format]
type = "csv"
"""

    def wrong(self, files: Sequence[Sequence[Row]], warehouse: Warehouse) -> Iterator[str]:
        (rows,) = files
        if len(rows) != BULK_ROWS:
            yield f"{len(rows)} rows instead of {BULK_ROWS}"
        generations = {row["generation"] for row in (*rows[:1], *rows[-1:])}
        if generations != {str(warehouse.generation)}:
            yield f"rows of generation {generations} instead of {warehouse.generation}"


class Changed(Promise):
    name = "changed"
    text = """\
path = "changed/${run_id}.csv"
mode = "changed"
[format]
type = "csv"
[changes]
operation = "operation"
deletes = "include"
"""

    def __init__(self) -> None:
        self._known: dict[str, Customer] = {}
        self._first = True

    def wrong(self, files: Sequence[Sequence[Row]], warehouse: Warehouse) -> Iterator[str]:
        before, now = self._known, warehouse.customers
        expected = dict.fromkeys(before.keys() - now.keys(), "removed")
        for key, customer in now.items():
            if key not in before:
                expected[key] = "added"
            elif before[key] != customer:
                expected[key] = "changed"
        rows = [row for file in files for row in file]
        found = {str(row["id"]): str(row["operation"]) for row in rows}
        if len(found) != len(rows):
            yield f"{len(rows) - len(found)} changes are there twice"
        if self._first:
            # Of a first run every row is new, whatever it is called.
            found, expected = dict.fromkeys(found, ""), dict.fromkeys(expected, "")
        yield from _differences(found, expected)

    def delivered(self, warehouse: Warehouse) -> None:
        self._known = dict(warehouse.customers)
        self._first = False


class Window(Promise):
    name = "window"
    source = "events"
    text = """\
path = "window/${run_id}-${event}.jsonl"
[format]
type = "json"
layout = "lines"
[events]
window = "last"
"""

    def __init__(self) -> None:
        self._known = 0

    def wrong(self, files: Sequence[Sequence[Row]], warehouse: Warehouse) -> Iterator[str]:
        rows = [row for file in files for row in file]
        found = {int(row["n"]): str(row["event_name"]) for row in rows}
        if len(found) != len(rows):
            yield f"{len(rows) - len(found)} events are there twice"
        yield from _differences(found, dict(warehouse.events[self._known :]))

    def delivered(self, warehouse: Warehouse) -> None:
        self._known = len(warehouse.events)


def promises() -> list[Promise]:
    """Return a fresh set of pipelines."""
    return [Full(), Split(), Partitioned(), Changed(), Window(), Several(), Bulk()]


def _differences(found: Mapping[Key, object], expected: Mapping[Key, object]) -> Iterator[str]:
    for what, keys in (
        ("is missing", expected.keys() - found.keys()),
        ("should not be there", found.keys() - expected.keys()),
        (
            "is wrong",
            {key for key in found.keys() & expected.keys() if found[key] != expected[key]},
        ),
    ):
        if keys:
            some = ", ".join(map(str, sorted(keys)[:_SHOWN]))
            yield f"{len(keys)} of {len(expected)} rows: {some}{' …' * (len(keys) > _SHOWN)} {what}"

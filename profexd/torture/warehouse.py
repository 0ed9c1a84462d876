"""A small warehouse that changes between runs, and knows what it holds."""

from __future__ import annotations

import time
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import duckdb

Customer = tuple[str, int]
"""Country and visits."""

COUNTRIES = ("IT", "FR", "DE", "JP")
EVENT_NAMES = ("Charged", "App Launched")
BULK_ROWS = 150_000
"""Of 65 bytes each: more than goes to an object store in one piece."""

_AT_FIRST = 120
_MANY = 160
_PATIENCE = 30.0
"""Seconds that a reader may keep the database for itself."""

_TABLES = """
CREATE TABLE customers (id VARCHAR, country VARCHAR, visits INTEGER);
CREATE TABLE events (event_name VARCHAR, event_time TIMESTAMPTZ, n INTEGER);
CREATE TABLE generation AS SELECT 0 AS n;
"""


class Warehouse:
    """The database, and the same in memory."""

    def __init__(self, database: Path, random: Random) -> None:
        self.database = database
        self.customers: dict[str, Customer] = {}
        self.events: list[tuple[int, str]] = []
        """Number and name of each."""
        self.generation = 0
        self._random = random
        self._made = 0
        with duckdb.connect(str(database)) as connection:
            connection.execute(_TABLES)
        self.change(new=_AT_FIRST)

    def frozen(self) -> Warehouse:
        """Return what it holds now, in memory alone."""
        frozen = copy(self)
        frozen.customers = dict(self.customers)
        frozen.events = list(self.events)
        return frozen

    def change(self, new: int = 0) -> None:
        """Let some customers come, change and go, and some events happen."""
        random = self._random
        for _ in range(new or random.randrange(1, 12)):
            self._made += 1
            self.customers[f"c{self._made:06}"] = (random.choice(COUNTRIES), 0)
        for name in random.sample(sorted(self.customers), 8):
            country, visits = self.customers[name]
            self.customers[name] = (country, visits + 1)
        leave = 2 if len(self.customers) < _MANY else 10
        for name in random.sample(sorted(self.customers), leave):
            del self.customers[name]
        happened = [
            (len(self.events) + n, random.choice(EVENT_NAMES))
            for n in range(random.randrange(1, 6))
        ]
        self.events += happened
        self.generation += 1
        now = datetime.now(UTC)
        with self._opened() as connection:
            connection.execute("BEGIN")
            connection.execute("DELETE FROM customers")
            connection.executemany(
                "INSERT INTO customers VALUES (?, ?, ?)",
                [(name, *rest) for name, rest in self.customers.items()],
            )
            connection.executemany(
                "INSERT INTO events VALUES (?, ?, ?)", [(name, now, n) for n, name in happened]
            )
            connection.execute("UPDATE generation SET n = ?", [self.generation])
            connection.execute("COMMIT")

    def _opened(self) -> duckdb.DuckDBPyConnection:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return duckdb.connect(str(self.database))
            except duckdb.IOException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

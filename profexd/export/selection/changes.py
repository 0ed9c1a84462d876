"""Changed rows: what of a selection differs from what the last delivered run had of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from profexd.api.sql import identifier, literal
from profexd.api.types import Column, DataType
from profexd.config.shape import ChangesChoice
from profexd.export.judging.finding import Findings
from profexd.export.selection.baseline import Baseline, keeping
from profexd.export.selection.fingerprint import engine_mark, header_mark, row_hash
from profexd.export.selection.keys import raise_ambiguous
from profexd.export.source.engine import failing
from profexd.export.source.schema import describe

if TYPE_CHECKING:
    from profexd.config.model import Pipeline
    from profexd.export.parts.rows import DuckRows
    from profexd.export.plan import Plan
    from profexd.export.selection.query import Selection

_KEY = "profexd_key"
_HASH = "profexd_hash"
_OPERATION = "profexd_operation"
_ORDER = "profexd_order_"
_ALL = "temp.profexd_all"
_DELTA = "temp.profexd_delta"
_CHANGED = "temp.profexd_changed"
_TEXT = DataType("varchar", "VARCHAR")
_KEPT_AS_THEY_ARE = frozenset(
    f"{sign}{size}" for sign in ("", "u") for size in ("tinyint", "smallint", "integer", "bigint")
) | {"varchar", "uuid", "date", "decimal"}
"""Types of keys that Parquet gives back as they were; others are kept as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a run in mode ``changed`` holds, and what the next one is to know."""

    rows: DuckRows
    removed: DuckRows | None
    """What goes into a file of its own: the profiles that are gone, if there are any."""
    state: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one profile stands to what was delivered of it."""

    state: Literal["added", "changed", "removed", "unchanged"]
    since: str
    """The last delivered run, which left the baseline."""


def kept_file(plan: Plan) -> Path:
    """Return where a run leaves its baseline."""
    return plan.keep / f"{plan.run_id}.parquet"


def baseline_files(pipeline: Pipeline, plan: Plan, *new: Path) -> tuple[Path, ...]:
    """Return the files that a run reads beside its source: the last baseline, and ``new`` ones."""
    if pipeline.changes is None:
        return ()
    last = Baseline.of(plan.state)
    return new if last is None else (*new, plan.keep / last.file)


def judge_changes(
    pipeline: Pipeline, headers: Sequence[str], key_header: str | None, findings: Findings
) -> None:
    """Find what of ``[changes]`` does not go with the columns of the file."""
    choice = pipeline.changes
    if choice is None:
        return
    if choice.operation.lower() in (header.lower() for header in headers):
        findings.error(
            ("changes", "operation"),
            f'the file has another column "{choice.operation}"',
            "give one of them another name",
        )
    if choice.deletes != "ignore" and key_header is None:
        findings.error(
            ("changes", "deletes"),
            f'the file has no column of the key, "{pipeline.source.key}", to say who is gone',
            "let [columns] export the key",
        )


def changed_rows(
    rows: DuckRows,
    selection: Selection,
    pipeline: Pipeline,
    plan: Plan,
    *,
    new: Path,
    warn: Callable[[str], None],
) -> Changes:
    """Return what of ``rows``, the whole selection, is to be delivered.

    Writes the new baseline to ``new``. Raises ConfigurationInvalid for a key that is NULL or there
    more than once.
    """
    choice = pipeline.changes or ChangesChoice()
    comparison = _Comparison(rows, selection, pipeline, new)
    last = Baseline.of(plan.state)
    old = last.within(plan.keep) if last is not None else None
    why = _why_full(last, old, comparison, plan)
    if why:
        warn(f"{why}: this run is full")
    full = bool(why) or last is None or _due(last, plan, choice)
    known = old if last is not None and last.key == comparison.key_mark else None
    # A database that is open read-only stays as it is; what a query reads may not.
    steady = pipeline.source.table is not None
    count = comparison.keep(stored=full and not steady)
    if full:
        changed, removed = comparison.full(known)
    else:
        assert known is not None
        if not comparison.differ(known, steady=steady):
            count = comparison.keep(stored=True)
            comparison.differ(known, steady=True)
        changed, removed = comparison.taken_apart()
    return Changes(
        rows=changed,
        removed=removed,
        state=Baseline(
            file=new.name,
            size=new.stat().st_size,
            rows=count,
            key=comparison.key_mark,
            header=comparison.header_mark,
            engine=comparison.engine_mark,
            run=plan.run_id,
            full_at=plan.instant.isoformat() if full or last is None else last.full_at,
        ).as_json(),
    )


def standing(
    rows: DuckRows, selection: Selection, pipeline: Pipeline, plan: Plan, key: str
) -> Standing | None:
    """Return how the profile of ``key``, as text, stands to the last delivered run.

    None where changes cannot be told: there was no run, or the next one is full for another
    reason; and where neither knows the profile.
    """
    comparison = _Comparison(rows, selection, pipeline, Path())
    last = Baseline.of(plan.state)
    old = last.within(plan.keep) if last is not None else None
    if last is None or old is None or _why_full(last, old, comparison, plan):
        return None
    before, now = comparison.hashes(old, key)
    if before == now:
        return Standing(state="unchanged", since=last.run) if now is not None else None
    word: Literal["added", "removed", "changed"] = "changed"
    if before is None or now is None:
        word = "added" if before is None else "removed"
    return Standing(state=word, since=last.run)


def _why_full(
    last: Baseline | None,
    old: Path | None,
    comparison: _Comparison,
    plan: Plan,
) -> str:
    """Return why changes cannot be told though there was a run before; empty where they can."""
    if last is None:
        return ""
    if old is None:
        return f"{plan.keep / last.file}, which tells what was delivered, is gone or damaged"
    if last.key != comparison.key_mark:
        return "the key is another column, or of another type, than in the last delivered run"
    if last.header != comparison.header_mark:
        return "the columns are not those of the last delivered run"
    if last.engine != comparison.engine_mark:
        return "this version of DuckDB hashes values otherwise than that of the last delivered run"
    return ""


def _due(last: Baseline, plan: Plan, choice: ChangesChoice) -> bool:
    if choice.full_every is None:
        return False
    return plan.instant >= last.full_since + timedelta(seconds=choice.full_every)


class _Comparison:
    """One selection beside what was delivered of it, in temporary tables of its connection."""

    def __init__(self, rows: DuckRows, selection: Selection, pipeline: Pipeline, new: Path) -> None:
        self._rows = rows
        self._selection = selection
        self._pipeline = pipeline
        self._choice = pipeline.changes or ChangesChoice()
        self._new = new
        self._source = self._keyed()
        self._hash = row_hash(selection.columns, "k")
        with self._failing():
            connection = rows.source.connection
            [key] = describe(connection, f"SELECT {_KEY} FROM ({self._source})")  # noqa: S608 - quoted
            self.engine_mark = engine_mark(connection)
        self._key_type = key.type.text if key.type.id in _KEPT_AS_THEY_ARE else "VARCHAR"
        self.key_mark = header_mark((key,), self._key_type)
        self.header_mark = header_mark(selection.columns, self._choice.operation)

    # Reading

    def keep(self, *, stored: bool) -> int:
        """Write key and hash of every row to the new baseline; return how many there are.

        Where they are ``stored`` the rows are read once for this and all that follows.
        """
        if stored:
            self._run(f"CREATE OR REPLACE TEMP TABLE {_ALL} AS\n{self._keyed()}")
            self._source = f"FROM {_ALL}"
        statement = (
            f"SELECT CAST({_KEY} AS {self._key_type}) AS key,"  # noqa: S608 - all quoted
            f" {self._hash} AS hash FROM (\n{self._source}\n) k ORDER BY key"
        )
        with keeping(self._new) as file, self._rows.source.naming(file) as path:
            [(count,)] = self._run(
                f"COPY (\n{statement}\n) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd)"
            )
        self._refuse_ambiguous()
        return int(count)

    def full(self, old: Path | None) -> tuple[DuckRows, DuckRows | None]:
        """Return all rows, and those that are gone since ``old`` where that is asked for."""
        choice = self._choice
        if old is None or not (choice.operation or choice.deletes != "ignore"):
            return self._as_they_are(), None
        self._compare(old, "true" if choice.operation else "n.key IS NULL")
        join = "JOIN" if choice.operation else "LEFT JOIN"
        self._fetch(join, "true")
        return self.taken_apart()

    def differ(self, old: Path, *, steady: bool) -> bool:
        """Find the rows that are not as in ``old``; False where two reads do not agree."""
        self._compare(old, "n.hash IS DISTINCT FROM o.hash")
        self._fetch("JOIN", "true" if steady else f"{self._hash} = d.hash")
        if steady:
            return True
        there = "operation <> 'removed'"
        [(wanted, found)] = self._run(
            f"SELECT (SELECT count(*) FROM {_DELTA} WHERE {there}),"  # noqa: S608 - fixed
            f" (SELECT count(*) FROM {_CHANGED} WHERE profexd_{there})"
        )
        return bool(found == wanted)

    def taken_apart(self) -> tuple[DuckRows, DuckRows | None]:
        """Return the rows of the file, and those of the file of removed ones."""
        if self._choice.deletes != "separate-file":
            return self._found("true"), None
        gone = f"{_OPERATION} IS NOT DISTINCT FROM 'removed'"
        [(some,)] = self._run(f"SELECT count(*) > 0 FROM {_CHANGED} WHERE {gone}")  # noqa: S608 - fixed
        return self._found(f"NOT ({gone})"), self._found(gone) if some else None

    def hashes(self, old: Path, key: str) -> tuple[int | None, int | None]:
        """Return the hash of one profile in ``old`` and that of its values now."""
        [(before, now)] = self._run(
            f"SELECT (SELECT hash FROM read_parquet({literal(str(old))})"  # noqa: S608 - quoted
            " WHERE CAST(key AS VARCHAR) = $1),"
            f" (SELECT {self._hash} FROM (\n{self._source}\n) k"
            f" WHERE CAST({_KEY} AS VARCHAR) = $1)",
            key,
        )
        return before, now

    # SQL

    def _keyed(self) -> str:
        """Return the unordered SELECT of the rows with what tells them apart and orders them."""
        selection = self._selection
        behind = [f"{expression} AS {name}" for expression, name in selection.hidden]
        behind.append(f"{selection.key} AS {_KEY}")
        behind += [f"{term} AS {_ORDER}{n}" for n, (term, _) in enumerate(selection.order)]
        return f"SELECT {', '.join((selection.shown, *behind))} {selection.rest}"

    def _compare(self, old: Path, condition: str) -> None:
        self._run(
            f"CREATE OR REPLACE TEMP TABLE {_DELTA} AS"  # noqa: S608 - all quoted
            " SELECT coalesce(n.key, o.key) AS key, n.hash AS hash, CASE WHEN o.key IS NULL"
            " THEN 'added' WHEN n.key IS NULL THEN 'removed' ELSE 'changed' END AS operation"
            f" FROM read_parquet({literal(str(self._new))}) n"
            f" FULL OUTER JOIN read_parquet({literal(str(old))}) o ON n.key = o.key"
            f" WHERE {condition}"
        )

    def _fetch(self, join: str, condition: str) -> None:
        """Store the rows that the delta names, and a row of each key that is gone."""
        gone = f"SELECT key AS {_KEY}, operation AS {_OPERATION}"
        if self._selection.key_header is not None:
            [header] = [
                column
                for column in self._selection.columns
                if column.name == self._selection.key_header
            ]
            gone += f", CAST(key AS {header.type.text}) AS {identifier(header.name)}"
        ignored = "false" if self._choice.deletes == "ignore" else "true"
        self._run(
            f"CREATE OR REPLACE TEMP TABLE {_CHANGED} AS"  # noqa: S608 - all quoted
            f" SELECT k.*, d.operation AS {_OPERATION} FROM (\n{self._source}\n) k"
            f" {join} {_DELTA} d ON CAST(k.{_KEY} AS {self._key_type}) = d.key AND {condition}"
            " UNION ALL BY NAME"
            f" {gone} FROM {_DELTA} WHERE operation = 'removed' AND {ignored}"
        )

    def _as_they_are(self) -> DuckRows:
        if self._source == f"FROM {_ALL}":
            return self._out(_ALL, "'added'")
        selection = self._selection
        shown = ", ".join((selection.shown, *self._operation("'added'")))
        statement = replace(selection, shown=shown).statement()
        return replace(self._rows, statement=statement, columns=self._columns)

    def _found(self, condition: str) -> DuckRows:
        return self._out(f"{_CHANGED} WHERE {condition}", _OPERATION)

    def _out(self, stored: str, operation: str) -> DuckRows:
        """Return stored rows with the columns of the file and the hidden ones, in order."""
        selection = self._selection
        names = [identifier(column.name) for column in selection.columns]
        names += self._operation(operation)
        names += [name for _, name in selection.hidden]
        terms = [
            f"{_ORDER}{n} {'DESC' if down else 'ASC'} NULLS LAST"
            for n, (_, down) in enumerate(selection.order)
        ]
        # A profile that is gone has nothing but its key to be ordered by.
        order = ", ".join((*terms, _KEY))
        statement = f"SELECT {', '.join(names)} FROM {stored}\nORDER BY {order}"  # noqa: S608 - all quoted
        return replace(self._rows, statement=statement, columns=self._columns)

    @property
    def _columns(self) -> tuple[Column, ...]:
        name = self._choice.operation
        return (*self._selection.columns, *([Column(name, _TEXT)] if name else []))

    def _operation(self, expression: str) -> list[str]:
        """Return the column that says what happened, where one is asked for."""
        name = self._choice.operation
        return [f"{expression} AS {identifier(name)}"] if name else []

    def _refuse_ambiguous(self) -> None:
        """Raise SourceInvalid where a key is NULL or there more than once."""
        file = f"read_parquet({literal(str(self._new))})"
        kept = f"(SELECT CAST(key AS VARCHAR) AS key FROM {file})"  # noqa: S608 - quoted
        # The file is in the order of the keys, and the engine reads it in that order.
        found = self._run(
            f"SELECT key FROM (SELECT key, lag(key) OVER () AS before FROM {kept})"  # noqa: S608 - quoted
            " WHERE key IS NULL OR key = before LIMIT 1"
        )
        if found:
            [(key,)] = found
            [(count,)] = self._run(
                f"SELECT count(*) FROM {kept} WHERE key IS NOT DISTINCT FROM $1",  # noqa: S608 - quoted
                key,
            )
            raise_ambiguous(self._pipeline, key, count)

    def _run(self, statement: str, *values: object) -> Sequence[tuple[Any, ...]]:
        self._rows.stop.check()
        with self._failing():
            found: Sequence[tuple[Any, ...]] = self._rows.source.connection.execute(
                statement, values or None
            ).fetchall()
        return found

    def _failing(self) -> Any:
        return failing(self._rows.name, stop=self._rows.stop, folder=self._rows.spill)

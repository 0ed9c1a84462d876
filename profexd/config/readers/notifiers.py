"""Reads ``[[notify]]``: of what somebody is told, and by which notifier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from profexd.config.notify import Notify
from profexd.config.readers.parts import read_notifier
from profexd.config.text.problems import Scope, nearest

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog

SELF_EVIDENT = ("webhook", "command")
"""Notifiers whose own key says which they are, so that ``type`` need not."""


def read_notify(
    tables: Iterable[Mapping[str, Any]], scope: Scope, catalog: Catalog
) -> tuple[Notify, ...]:
    """Return who is told; what is wrong was reported."""
    read = [_read(table, scope.within("notify", at), catalog) for at, table in enumerate(tables)]
    return tuple(notify for notify in read if notify is not None)


def _read(table: Mapping[str, Any], scope: Scope, catalog: Catalog) -> Notify | None:
    if "type" not in table:
        written = [key for key in SELF_EVIDENT if key in table]
        if len(written) > 1:
            scope.add(("command",), "cannot stand beside webhook", "write a second [[notify]]")
            return None
        meant = written or [near for key in table if (near := nearest(key, SELF_EVIDENT))]
        if not meant:
            hint = 'add webhook = "https://…", command = ["…"], or the type of a plugin'
            scope.missing(("webhook",), hint)
            return None
        table = {"type": meant[0], **table}
    found = read_notifier(table, scope, catalog)
    return None if found is None else Notify(type=found[0], options=found[1])

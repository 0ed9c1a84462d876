"""``[identity]``: the columns that say whose row it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from profexd.export.selection.output import Output

if TYPE_CHECKING:
    from profexd.config.model import Source
    from profexd.config.shape import IdentityChoice
    from profexd.export.source.lookup import Lookup


def identity_outputs(choice: IdentityChoice, source: Source, lookup: Lookup) -> list[Output]:
    """Return the columns of ``[identity]`` in their order."""
    roles = source.profiles
    chosen = lookup.several(choice.columns, ("identity", "columns"))
    first = choice.export == "first"
    outputs = [Output("identity", _first(chosen) if first else _every(chosen), "identity")]
    if choice.all_identities:
        known = lookup.several(roles.identities, ("profiles", "identities"), of="source")
        outputs.append(Output("all_identities", _every(known), "all_identities"))
    for wanted, column, role in ((choice.id, roles.id, "id"), (choice.ids, roles.ids, "ids")):
        if wanted and column is not None:
            found = lookup.one(column, ("profiles", role), of="source")
            outputs.append(
                Output(found.name if found else column, found.sql if found else None, role)
            )
    return outputs


def present(sql: str) -> str:
    """Return the text of ``sql``, NULL where it is NULL or empty."""
    return f"nullif(CAST({sql} AS VARCHAR), '')"


def _first(columns: Sequence[str]) -> str | None:
    if not columns:
        return None
    return f"coalesce({', '.join(present(sql) for sql in columns)})"


def _every(columns: Sequence[str]) -> str | None:
    """Return a list of what is present; NULL, so that the column is blank, if nothing is."""
    if not columns:
        return None
    texts = ", ".join(present(sql) for sql in columns)
    return f"nullif(list_filter([{texts}], lambda x: x IS NOT NULL), [])"

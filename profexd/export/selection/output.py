"""A column of the file as SQL over the source, before its type is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Output:
    """One column of the file: its header, the SQL of it, and what it means.

    Without SQL it is a column that the source no longer has: it stays in the file, blank.
    """

    header: str
    sql: str | None
    role: str = "property"
    label: str = ""
    source: str = ""
    """The column of the source that it is, if it is just that."""

    @property
    def folded(self) -> str:
        """The header as the engine compares names."""
        return self.header.lower()

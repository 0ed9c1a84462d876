"""Reports literal secrets in files that everybody may read."""

from __future__ import annotations

from collections.abc import Iterable

from profexd.config.text.problems import Path, Scope


def report_exposed(secrets: Iterable[Path], scope: Scope) -> bool:
    """Report those of the literal secrets, by their paths, that everybody may read."""
    exposed = False
    for path in secrets:
        document, _ = scope.document(path)
        if document.world_readable:
            scope.add(
                path,
                f"a secret stands in {document.label}, which everybody may read",
                f"chmod o-r {document.label}, or keep the secret elsewhere: "
                '{ env = "…" }, { file = "…" } or { credential = "…" }',
            )
            exposed = True
    return exposed

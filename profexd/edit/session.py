"""One file in an editor, as visudo does it: a copy is edited, checked, then saved or not."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from profexd.edit import saving, trial
from profexd.edit.editor import open_editor
from profexd.edit.errors import EditError
from profexd.edit.target import Target


class Session:
    """Holds the copy until the block ends; the file itself is touched by ``save`` alone."""

    def __init__(
        self, target: Target, environ: Mapping[str, str], *, state: str | None = None
    ) -> None:
        self.target = target
        self._environ = environ
        self._state = state
        self._folder = tempfile.TemporaryDirectory(prefix="profexd-edit-")
        self._copy = Path(self._folder.name) / target.file.name
        try:
            saving.refuse_unwritable(target.file)
            self._before = target.file.read_bytes()
        except FileNotFoundError:
            self._folder.cleanup()
            raise EditError(
                f"{target.file}: no such file",
                code="not_found",
                hint=f"profexctl new {target.kind} {target.name}",
            ) from None
        except BaseException:
            self._folder.cleanup()
            raise
        handle = os.open(self._copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(self._before)

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the copy."""
        self._folder.cleanup()

    @property
    def changed(self) -> bool:
        """Whether the copy says something else than the file did."""
        return self._written() != self._before

    @property
    def overtaken(self) -> bool:
        """Whether somebody else has changed the file meanwhile."""
        try:
            return self.target.file.read_bytes() != self._before
        except OSError:
            return True

    def edit(self, *, line: int = 0) -> None:
        """Open the copy in the caller's editor, at the line of a problem."""
        open_editor(self._copy, self._environ, line=line)

    def check(self) -> trial.Verdict:
        """Check the copy as if it were saved."""
        return trial.check(self.target, self.text, state=self._state)

    def save(self) -> None:
        """Save the copy over the file."""
        saving.replace(self.target, self.text)

    @property
    def text(self) -> str:
        """What the copy says."""
        try:
            return self._written().decode()
        except UnicodeDecodeError:
            raise EditError(
                f"{self.target.label} is not UTF-8 any more; nothing was saved",
                code="editor_failed",
                hint="have the editor write UTF-8",
            ) from None

    def _written(self) -> bytes:
        try:
            return self._copy.read_bytes()
        except FileNotFoundError:
            raise EditError(
                "the editor removed the copy; nothing was saved", code="editor_failed"
            ) from None

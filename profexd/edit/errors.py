"""Why a file cannot be edited or written: what failed, on what, and what to do."""

from __future__ import annotations


class EditError(Exception):
    """Nothing was written."""

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint

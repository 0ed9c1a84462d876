"""Deletes the files of pipelines, with the caller's rights, if that is confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from profexd.tui.naming import bare
from profexd.wire import PipelineJson

if TYPE_CHECKING:
    from profexd.tui.app import ProfexdApp

_FILES_SHOWN = 5


def confirm_delete(app: ProfexdApp, pipelines: Sequence[PipelineJson]) -> None:
    """Ask, then delete; the daemon notices by itself."""
    from profexd.tui.screens.dialogs import Confirm

    names = [bare(pipeline["name"]) for pipeline in pipelines]
    what = names[0] if len(names) == 1 else f"{len(names)} pipelines"
    files = [pipeline["file"] for pipeline in pipelines]
    lines = files[:_FILES_SHOWN]
    if len(files) > _FILES_SHOWN:
        lines.append(f"and {len(files) - _FILES_SHOWN} more")
    lines.append("It never runs again; its history and what it delivered stay.")
    if any(pipeline["running"] is not None for pipeline in pipelines):
        lines.append("A run that is going on goes on to its end.")
    box = Confirm(f"Delete {what}?", "\n".join(lines), "Delete", targets=len(names))
    app.push_screen(box, lambda yes: _delete(app, files) if yes else None)


def _delete(app: ProfexdApp, files: Sequence[str]) -> None:
    deleted = 0
    for file in files:
        try:
            Path(file).unlink()
        except FileNotFoundError:
            app.notify(f"{file} is gone already", severity="warning")
        except PermissionError:
            app.notify(f"you may not delete {file}\nsudo rm {file}", severity="error", timeout=10)
        except OSError as error:
            app.notify(f"{file}: {error.strerror}", severity="error", timeout=10)
        else:
            deleted += 1
    if deleted:
        app.notify(files[0] if deleted == 1 else f"{deleted} files", title="deleted")

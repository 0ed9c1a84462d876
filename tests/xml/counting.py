"""Counts what Python does during a build."""

from __future__ import annotations

import sys
from types import FrameType

from profexd.config.model import Pipeline
from tests.formats.exporting import Export


def python_calls(export: Export, pipeline: Pipeline) -> int:
    """How many functions Python called while the export was built."""
    count = 0

    def profile(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    folder = export.spool()
    sys.setprofile(profile)
    try:
        export.build(pipeline, folder=folder)
    finally:
        sys.setprofile(None)
    return count

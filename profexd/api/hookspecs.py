"""The hooks of profexd: each is called once, at start, and only registers classes.

A distribution names its module under the entry-point group ``profexd.plugins.v1``; the module
holds functions marked with ``@profexd.api.hookimpl``::

    @hookimpl
    def profexd_register_formats(register):
        register(FixedWidth)
"""

from __future__ import annotations

from collections.abc import Callable

import pluggy

from profexd.api.codec import Codec
from profexd.api.format import Format
from profexd.api.notifier import Notifier
from profexd.api.sink import Sink

PROJECT = "profexd"
ENTRY_POINT_GROUP = "profexd.plugins.v1"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def profexd_register_formats(register: Callable[[type[Format]], None]) -> None:
    """Register formats: call ``register`` with each class."""


@hookspec
def profexd_register_codecs(register: Callable[[type[Codec]], None]) -> None:
    """Register compression codecs: call ``register`` with each class."""


@hookspec
def profexd_register_sinks(register: Callable[[type[Sink]], None]) -> None:
    """Register sinks: call ``register`` with each class."""


@hookspec
def profexd_register_notifiers(register: Callable[[type[Notifier]], None]) -> None:
    """Register notifiers: call ``register`` with each class."""

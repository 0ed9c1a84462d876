"""All that plugin authors import, and all they may import; names load on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from profexd.api.codec import ByteStream, Codec
    from profexd.api.errors import (
        ConditionalWriteUnsupported,
        ConfigurationInvalid,
        DiskFull,
        NameCollision,
        Permanent,
        ProfexdError,
        QueryFailed,
        Retryable,
        SinkDenied,
        SinkRefused,
        SinkTimeout,
        SinkUnreachable,
        SourceInvalid,
        SourceLocked,
        SourceMissing,
        SpoolCorrupt,
        Stopped,
        TargetExists,
    )
    from profexd.api.format import (
        Encode,
        Format,
        FormatContext,
        Part,
        Parts,
        Rows,
        TextBlock,
        series,
    )
    from profexd.api.hookspecs import hookimpl
    from profexd.api.notifier import Notice, Notifier, NotifierContext
    from profexd.api.options import (
        Check,
        Doc,
        Duration,
        FormatOptions,
        NotifierOptions,
        Options,
        Secret,
        SinkOptions,
        Size,
    )
    from profexd.api.sink import CREATE_ONLY, STAGES, Sink, SinkContext
    from profexd.api.sql import identifier, literal
    from profexd.api.types import Column, DataType, Json, Probe, Receipt, SpooledFile, Staged

_HOMES = {
    "codec": ("ByteStream", "Codec"),
    "errors": (
        "ConditionalWriteUnsupported",
        "ConfigurationInvalid",
        "DiskFull",
        "NameCollision",
        "Permanent",
        "ProfexdError",
        "QueryFailed",
        "Retryable",
        "SinkDenied",
        "SinkRefused",
        "SinkTimeout",
        "SinkUnreachable",
        "SourceInvalid",
        "SourceLocked",
        "SourceMissing",
        "SpoolCorrupt",
        "Stopped",
        "TargetExists",
    ),
    "format": ("Encode", "Format", "FormatContext", "Part", "Parts", "Rows", "TextBlock", "series"),
    "hookspecs": ("hookimpl",),
    "notifier": ("Notice", "Notifier", "NotifierContext"),
    "options": (
        "Check",
        "Doc",
        "Duration",
        "FormatOptions",
        "NotifierOptions",
        "Options",
        "Secret",
        "SinkOptions",
        "Size",
    ),
    "sink": ("CREATE_ONLY", "STAGES", "Sink", "SinkContext"),
    "sql": ("identifier", "literal"),
    "types": ("Column", "DataType", "Json", "Probe", "Receipt", "SpooledFile", "Staged"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "CREATE_ONLY",
    "STAGES",
    "ByteStream",
    "Check",
    "Codec",
    "Column",
    "ConditionalWriteUnsupported",
    "ConfigurationInvalid",
    "DataType",
    "DiskFull",
    "Doc",
    "Duration",
    "Encode",
    "Format",
    "FormatContext",
    "FormatOptions",
    "Json",
    "NameCollision",
    "Notice",
    "Notifier",
    "NotifierContext",
    "NotifierOptions",
    "Options",
    "Part",
    "Parts",
    "Permanent",
    "Probe",
    "ProfexdError",
    "QueryFailed",
    "Receipt",
    "Retryable",
    "Rows",
    "Secret",
    "Sink",
    "SinkContext",
    "SinkDenied",
    "SinkOptions",
    "SinkRefused",
    "SinkTimeout",
    "SinkUnreachable",
    "Size",
    "SourceInvalid",
    "SourceLocked",
    "SourceMissing",
    "SpoolCorrupt",
    "SpooledFile",
    "Staged",
    "Stopped",
    "TargetExists",
    "TextBlock",
    "hookimpl",
    "identifier",
    "literal",
    "series",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value

"""Reads profexd.toml into settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from profexd.api.options import Secret
from profexd.config.model import Limits, Settings
from profexd.config.readers.documents import SettingsFile
from profexd.config.readers.reading import read
from profexd.config.text.exposure import report_exposed
from profexd.config.text.problems import Scope


def read_settings(data: Mapping[str, Any], scope: Scope) -> Settings | None:
    """Return the settings, or None once what is wrong was reported."""
    file = read(SettingsFile, data, scope)
    if file is None:
        return None
    return Settings(
        account_id=file.account_id,
        instance_id=file.instance_id,
        timezone=file.timezone,
        shutdown_grace=file.shutdown_grace,
        limits=Limits(
            concurrent_runs=file.limits.concurrent_runs,
            memory=file.limits.memory,
            threads=file.limits.threads,
        ),
        spool_keep=file.spool.keep,
        spool_max_size=file.spool.max_size,
        history_keep=file.history.keep,
        log_format=file.log.format,
        log_level=file.log.level,
        metrics_listen=file.metrics.listen,
        access_admin=tuple(file.access.admin),
        access_operator=tuple(file.access.operator),
        access_viewer=tuple(file.access.viewer),
        signing_key=_signing_key(file, scope),
    )


def _signing_key(file: SettingsFile, scope: Scope) -> Secret | None:
    key = file.signing.key
    if key.kind != "literal":
        return key
    if not key.value or report_exposed([("signing", "key")], scope):
        return None
    return key

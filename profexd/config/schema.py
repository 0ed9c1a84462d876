"""The JSON Schema of the configuration files, plugins' options included, so that editors complete them."""

from __future__ import annotations

from profexd.config.catalog import Catalog
from typing import Any


def json_schema(catalog: Catalog) -> dict[str, Any]:
    """Return one document that describes every kind of file under ``$defs``."""
    from profexd.config.documents import PipelineFile, SettingsFile, SourceFile

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$defs": {
            "settings": SettingsFile.model_json_schema(),
            "source": SourceFile.model_json_schema(),
            "pipeline": PipelineFile.model_json_schema(),
        },
    }

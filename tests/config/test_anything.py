"""No file makes profexd fall over: whatever is in it, there are problems and no exceptions."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tomlkit
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from profexd.config.catalog import Catalog
from profexd.config.loading import load
from profexd.config.readers.documents import PipelineFile, SettingsFile, SourceFile
from tests.config.test_positions import SCALARS, TABLES
from tests.config.tree import PIPELINE, SINK, SOURCE

KNOWN = sorted(
    {*PipelineFile.model_fields, *SourceFile.model_fields, *SettingsFile.model_fields}
    | {"type", "root", "when", "start", "separator", "key", "attempts", "memory", "keep"}
    | {"match", "conditions", "property", "operator", "value", "values", "any", "all"}
    | {"id", "ids", "device", "preferences", "properties", "exclude", "rename", "schema"}
    | {"checks", "min_rows", "max_row_drop", "max_null", "unique", "on_empty", "hold_expiry"}
    | {"names", "window", "range", "from", "to", "name", "time", "identities", "deletes"}
)
WORDS = st.sampled_from(
    ["csv", "json", "file", "duckdb", "warehouse", "lake", "every 5m", "UTC", "1h", "${today}"]
) | st.sampled_from(
    ["", "events", "changed", "is", "is between", "now - 30d", "last", "${event}", "${column:a}"]
)
VALUES = st.recursive(
    WORDS | SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KNOWN), inner, max_size=4)
    ),
    max_leaves=10,
)
DOCUMENTS = st.dictionaries(st.sampled_from(KNOWN), VALUES, max_size=8) | TABLES
RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def read(catalog: Catalog, **files: bytes) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for kind in ("sources", "sinks", "pipelines"):
            (root / kind).mkdir()
        (root / "sources/warehouse.toml").write_bytes(files.get("source", SOURCE.encode()))
        (root / "sinks/lake.toml").write_bytes(files.get("sink", SINK.encode()))
        (root / "pipelines/a.toml").write_bytes(files.get("pipeline", PIPELINE.encode()))
        (root / "profexd.toml").write_bytes(files.get("settings", b""))
        configuration = load(root, catalog)
        for problem in configuration.problems:
            assert problem["message"]
            assert problem["line"] >= 1
            assert problem["column"] >= 1
        entry = configuration.pipelines["a"]
        assert (entry.pipeline is None) == entry.invalid


@RELAXED
@given(st.sampled_from(["source", "sink", "pipeline", "settings"]), DOCUMENTS)
@example("settings", {"defaults": {"format": {"type": []}, "sink": {"type": {}}}})
@example("pipeline", {"source": {"query": 1}, "sinks": [[]], "format": {"type": 1}})
@example("settings", {"defaults": {"schedule": {"when": 1}, "order_by": {}}})
def test_any_toml_document_gives_problems_not_exceptions(
    catalog: Catalog, kind: str, document: dict[str, Any]
) -> None:
    read(catalog, **{kind: tomlkit.dumps(document).encode()})


@RELAXED
@given(st.dictionaries(st.sampled_from(KNOWN), VALUES, max_size=3))
def test_any_change_to_a_good_pipeline_gives_problems_not_exceptions(
    catalog: Catalog, change: dict[str, Any]
) -> None:
    document = {**tomlkit.parse(PIPELINE).unwrap(), **change}
    read(catalog, pipeline=tomlkit.dumps(document).encode())


@RELAXED
@given(
    st.binary(max_size=60)
    | st.text(st.sampled_from("[]{}=\"'.,#\n \\ua1"), max_size=40).map(str.encode)
)
@example(b"\xef\xbb\xbfsource = 'warehouse'")
@example(b"a = " + b"[" * 5000)
@example(b"a = " + b"9" * 5000)
@example(b"a = '\x00'")
def test_any_bytes_give_problems_not_exceptions(catalog: Catalog, data: bytes) -> None:
    read(catalog, pipeline=data)

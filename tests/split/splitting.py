"""Builds a split export, and reads each of its parts by itself."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from datetime import UTC, datetime
from typing import Any

import cramjam
import pyarrow as pa
import pyarrow.parquet as pq
from backports import zstd
from lxml import etree

from profexd.config.model import Pipeline
from profexd.export.build import build
from profexd.export.job import Job
from profexd.export.parts.writing import BuiltPart
from profexd.export.plan import plan
from profexd.export.stop import Stop
from tests.formats.exporting import Export, catalog

ENDINGS = {
    "none": "",
    "gzip": ".gz",
    "zstd": ".zst",
    "zip": ".zip",
    "snappy": ".sz",
    "bzip2": ".bz2",
    "xz": ".xz",
}


def pipeline(
    export: Export,
    format_: str,
    split: dict[str, Any] | None,
    *,
    compression: str = "none",
    key: str | None = "id",
    limits: dict[str, Any] | None = None,
    keys: dict[str, Any] | None = None,
    **options: Any,
) -> Pipeline:
    """A pipeline that writes ``out.FORMAT`` with its compression's ending."""
    path = f"out.{format_}{ENDINGS[compression]}"
    more = {"path": path, "compression": compression, **(keys or {})}
    if split is not None:
        more["split"] = split
    source: dict[str, Any] = {"table": "t"}
    if key is not None:
        source["profiles"] = {"key": key}
    return export.pipeline(format_, source=source, limits=limits, keys=more, **options)


def parts(export: Export, pipeline: Pipeline) -> tuple[BuiltPart, ...]:
    """Build the pipeline as a run does."""
    folder = export.spool()
    job = Job(
        action="run",
        run_id="1",
        export_id="1",
        pipeline=pipeline.name,
        instant=datetime(2026, 1, 1, tzinfo=UTC),
        documents=pipeline.documents,
        spool=str(folder),
    )
    return build(
        pipeline,
        plan(job, pipeline, catalog()),
        catalog=catalog(),
        folder=folder,
        stop=Stop(),
        progress=lambda percent, rows, size: None,
        warn=export.warnings.append,
    ).parts


def content(part: BuiltPart, compression: str) -> bytes:
    """What is in the file, decompressed by another program's library."""
    data = part.file.path.read_bytes()
    match compression:
        case "gzip":
            return gzip.decompress(data)
        case "zstd":
            return zstd.decompress(data)
        case "zip":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                [name] = archive.namelist()
                assert name == part.path.removesuffix(".zip")
                return archive.read(name)
        case "snappy":
            return bytes(cramjam.snappy.decompress(data))
        case "bzip2":
            return bz2.decompress(data)
        case "xz":
            return lzma.decompress(data)
        case _:
            return data


def records(data: bytes, format_: str, layout: str = "records") -> list[Any]:
    """The records of one file, as an independent reader of its format sees them."""
    match format_:
        case "csv":
            [_, *found] = csv.reader(io.StringIO(data.decode(), newline=""))
            return found
        case "json" if layout == "lines":
            return [json.loads(line) for line in data.decode().split("\n")[:-1]]
        case "json":
            document = json.loads(data)
            found = document["records"] if layout == "records" else document
            assert isinstance(found, list)
            return found
        case "xml":
            return [etree.tostring(row) for row in etree.fromstring(data)]
        case _:
            return pq.read_table(pa.BufferReader(data)).to_pylist()  # type: ignore[no-any-return]

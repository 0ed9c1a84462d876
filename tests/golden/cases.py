"""The files that stand for the formats: one small table under each set of options."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.formats.exporting import Export

FILES = Path(__file__).parent / "files"
TABLE = """
    SELECT * FROM (VALUES
        (1, true, 9007199254740993, (-170141183460469231731687303715884105728)::HUGEINT,
            12.50::DECIMAL(38, 10), 0.1::DOUBLE, 'plain', DATE '2024-02-29',
            TIMESTAMP '2024-02-29 12:34:56.789012', TIMESTAMPTZ '2024-02-29 12:34:56+02',
            TIME '12:00:01.5', from_hex('6162ff'), [1, NULL]::BIGINT[],
            {'a': 1.50, 'b': NULL::VARCHAR}, MAP {'k': 'v'}, '{"n": 1.10}'::JSON),
        (2, false, -1, 0::HUGEINT, -0.0000000001, 1e300,
            'say "hi", ' || chr(13) || chr(10) || 'é😀',
            DATE '0001-01-01', TIMESTAMP '9999-12-31 23:59:59.999999',
            TIMESTAMPTZ '1970-01-01 00:00:00+00', TIME '00:00:00', ''::BLOB, [],
            {'a': 0, 'b': '<&>'}, MAP {}, '[]'),
        (3, NULL, 0, 1::HUGEINT, 0, 'nan'::DOUBLE, '=cmd()', DATE '0044-03-15 (BC)',
            NULL, NULL, TIME '23:59:59.999999', NULL, NULL, NULL, NULL, 'null'),
        (4, NULL, NULL, NULL, NULL, '-inf'::DOUBLE, '', NULL, NULL, NULL, NULL, NULL, [NULL],
            {'a': NULL, 'b': ''}, MAP {'': NULL}, NULL),
        (5, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            NULL)
    ) v(id, yes, big, huge, "amount, net", ratio, "te""xt", day, "at", seen, "time", raw, "list",
        "struct", "map", "=json()")
"""
Case = tuple[str, dict[str, Any], dict[str, Any]]
"""A format, its options, and the pipeline's own keys."""

CASES: dict[str, Case] = {
    "default.csv": ("csv", {}, {}),
    "semicolon-crlf-bom.csv": ("csv", {"separator": ";", "crlf": True, "bom": True}, {}),
    "quote-all-null.csv": ("csv", {"quote": "all", "null": "NULL"}, {}),
    "quote-strings.csv": ("csv", {"quote": "strings", "escape_formulas": True}, {}),
    "null.csv": ("csv", {"null": "\\N"}, {}),
    "no-header-compact.csv": ("csv", {"header": False, "ts_format": "clevertap"}, {}),
    "as-string.csv": ("csv", {"as_string": True, "quote": "strings"}, {}),
    "windows-1252.csv": ("csv", {"encoding": "windows-1252"}, {}),
    "utf-16.csv": ("csv", {"encoding": "utf-16"}, {}),
    "default.json": ("json", {}, {}),
    "array-indent.json": ("json", {"layout": "array", "indent": True}, {}),
    "indent.json": ("json", {"indent": True, "nulls": "write"}, {}),
    "lines.ndjson": ("json", {"layout": "lines"}, {}),
    "ascii.json": (
        "json",
        {"ascii": True, "nulls": "write", "bigints": "string", "special_floats": True},
        {},
    ),
    "as-string.json": ("json", {"as_string": True, "ts_format": "clevertap"}, {}),
    "default.parquet": ("parquet", {}, {}),
    "snappy.parquet": ("parquet", {"codec": "snappy"}, {}),
    "gzip.parquet": ("parquet", {"codec": "gzip"}, {}),
    "none-groups.parquet": ("parquet", {"codec": "none", "row_group_rows": 2}, {}),
    "as-string.parquet": ("parquet", {"as_string": True, "codec": "none"}, {}),
    "default.xml": ("xml", {}, {}),
    "indent.xml": ("xml", {"indent": True}, {}),
    "flat.xml": ("xml", {"layout": "flat", "root": "customers", "row": "customer"}, {}),
    "flat-indent.xml": ("xml", {"layout": "flat", "indent": True}, {}),
    "default.csv.gz": ("csv", {}, {"compression": "gzip"}),
    "default.csv.zst": ("csv", {}, {"compression": "zstd"}),
    "default.csv.zip": ("csv", {}, {"compression": "zip"}),
    "default.csv.sz": ("csv", {}, {"compression": "snappy"}),
    "default.csv.bz2": ("csv", {}, {"compression": "bzip2"}),
    "default.csv.xz": ("csv", {}, {"compression": "xz"}),
    "default.xlsx": ("excel", {"sheet": "Customers"}, {}),
    "as-string.xlsx": ("excel", {"sheet": "Customers", "as_string": True}, {}),
}
EMPTY: dict[str, Case] = {
    "empty.csv": ("csv", {}, {}),
    "empty.json": ("json", {}, {}),
    "empty-indent.json": ("json", {"indent": True}, {}),
    "empty.ndjson": ("json", {"layout": "lines"}, {}),
    "empty.parquet": ("parquet", {}, {}),
    "empty.xml": ("xml", {}, {}),
    "empty.xlsx": ("excel", {"sheet": "Customers"}, {}),
}


def built(name: str) -> bytes:
    """Build the file of that name anew."""
    format_, options, keys = (CASES | EMPTY)[name]
    table = f"SELECT * FROM ({TABLE})" + (" WHERE false" if name in EMPTY else "")
    with tempfile.TemporaryDirectory(prefix="profexd-golden-") as folder:
        export = Export(Path(folder), table)
        return export.build(export.pipeline(format_, keys=keys, **options)).path.read_bytes()


if __name__ == "__main__":
    for name in (CASES | EMPTY) if len(sys.argv) == 1 else sys.argv[1:]:
        print(name, hashlib.sha256(built(name)).hexdigest())

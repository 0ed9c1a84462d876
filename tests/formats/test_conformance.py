"""Every built-in format passes the kit for formats."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
from lxml import etree

from profexd.testing.formats import FormatBench, FormatConformance


def of_csv(path: Path) -> list[str]:
    with path.open(newline="") as stream:
        return [row["id"] for row in csv.DictReader(stream)]


def of_json(path: Path) -> list[str]:
    value = json.loads(path.read_text())
    rows = value if isinstance(value, list) else next(iter(value.values()))
    return [str(row["id"]) for row in rows]


def of_lines(path: Path) -> list[str]:
    return [str(json.loads(line)["id"]) for line in path.read_text().split("\n") if line]


def of_excel(path: Path) -> list[str]:
    with path.open("rb") as stream:
        rows = openpyxl.load_workbook(stream, read_only=False).active.iter_rows(values_only=True)
        return [str(row[0]) for row in rows][1:]


def of_parquet(path: Path) -> list[str]:
    return [str(value) for value in pq.read_table(path).column("id").to_pylist()]


def of_xml(path: Path) -> list[str]:
    return [str(element.text) for element in etree.parse(path).iter("id")]


class TestCsv(FormatConformance):
    @pytest.fixture
    def bench(self) -> FormatBench:
        return FormatBench(format="csv", ids=of_csv)


class TestJson(FormatConformance):
    @pytest.fixture
    def bench(self) -> FormatBench:
        return FormatBench(format="json", ids=of_json, options={"layout": "array"})


class TestJsonLines(FormatConformance):
    @pytest.fixture
    def bench(self) -> FormatBench:
        return FormatBench(format="json", ids=of_lines, options={"layout": "lines"})


class TestExcel(FormatConformance):
    @pytest.fixture
    def bench(self) -> FormatBench:
        return FormatBench(format="excel", ids=of_excel, options={"sheet": "Profiles"})


class TestParquet(FormatConformance):
    @pytest.fixture
    def bench(self) -> FormatBench:
        return FormatBench(format="parquet", ids=of_parquet)


class TestXml(FormatConformance):
    @pytest.fixture
    def bench(self) -> FormatBench:
        return FormatBench(format="xml", ids=of_xml, options={"layout": "flat"})

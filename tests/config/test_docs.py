"""docs/configuration.md: every key with its default, and every TOML block valid."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from profexd.config.catalog import Catalog, load_catalog
from profexd.config.readers.schedule import parse_schedule
from profexd.config.schema import json_schema
from profexd.config.template import PLACEHOLDERS, Template
from tests.config.tree import PIPELINE, Tree, told

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "configuration.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
FILE = re.compile(r"# (in )?((?:profexd|sources/\w+|sinks/\w+|pipelines/\w+)\.toml)\b")
TABLES = {
    "profexd": "profexd.toml",
    "source": "source",
    "sink-file": "sink",
    "pipeline": "pipeline",
    "schedule": "[schedule]",
    "notifier-webhook": "[[notify]] with a webhook",
    "notifier-command": "[[notify]] with a command",
    "format-csv": "csv",
    "format-excel": "excel",
    "format-json": "json",
    "format-parquet": "parquet",
    "format-xml": "xml",
}


def rows(definitions: dict[str, Any], name: str, prefix: str = "") -> Iterator[str]:
    """The rows of the reference table for one kind of file, as the documentation has them."""
    schema = definitions[name]
    for key, value in schema.get("properties", {}).items():
        inner = value.get("$ref", "").rpartition("/")[2]
        if inner.endswith("Table"):
            yield from rows(definitions, inner, f"{prefix}{key}.")
        elif key != "type" or "default" in value:
            yield row(f"{prefix}{key}", value, required=key in schema.get("required", ()))


def row(key: str, value: dict[str, Any], *, required: bool) -> str:
    default = json.dumps(value["default"]) if "default" in value else ""
    choices = value.get("enum", [value["const"]] if "const" in value else [])
    others = [json.dumps(choice) for choice in choices if choice != value.get("default")]
    shown = f"`{default}`" if default else "required" if required else ""
    if others:
        listed = ", ".join(f"`{other}`" for other in others)
        shown += f" ({listed})" if shown else listed
    return f"| `{key}` | {shown} | {value['description']} |"


@pytest.mark.parametrize("name", TABLES)
def test_every_key_is_documented_with_its_default(catalog: Catalog, name: str) -> None:
    definitions = json_schema(catalog)["$defs"]
    missing = [line for line in rows(definitions, name) if line not in TEXT]
    assert not missing


def test_every_placeholder_is_documented() -> None:
    for name in PLACEHOLDERS:
        assert f"`${{{name}" in TEXT
    section = TEXT.partition("### Paths")[2].partition("\n### ")[0]
    for written in re.findall(r"`(\$\{[^`]+\}|\{\{[^`]+\}\})`", section):
        assert Template.parse(written).placeholders


def test_every_schedule_in_the_table_is_one() -> None:
    section = TEXT.partition("### Schedules")[2].partition("\n### ")[0]
    schedules = re.findall(r'^\| `"([^"`]+)"`', section, re.MULTILINE)
    assert len(schedules) >= 8
    for schedule in schedules:
        assert parse_schedule(schedule, "Europe/Rome")


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_of_toml_is_valid(tree: Tree, block: str) -> None:
    label = FILE.match(block)
    assert label, "a block starts with the name of its file, or '# in' and the name"
    part, name = label.groups()
    for other in BLOCKS:  # the files that blocks refer to
        if (found := FILE.match(other)) and not found[1] and not found[2].startswith("pipelines"):
            tree.write(found[2], other)
    tree.write(name, completed(block, name) if part else block)
    problems = [one for one in tree.load().problems if one["severity"] == "error"]
    assert [told(one) for one in problems] == []


def completed(block: str, name: str) -> str:
    """A part of a file, with what else the file needs."""
    said = tomllib.loads(block)
    rest: dict[str, Any] = {}
    if name.startswith("pipelines"):
        rest = tomllib.loads(PIPELINE)
        if {"folder", "filename"} & set(said):
            del rest["path"]
        if "sinks" in said:
            del rest["sink"]
        if "format" in said:
            said["format"] = {**rest["format"], **said["format"]}
    elif name.startswith("sources"):
        rest = {} if {"table", "query"} & set(said) else {"table": "profiles"}
    elif name.startswith("sinks"):
        rest = {"type": "file", "root": "/srv/exports"}
    return tomlkit.dumps({**rest, **said})


if __name__ == "__main__":
    schema = json_schema(load_catalog())["$defs"]
    for table, title in TABLES.items():
        print(f"\n{title}\n")
        print("\n".join(rows(schema, table)))

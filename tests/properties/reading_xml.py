"""What must stand in an XML file of a table; lxml reads it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lxml import etree

from tests.properties.kinds import Kind
from tests.properties.readers import Members, tree_of
from tests.properties.tables import Table

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[A-Za-z_][-.\w]*", re.ASCII)


def carried(text: str) -> str:
    """What XML 1.0 has no character for becomes a question mark."""
    return _ILLEGAL.sub("?", text)


def lost(text: str) -> int:
    return len(_ILLEGAL.findall(text))


def carried_tree(tree: Any) -> Any:
    if isinstance(tree, str):
        # Controls stand escaped in JSON text; U+FFFE and U+FFFF do not.
        return re.sub("[\ufffe\uffff]", "?", tree)
    if isinstance(tree, Members):
        return Members((carried_tree(name), carried_tree(item)) for name, item in tree)
    if isinstance(tree, list):
        return [carried_tree(item) for item in tree]
    return tree


def says(kind: Kind, text: str, value: Any) -> bool:
    if kind.nested:
        return bool(tree_of(text) == carried_tree(kind.tree(value)))
    return text == carried(kind.text(value))


def check(table: Table, file: Path, options: dict[str, Any]) -> None:
    parser = etree.XMLParser(huge_tree=True, resolve_entities=False)
    root = etree.fromstring(file.read_bytes(), parser)
    assert root.tag == "root"
    assert len(root) == len(table.rows)
    flat = options.get("layout") == "flat"
    for record, row in zip(root, table.rows, strict=True):
        assert record.tag == "Profile"
        cells = _flat(record) if flat else _entries(record)
        assert len(cells) == len(row)
        for (name, text), (wanted, kind), value in zip(cells, table.columns, row, strict=True):
            if not flat:
                assert name == carried(wanted)
            elif _NAME.fullmatch(wanted):
                assert name == wanted
            if value is None:
                assert text == ""
            else:
                assert says(kind, text, value), (kind, text, value)


def _flat(record: Any) -> list[tuple[str, str]]:
    return [(cell.tag, cell.text or "") for cell in record]


def _entries(record: Any) -> list[tuple[str, str]]:
    [props] = record
    assert props.tag == "profileProps"
    cells = []
    for entry in props:
        key, value = entry
        assert (entry.tag, key.tag, value.tag) == ("entry", "key", "value")
        cells.append((key.text or "", value.text or ""))
    return cells

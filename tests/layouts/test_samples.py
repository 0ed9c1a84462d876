"""docs/samples are what profexd writes, and docs/formats.md speaks of all of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from profexd.config.catalog import load_catalog
from profexd.config.schema import json_schema

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FILES = DOCS / "samples" / "files"
TEXT = (DOCS / "formats.md").read_text(encoding="utf-8")


def test_the_samples_are_what_is_written_now(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "scripts" / "samples", tmp_path], check=True)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    kept = {file.name: file.read_bytes() for file in FILES.iterdir()}
    assert made == kept, "run scripts/samples, and look at what changed"


def test_every_sample_is_shown_and_every_link_leads_somewhere() -> None:
    links = set(re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT))
    assert {link for link in links if not (DOCS / link).exists()} == set()
    shown = {Path(link).name for link in links if link.startswith("samples/files/")}
    # The same shape twice: of events only once.
    assert {file.name for file in FILES.iterdir()} - shown <= {
        "clicks-records.json",
        "clicks-array.json",
    }


def test_every_option_of_every_format_is_explained() -> None:
    definitions = json_schema(load_catalog())["$defs"]
    formats = [name for name in definitions if name.startswith("format-")]
    assert len(formats) >= 5
    for name in formats:
        section = TEXT.partition(f"\n## {name.removeprefix('format-')}\n")[2].partition("\n## ")[0]
        assert section, name
        for option in definitions[name]["properties"]:
            if option not in ("type", "as_string", "ts_format", "layout"):
                assert f"`{option}" in section, (name, option)

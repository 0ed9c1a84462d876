"""Bytes are a contract: each format under each set of options writes the file in ``files``.

With ``PROFEXD_REWRITE_GOLDEN=1`` the tests write the files anew instead; look at the difference.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.golden.cases import CASES, EMPTY, FILES, built

REWRITE = os.environ.get("PROFEXD_REWRITE_GOLDEN") == "1"


@pytest.mark.parametrize("name", [*CASES, *EMPTY])
def test_the_bytes_are_those_of_the_file(name: str) -> None:
    found = built(name)
    if REWRITE:
        FILES.mkdir(exist_ok=True)
        (FILES / name).write_bytes(found)
    expected = (FILES / name).read_bytes()
    if name.endswith(".parquet") and writer(found) != writer(expected):
        # The engine signs each file with its version: of another one, only the content must agree.
        assert pq.read_table(io.BytesIO(found)).equals(pq.read_table(io.BytesIO(expected)))
        return
    assert found == expected


def writer(file: bytes) -> str:
    return str(pq.read_metadata(io.BytesIO(file)).created_by)


def test_no_file_is_left_without_its_case() -> None:
    assert sorted(file.name for file in FILES.iterdir()) == sorted([*CASES, *EMPTY])


def test_neither_zone_nor_language_nor_process_changes_a_byte() -> None:
    names = [name for name in CASES if name.startswith(("default.", "no-header", "as-string."))]
    done = subprocess.run(
        [sys.executable, "-m", "tests.golden.cases", *names],
        cwd=Path(__file__).parents[2],
        env={
            **os.environ,
            "TZ": "Pacific/Kiritimati",
            "LC_ALL": "tr_TR.UTF-8",
            "PYTHONHASHSEED": "7",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.split(" ") for line in done.stdout.splitlines())
    assert found == {
        name: hashlib.sha256((FILES / name).read_bytes()).hexdigest() for name in names
    }

"""Sinks whose libraries are optional: without them they say what to install, and no more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import profexd_sinks.azure
import profexd_sinks.gcs
from profexd.config.catalog import load_catalog
from tests.config.tree import Tree


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without extras."""
    monkeypatch.setattr("profexd_sinks.extras.find_spec", lambda module: None)
    for module in (profexd_sinks.azure, profexd_sinks.gcs):
        monkeypatch.delitem(sys.modules, module.__name__)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("extra", ["gcs", "azure"])
def test_a_sink_without_its_libraries_says_what_to_install(tmp_path: Path, extra: str) -> None:
    tree = Tree(tmp_path, load_catalog())
    tree.write("sinks/far.toml", f'type = "{extra}"\n')
    (problem,) = tree.load().problems
    assert f"pip install 'profexd[{extra}]'" in problem["message"]


@pytest.mark.usefixtures("bare")
def test_other_plugins_work_without_the_libraries_of_some() -> None:
    rows = load_catalog().rows
    assert {row["name"] for row in rows if row["status"] == "broken"} == {"azure", "gcs"}
    assert {"file", "http"} <= {row["name"] for row in rows if row["status"] == "ok"}


def test_finding_the_sinks_loads_none_of_their_libraries() -> None:
    program = (
        "import sys; from profexd.config.catalog import load_catalog; load_catalog();"
        "print([name for name in ('google.auth', 'requests', 'azure.core', 'azure.identity')"
        " if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout == "[]\n", said.stderr

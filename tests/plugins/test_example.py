"""docs/plugin-example, installed into a fresh environment: found by its entry points alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from profexd.config.catalog import load_catalog
from tests.servers.webdav import WebDavServer

EXAMPLE = Path(__file__).parents[2] / "docs/plugin-example"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with profexd and the example, and no other plugin."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, with_pip=False)
    (packages,) = (folder / "lib").glob("python*/site-packages")
    # What profexd itself needs comes from here: to download it all again would prove nothing.
    ours = [path for path in sys.path if path.endswith("site-packages")]
    lines = [f"import site; site.addsitedir({path!r})" for path in ours]
    (packages / "ours.pth").write_text("\n".join(lines) + "\n")
    source = folder / "profexd-example"
    subprocess.run(["cp", "-r", str(EXAMPLE), str(source)], check=True)
    python = folder / "bin/python"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps",
         "--no-build-isolation", "--no-index", str(source)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def run(environment: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(environment / "python"), *arguments],
        capture_output=True,
        text=True,
        timeout=150,
        env={**os.environ, **environ},
        cwd=environment,
    )


def profexd(environment: Path, folder: Path, *arguments: str) -> Any:
    places = [f"--{kind}={folder / kind}" for kind in ("config", "state", "spool", "socket")]
    command = "import sys; from profexd.cli.profexd import main; sys.exit(main())"
    done = run(environment, "-c", command, *arguments, *places, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_it_is_not_installed_here() -> None:
    assert "fixed-width" not in load_catalog().formats
    assert "webdav" not in load_catalog().sinks


def test_a_run_delivers_with_its_format_to_its_sink(
    environment: Path, tmp_path: Path, webdav: WebDavServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = tmp_path / "config/pipelines/people.toml"
    pipeline.parent.mkdir(parents=True)
    pipeline.write_text(
        f"""
path = "in/people.txt"
[source]
type = "duckdb"
query = "SELECT 'Zoë' AS name, 7 AS visits UNION ALL SELECT 'Ada', NULL ORDER BY 1"
[format]
type = "fixed-width"
widths = {{ name = 6, visits = 8 }}
[sink]
type = "webdav"
url = "{webdav.url}"
username = "{webdav.username}"
password = {{ env = "DAV" }}
"""
    )
    monkeypatch.setenv("DAV", webdav.password)
    assert profexd(environment, tmp_path, "check", "--online")["online"][0]["ok"]
    answer = profexd(environment, tmp_path, "export", "people")
    assert answer["status"] == "done"
    assert answer["files"][0]["uri"] == f"{webdav.url}/in/people.txt"
    assert (webdav.root / "in/people.txt").read_text() == (
        "name  visits  \nAda           \nZoë   7       \n"
    )
    assert [path.name for path in (webdav.root / "in").iterdir()] == ["people.txt"]


@pytest.mark.parametrize("module", ["test_fixed_width.py", "test_webdav.py"])
def test_it_passes_the_kits(module: str, environment: Path, webdav: WebDavServer) -> None:
    done = run(
        environment,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        str(EXAMPLE / "tests" / module),
        WEBDAV_URL=webdav.url,
        WEBDAV_ROOT=str(webdav.root),
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert " passed" in done.stdout

"""Killed at any step, a run ends with its manifest written once, or with nothing of it."""

from __future__ import annotations

import hashlib
import os
import subprocess

import pytest

from profexd.cli.profexctl import main
from tests.end_to_end.site import BIN
from tests.receipts.office import Office

BEFORE = ("staging:8", "publishing")
AFTER = ("published:2", "published:3", "published:4")
"""Before it says: that the file, the signature, the manifest, the marker is published."""


def judged(office: Office, run_id: str, previous: str | None) -> None:
    """Assert that the run's delivery is whole, signed, and follows the one before."""
    arguments = ["verify", str(office.outbox / f"news-{run_id}.manifest.json")]
    arguments += ["--key", f"{office.key}.pub"]
    if previous is not None:
        arguments += ["--previous", str(office.outbox / f"news-{previous}.manifest.json")]
    assert main(arguments) == 0
    assert (office.manifest(run_id)["previous"] is None) == (previous is None)
    assert (office.outbox / f"{run_id}.done").read_bytes() == b""


def settled(office: Office, killed: str, *, delivered: bool) -> None:
    """Assert what there is of a run that was killed, and that the next run goes on from it."""
    following = office.exported()["run_id"]
    runs = [killed, following] if delivered else [following]
    for run_id, previous in zip(runs, [None, *runs], strict=False):
        judged(office, run_id, previous)
    names = {f"news-{run_id}{end}" for run_id in runs for end in ENDINGS}
    assert office.contents().keys() == names | {f"{run_id}.done" for run_id in runs}


ENDINGS = (".csv", ".manifest.json", ".manifest.json.sig")


@pytest.mark.parametrize("step", [*BEFORE, *AFTER])
def test_a_worker_that_is_killed_leaves_a_whole_delivery_or_none(office: Office, step: str) -> None:
    office.receipts()
    run = office.export(**{**os.environ, **office.killing(step, "worker")})
    assert (office.folder / "killed").exists()
    assert run["status"] == ("done" if step in AFTER else "failed")
    settled(office, run["run_id"], delivered=step in AFTER)


@pytest.mark.parametrize("step", ["staging:8", "published", *AFTER, "finished"])
def test_a_core_that_is_killed_leaves_a_whole_delivery_or_none(office: Office, step: str) -> None:
    office.receipts()
    subprocess.run(
        [str(BIN / "profexd"), "export", "news", *office._flags()],
        env={**os.environ, **office.killing(step, "core")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=150,
    )
    assert (office.folder / "killed").exists()
    [killed] = [path.name for path in office.spool.iterdir()]
    settled(office, killed, delivered=step != "staging:8")


def test_what_is_published_after_a_crash_are_the_bytes_that_were_built(office: Office) -> None:
    """What the run had built is in its record from before the crash."""
    office.receipts()
    run = office.export(**{**os.environ, **office.killing("published", "worker")})
    sums = {file["path"]: file["sha256"] for file in run["files"]}
    assert {file["kind"] for file in run["files"]} == {"data", "signature", "manifest", "marker"}
    assert sums == {
        path: hashlib.sha256(content).hexdigest() for path, content in office.contents().items()
    }

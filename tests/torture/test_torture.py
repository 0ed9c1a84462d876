"""Daemons and workers are killed at many steps, and what is promised is kept; and lies are seen."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import cast

import pytest

from profexd.api.errors import ConfigurationInvalid
from profexd.export.receipts.manifest import text_of
from profexd.export.receipts.sshsig import Signer
from profexd.torture.chain import Chains
from profexd.torture.findings import Invariant
from profexd.torture.promises import Changed, Full, Partitioned, Split, Window
from profexd.torture.reading import MANIFEST, MARKER, Reader
from profexd.torture.rounds import Torture
from profexd.torture.scenarios import scenarios
from profexd.torture.sinks import place
from profexd.torture.site import make_key
from profexd.torture.targets import Folder
from profexd.torture.warehouse import Warehouse
from profexd.wire import RunJson

BIN = Path(sys.executable).parent


# Bounded by the number of kills, each of which costs the start of some processes.
@pytest.mark.timeout(900)
def test_ten_kills_break_no_promise(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(BIN / "profexd", "torture", "--kills=10", "--seed=1", "--json"),
            f"--folder={tmp_path / 'torture'}",
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["violations"] == []
    assert sum(found["kills"].values()) >= 10
    assert {one["invariant"] for one in found["invariants"] if one["checks"]} == {
        invariant.name.lower() for invariant in Invariant
    }


@pytest.mark.timeout(900)
def test_what_should_not_be_there_is_seen(tmp_path: Path) -> None:
    folder = tmp_path / "torture"
    folder.mkdir()
    rounds = 0

    def sabotage(words: str) -> None:
        nonlocal rounds
        rounds += 1
        (outbox,) = folder.glob("profexd-torture-*")
        left = outbox / "full" / ".customers.csv.gz.1.profexd"
        if rounds == 1:
            (outbox / "stranger.csv").write_text("id\n")
            left.write_text("half")
        if Invariant.LEFTOVER in words:
            left.unlink()
        if "several" in words:
            (outbox / "full" / "customers.csv.gz").write_bytes(b"half")

    torture = Torture(folder, place=place("file", tmp_path, {}), random=Random(1), say=sabotage)
    found = torture.run(0)
    assert found.count(Invariant.SECOND) > 0
    assert found.count(Invariant.LEFTOVER) > 0
    assert found.count(Invariant.PARTIAL) > 0
    assert found.count(Invariant.STATE) == 0
    words = " ".join(violation.words for violation in found.violations)
    assert "stranger.csv at main is there" in words
    assert "full/.customers.csv.gz.1.profexd at main" in words


@pytest.mark.timeout(900)
def test_what_was_found_is_told_also_when_it_is_cut_off(tmp_path: Path) -> None:
    command = [f"{BIN}/profexd", "torture", "--kills=500", f"--folder={tmp_path / 'torture'}"]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as torture:
        assert torture.stderr is not None
        assert torture.stderr.readline().startswith("seed ")
        assert torture.stderr.readline().startswith("file: ")
        torture.send_signal(signal.SIGTERM)
        table, _ = torture.communicate()
    assert torture.returncode == 130
    assert all(str(invariant) in table for invariant in Invariant)
    assert not list((tmp_path / "torture" / "file").glob("profexd-torture-*"))


def signed(folder: Path, run_id: str, previous: bytes | None, key: str) -> dict[str, bytes]:
    """A delivery of one empty file, by path."""
    signer = Signer(key)
    path = f"held/{run_id}{MANIFEST}"
    text = text_of(
        {
            "manifest": 1,
            "path": path,
            "instant": "2026-06-01T12:00:00Z",
            "files": [
                {"path": f"held/{run_id}.csv", "bytes": 0, "sha256": hashlib.sha256().hexdigest()}
            ],
            "key": {"fingerprint": signer.fingerprint, "signature": f"{path}.sig"},
            "previous": None if previous is None else hashlib.sha256(previous).hexdigest(),
        }
    )
    signature = signer.sign(text).encode()
    return {
        f"held/{run_id}.csv": b"",
        path: text,
        f"{path}.sig": signature,
        f"held/{run_id}{MARKER}": b"",
    }


def test_a_chain_that_forks_and_a_delivery_that_is_not_whole_are_seen(tmp_path: Path) -> None:
    public = make_key(tmp_path / "key")
    key = (tmp_path / "key").read_text()
    chains = Chains(tmp_path / "received", public)

    def wrong(run_id: str, previous: bytes | None, **gone: str) -> list[str]:
        files = signed(tmp_path, run_id, previous, key)
        for ending in gone.values():
            files.pop(f"held/{run_id}{ending}")
        return list(chains.wrong("held", cast(RunJson, {"run_id": run_id}), {"main": files}))

    first = signed(tmp_path, "1", None, key)[f"held/1{MANIFEST}"]
    second = signed(tmp_path, "2", first, key)[f"held/2{MANIFEST}"]
    assert wrong("1", None) == []
    assert wrong("2", first) == []
    assert wrong("3", first), "run 2 was before it"
    assert wrong("4", None), "it is not the first"
    chains = Chains(tmp_path / "received", public)
    assert wrong("5", second), "it is the first"
    for ending in (".csv", MARKER, MANIFEST, f"{MANIFEST}.sig"):
        chains = Chains(tmp_path / "received", public)
        assert wrong("6", None, gone=ending)


def test_a_manifest_that_is_there_before_a_file_is_seen(tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    files = signed(tmp_path, "1", None, (tmp_path / "key").read_text())
    folder = tmp_path / "out"
    (folder / "held").mkdir(parents=True)
    reader = Reader({"main": Folder(folder)}, 0.001)
    reader.start()
    seen: set[str] = set()
    for path in (f"held/1{MARKER}", f"held/1{MANIFEST}", f"held/1{MANIFEST}.sig", "held/1.csv"):
        (folder / "new").write_bytes(files[path])
        (folder / "new").rename(folder / path)
        while path not in seen:
            seen |= {sighting.path for sighting in reader.sightings()}
    reader.stop()
    assert reader.early() == [
        f"held/1{MARKER} at main was there before held/1{MANIFEST}",
        f"held/1{MANIFEST} at main was there before held/1.csv, held/1{MANIFEST}.sig",
    ]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    return Warehouse(tmp_path_factory.mktemp("warehouse") / "w.duckdb", Random(1))


def full(warehouse: Warehouse) -> list[dict[str, str]]:
    return [
        {"id": name, "country": country, "visits": str(visits)}
        for name, (country, visits) in sorted(warehouse.customers.items())
    ]


def test_a_missing_a_wrong_and_a_repeated_row_are_seen(warehouse: Warehouse) -> None:
    rows = full(warehouse)
    assert list(Full().wrong([rows], warehouse)) == []
    assert any("missing" in words for words in Full().wrong([rows[1:]], warehouse))
    assert any("twice" in words for words in Full().wrong([[*rows, rows[0]]], warehouse))
    other = [{**rows[0], "visits": "999"}, *rows[1:]]
    assert any("is wrong" in words for words in Full().wrong([other], warehouse))


def test_parts_out_of_order_and_mixed_partitions_are_seen(warehouse: Warehouse) -> None:
    rows = full(warehouse)
    parts = [rows[start : start + 40] for start in range(0, len(rows), 40)]
    assert list(Split().wrong(parts, warehouse)) == []
    assert "the parts are out of order" in list(Split().wrong(parts[::-1], warehouse))
    assert list(Partitioned().wrong([rows], warehouse)) == ["a partition holds several countries"]


def test_lost_and_repeated_changes_are_seen(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "w.duckdb", Random(1))
    changed, window = Changed(), Window()
    changed.delivered(warehouse)
    window.delivered(warehouse)
    assert list(changed.wrong([[]], warehouse)) == []
    assert list(window.wrong([], warehouse)) == []
    known = len(warehouse.events)
    warehouse.change()
    assert any("is missing" in words for words in changed.wrong([[]], warehouse))
    events = [{"n": n, "event_name": name} for n, name in warehouse.events[known:]]
    assert list(window.wrong([events], warehouse)) == []
    assert any("twice" in words for words in window.wrong([events, events], warehouse))
    assert any("is missing" in words for words in window.wrong([events[1:]], warehouse))


def test_one_seed_gives_the_same_kills() -> None:
    def some(seed: int) -> list[str]:
        endless = scenarios(["full", "split", "held", "rival"], Random(seed))
        return [str(next(endless)) for _ in range(200)]

    assert some(1) == some(1) != some(2)
    assert any("worker before staging" in words for words in some(1))
    assert any("daemon after published" in words for words in some(1))
    assert any("worker before planned of deliver" in words for words in some(1))
    assert any("(rejected)" in words for words in some(1))
    assert any("SIGTERM" in words for words in some(1))


def test_a_sink_that_is_not_there_or_that_nobody_can_look_into_is_refused(tmp_path: Path) -> None:
    sinks = tmp_path / "sinks"
    sinks.mkdir()
    (sinks / "web.toml").write_text('type = "http"\nurl = "https://partner.example/"\n')
    (sinks / "disk.toml").write_text('type = "file"\nroot = "/srv/exports"\n')
    for name in ("nowhere", "web"):
        with pytest.raises(ConfigurationInvalid, match=name):
            place(name, tmp_path, {})
    found = place("disk", tmp_path, {"mode": "0600", "simulate_latency": "true"})
    assert found.below(tmp_path).options["root"].startswith("/srv/exports/profexd-torture-")
    assert (found.options["mode"], found.options["simulate_latency"]) == ("0600", True)

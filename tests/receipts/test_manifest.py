"""What a manifest says, when there is one, and when there is none."""

from __future__ import annotations

import hashlib
import json

import pytest

import profexd
from profexd.cli.profexctl import main
from tests.receipts.office import Office, make_key


def test_a_manifest_says_what_was_delivered_and_from_what(office: Office) -> None:
    office.receipts(manifest="")
    run = office.exported()
    document = office.manifest(run["run_id"])
    [file] = [file for file in run["files"] if file["kind"] == "data"]
    assert document["files"] == [{key: file[key] for key in ("path", "rows", "bytes", "sha256")}]
    database = (office.folder / "warehouse.duckdb").stat()
    assert document["source"]["rows"] == 5
    assert document["source"]["database"]["inode"] == database.st_ino
    assert document["source"]["database"]["bytes"] == database.st_size
    assert document["profexd"] == profexd.__version__
    assert (
        (document["rows"], document["bytes"]) == (run["rows"], run["bytes"]) == (5, file["bytes"])
    )
    assert document["columns"]["count"] == 2
    columns = '[["profile_id","INTEGER"],["visits","INTEGER"]]'
    assert document["columns"]["sha256"] == hashlib.sha256(columns.encode()).hexdigest()
    assert (document["run_id"], document["done"], document["previous"]) == (
        run["run_id"],
        None,
        None,
    )
    assert str(office.folder) not in json.dumps(document)


def test_the_revision_changes_with_the_configuration_alone(office: Office) -> None:
    office.receipts()
    revisions = []
    for where in ("visits > 0", "visits > 0", "visits >= 0"):
        office.receipts(where=f'"{where}"')
        revisions.append(office.manifest(office.exported()["run_id"])["configuration"])
    assert revisions[0] == revisions[1] != revisions[2]


def test_receipts_come_last_and_do_not_count(office: Office) -> None:
    office.receipts()
    run = office.exported()
    assert [(file["kind"], file["status"]) for file in run["files"]] == [
        ("data", "published"),
        ("signature", "published"),
        ("manifest", "published"),
        ("marker", "published"),
    ]
    assert [file["rows"] for file in run["files"]] == [5, 0, 0, 0]
    assert run["bytes"] == run["files"][0]["bytes"]


def test_every_sink_gets_the_same_manifest(office: Office) -> None:
    other = office.folder / "other"
    office.write("sinks/other.toml", f'type = "file"\nroot = "{other}"\n')
    path = office.pipeline(
        "news",
        path='"${visits}.csv"'.replace("${visits}", "${column:visits}"),
        partition_by='["visits"]',
        sink='"outbox"',
    )
    text = path.read_text().replace('sink = "outbox"', 'sinks = ["outbox", "other"]')
    office.write("pipelines/news.toml", f"{text}[manifest]\n")
    office.sql("UPDATE profiles SET visits = 2 WHERE profile_id = 0")
    run = office.exported()
    assert office.contents() == office.contents(other)
    manifest = other / f"news-{run['run_id']}.manifest.json"
    assert len(office.manifest(run["run_id"])["files"]) == 2
    assert main(["verify", str(manifest), str(other), "--key", f"{office.key}.pub"]) == 0


def test_a_sink_that_refuses_for_good_leaves_no_manifest_anywhere(office: Office) -> None:
    other = office.folder / "other"
    (other / "news.csv").mkdir(parents=True)
    office.write("sinks/other.toml", f'type = "file"\nroot = "{other}"\n')
    office.receipts(path='"news.csv"')
    path = office.config / "pipelines/news.toml"
    path.write_text(path.read_text().replace('sink = "outbox"', 'sinks = ["outbox", "other"]'))
    run = office.export()
    assert (run["status"], run["error"]["code"]) == ("failed", "sink_refused")
    assert office.contents().keys() == {"news.csv"}
    assert office.contents(other) == {}
    (other / "news.csv").rmdir()
    assert office.manifest(office.exported()["run_id"])["previous"] is None


def test_a_partition_that_is_called_as_the_manifest_fails_the_run(office: Office) -> None:
    office.receipts('path = "1.csv"', path='"${column:visits}.csv"', partition_by='["visits"]')
    run = office.export()
    assert (run["status"], run["error"]["code"]) == ("failed", "name_collision")
    assert "/1.csv would be written twice" in run["error"]["message"]
    assert office.contents() == {}


def test_a_path_without_the_run_has_the_last_manifest_whatever_on_existing_says(
    office: Office,
) -> None:
    office.receipts(manifest='path = "latest.json"\ndone = "_SUCCESS"', on_existing='"fail"')
    office.exported()
    run = office.exported()
    document = json.loads((office.outbox / "latest.json").read_text())
    assert document["run_id"] == run["run_id"]
    assert document["previous"] is not None


def test_the_chain_goes_on_where_it_was_after_a_run_without_manifest(office: Office) -> None:
    office.receipts()
    first = office.exported()["run_id"]
    office.pipeline("news", path='"news-${run_id}.csv"')
    office.exported()
    office.receipts()
    document = office.manifest(office.exported()["run_id"])
    before = (office.outbox / f"news-{first}.manifest.json").read_bytes()
    assert document["previous"] == hashlib.sha256(before).hexdigest()


def test_without_a_key_there_is_no_signature(office: Office) -> None:
    office.write("profexd.toml", "")
    office.receipts()
    run = office.exported()
    assert [file["kind"] for file in run["files"]] == ["data", "manifest", "marker"]
    assert office.manifest(run["run_id"])["key"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-N", "a phrase"), "has a passphrase"),
        (("-t", "ecdsa"), "is not an Ed25519 key"),
        ((), "is no private key"),
    ],
)
def test_a_key_that_cannot_sign_fails_the_run_before_it_reads(
    office: Office, arguments: tuple[str, ...], words: str
) -> None:
    office.key.unlink()
    if arguments:
        make_key(office.key, *arguments)
    else:
        office.key.write_text("no key at all\n")
    office.receipts()
    run = office.export()
    assert run["error"]["code"] == "config_invalid"
    assert words in run["error"]["message"]
    assert (run["phase"], office.everything() if office.outbox.exists() else []) == ("plan", [])


def test_the_key_is_written_nowhere(office: Office) -> None:
    secret = office.key.read_text()
    path = office.write("profexd.toml", f"[signing]\nkey = '''{secret}'''\n")
    path.chmod(0o600)
    office.receipts()
    office.exported()
    canary = secret.splitlines()[2].encode()
    for root in (office.state, office.spool, office.outbox):
        for file in root.rglob("*"):
            assert file.is_dir() or canary not in file.read_bytes(), file

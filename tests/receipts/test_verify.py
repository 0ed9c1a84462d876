"""``profexctl verify``: which file, or which manifest, is not as it was delivered."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from profexd.cli.profexctl import main
from tests.receipts.office import Delivery, make_key

Verify = Callable[..., tuple[int, Any]]


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Verify:
    """Return what calls the verb: its exit code, and its JSON where it wrote some."""

    def call(*arguments: Path | str) -> tuple[int, Any]:
        code = main(["verify", *map(str, arguments), "--json"])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else said.err

    return call


def statuses(said: Any) -> dict[str, str]:
    """The status of each file by its name alone."""
    return {Path(one["path"]).name: one["status"] for one in said["files"]}


WHOLE = {"part-001.csv": "ok", "part-002.csv": "ok", "part-003.csv": "ok"}


def test_a_delivery_that_is_whole_verifies(delivery: Delivery, verify: Verify) -> None:
    for files in ([], [delivery.folder], delivery.files):
        code, said = verify(
            delivery.manifest, *files, "--key", delivery.key, "--previous", delivery.older
        )
        assert (code, said["ok"], statuses(said)) == (0, True, WHOLE)
        assert said["signature"]["status"] == "ok"
        assert [one["status"] for one in said["previous"]] == ["ok"]


def test_a_flipped_byte_names_the_file(delivery: Delivery, verify: Verify) -> None:
    changed = delivery.files[1]
    data = bytearray(changed.read_bytes())
    data[-2] ^= 1
    changed.write_bytes(data)
    code, said = verify(delivery.manifest)
    assert (code, statuses(said)) == (1, WHOLE | {"part-002.csv": "changed"})
    assert said["manifest"]["status"] == "ok"


def test_a_cut_file_says_how_long_it_is(delivery: Delivery, verify: Verify) -> None:
    data = delivery.files[0].read_bytes()
    delivery.files[0].write_bytes(data[:-1])
    code, said = verify(delivery.manifest)
    assert (code, statuses(said)) == (1, WHOLE | {"part-001.csv": "changed"})
    assert f"{len(data) - 1} bytes instead of {len(data)}" in said["files"][0]["message"]


@pytest.mark.parametrize("named", [True, False])
def test_a_removed_file_is_missing(delivery: Delivery, verify: Verify, named: bool) -> None:
    delivery.files[2].unlink()
    code, said = verify(delivery.manifest, *(delivery.files if named else [delivery.folder]))
    assert (code, statuses(said)) == (1, WHOLE | {"part-003.csv": "missing"})


def test_a_file_of_another_run_does_not_stand_in_for_one_that_is_missing(
    delivery: Delivery, verify: Verify
) -> None:
    """The other run has a file of the same name and the same bytes, in another folder."""
    delivery.files[2].unlink()
    assert len(list(delivery.folder.rglob("part-003.csv"))) == 1
    code, said = verify(delivery.manifest, delivery.folder)
    assert (code, statuses(said)) == (1, WHOLE | {"part-003.csv": "missing"})


def test_a_stranger_in_the_folder_is_extra_and_files_of_other_manifests_are_not(
    delivery: Delivery, verify: Verify
) -> None:
    assert verify(delivery.manifest, delivery.folder)[0] == 0
    (delivery.folder / "of" / "others").mkdir(parents=True)
    (delivery.folder / "of/others/stranger.csv").write_text("x")
    code, said = verify(delivery.manifest, delivery.folder)
    assert (code, statuses(said)) == (1, WHOLE | {"stranger.csv": "extra"})
    assert said["files"][-1]["path"] == "of/others/stranger.csv"


def test_a_file_that_is_named_and_not_listed_is_extra(delivery: Delivery, verify: Verify) -> None:
    stranger = delivery.folder / "stranger.csv"
    stranger.write_text("x")
    code, said = verify(delivery.manifest, *delivery.files, stranger)
    assert (code, statuses(said)) == (1, WHOLE | {"stranger.csv": "extra"})


def test_files_that_lie_flat_beside_the_manifest_are_found(
    delivery: Delivery, verify: Verify, tmp_path: Path
) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in (delivery.manifest, *delivery.files):
        shutil.copy(path, flat)
    manifest = flat / delivery.manifest.name
    shutil.copy(f"{delivery.manifest}.sig", flat)
    for files in ([], [flat], sorted(flat.glob("*.csv"))):
        code, said = verify(manifest, *files)
        assert (code, statuses(said)) == (0, WHOLE)


@pytest.mark.parametrize(
    ("old", "new"), [('"rows": 5', '"rows": 6'), ('"rows": 2', '"rows":  2'), ("}\n", "}\n\n")]
)
def test_an_edited_manifest_is_named(
    delivery: Delivery, verify: Verify, old: str, new: str
) -> None:
    delivery.edit(old, new)
    code, said = verify(delivery.manifest)
    assert (code, said["manifest"]["status"]) == (1, "changed")
    assert said["signature"]["status"] == "wrong"
    assert statuses(said) == WHOLE


def test_a_manifest_that_is_cut_is_named(delivery: Delivery, verify: Verify) -> None:
    delivery.manifest.write_text(delivery.manifest.read_text()[:200])
    code, said = verify(delivery.manifest)
    assert (code, said["manifest"]["status"]) == (1, "changed")


def test_a_forger_who_seals_anew_is_found_by_the_signature(
    delivery: Delivery, verify: Verify
) -> None:
    from profexd.export.receipts.manifest import read, text_of

    document = read(delivery.manifest.read_bytes())
    forged = text_of({**document, "rows": 6})
    delivery.manifest.write_bytes(forged)
    code, said = verify(delivery.manifest)
    assert (code, said["manifest"]["status"], said["signature"]["status"]) == (1, "ok", "wrong")
    # Nor does it help to leave the signature out where one must be.
    delivery.manifest.write_bytes(text_of({**document, "key": None}))
    delivery.manifest.with_name(f"{delivery.manifest.name}.sig").unlink()
    assert verify(delivery.manifest)[0] == 0
    code, said = verify(delivery.manifest, "--key", delivery.key)
    assert (code, said["signature"]["status"]) == (1, "missing")


def test_a_key_that_is_not_the_one_is_told(
    delivery: Delivery, verify: Verify, tmp_path: Path
) -> None:
    make_key(tmp_path / "other")
    code, said = verify(delivery.manifest, "--key", tmp_path / "other.pub")
    assert (code, said["signature"]["status"]) == (1, "wrong-key")
    assert delivery.document["key"]["fingerprint"] in said["signature"]["message"]
    code, said = verify(delivery.manifest, "--key", delivery.document["key"]["fingerprint"])
    assert (code, said["signature"]["status"]) == (0, "ok")


def test_without_a_key_the_signature_only_fits(delivery: Delivery, verify: Verify) -> None:
    code, said = verify(delivery.manifest)
    assert (code, said["signature"]["status"]) == (0, "unproven")


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("office {key}", "ok"),
        ('"office,depot" namespaces="git,file" {key} with a comment', "ok"),
        ('office namespaces="git" {key}', "wrong-key"),
        ('office valid-before="20200101" {key}', "wrong-key"),
        ('office valid-after="20200101Z",valid-before="299912312359" {key}', "ok"),
        ("office cert-authority {key}", "wrong-key"),
        ("# office {key}", "wrong-key"),
    ],
)
def test_allowed_signers_are_read_as_openssh_writes_them(
    delivery: Delivery, verify: Verify, tmp_path: Path, line: str, status: str
) -> None:
    key = " ".join(delivery.key.read_text().split()[:2])
    signers = tmp_path / "allowed"
    signers.write_text(line.replace("{key}", key) + "\n")
    code, said = verify(delivery.manifest, "--allowed-signers", signers)
    assert (code, said["signature"]["status"]) == (0 if status == "ok" else 1, status)


def test_ssh_keygen_accepts_the_signature_and_refuses_another_text(
    delivery: Delivery, tmp_path: Path
) -> None:
    signers = tmp_path / "allowed"
    signers.write_text(f"office {delivery.key.read_text()}")
    command = ["ssh-keygen", "-Y", "verify", "-f", str(signers), "-I", "office", "-n", "file"]
    command += ["-s", f"{delivery.manifest}.sig"]
    text = delivery.manifest.read_bytes()
    assert subprocess.run(command, input=text, capture_output=True).returncode == 0
    assert subprocess.run(command, input=text + b"\n", capture_output=True).returncode != 0


def test_a_broken_chain_is_told(delivery: Delivery, verify: Verify, tmp_path: Path) -> None:
    other = tmp_path / "other.manifest.json"
    other.write_bytes(delivery.older.read_bytes() + b"\n")
    code, said = verify(delivery.manifest, "--previous", other)
    assert (code, [one["status"] for one in said["previous"]]) == (1, ["broken"])
    code, said = verify(
        delivery.manifest, "--previous", delivery.older, "--previous", delivery.manifest
    )
    assert (code, [one["status"] for one in said["previous"]]) == (1, ["ok", "broken"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere.json"],
        ["{manifest}", "--key", "nowhere.pub"],
        ["{manifest}", "--key", "{manifest}"],
        ["{manifest}", "--previous", "nowhere.json"],
        ["{manifest}", "--host", "elsewhere"],
    ],
)
def test_what_cannot_be_read_is_an_error_of_usage(
    delivery: Delivery, verify: Verify, arguments: list[str]
) -> None:
    manifest = str(delivery.manifest)
    code, said = verify(*[one.replace("{manifest}", manifest) for one in arguments])
    assert code == 2
    assert "error: " in said


def test_words_name_what_is_wrong(delivery: Delivery, capsys: pytest.CaptureFixture[str]) -> None:
    delivery.files[1].unlink()
    assert main(["verify", str(delivery.manifest)]) == 1
    said = capsys.readouterr()
    assert "missing     file       files/" in said.out
    assert f"{delivery.document['files'][1]['path']} is missing (not_verified)" in said.err


def test_a_manifest_that_leads_out_of_its_folder_reads_nothing_there(
    delivery: Delivery, verify: Verify, tmp_path: Path
) -> None:
    from profexd.export.receipts.manifest import read, text_of

    document = read(delivery.manifest.read_bytes())
    outside = {"path": "../key.pub", "rows": 0, "bytes": 1, "sha256": "0"}
    delivery.manifest.write_bytes(text_of({**document, "files": [outside]}))
    code, said = verify(delivery.manifest)
    assert (code, statuses(said)) == (1, {"key.pub": "missing"})

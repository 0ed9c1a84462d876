"""``profexctl resend``: the same bytes under the same names, and nothing else moves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.receipts.office import Office


@pytest.fixture
def partner(office: Office) -> Path:
    """The folder of a sink that the pipeline does not name."""
    folder = office.folder / "partner"
    office.write("sinks/partner.toml", f'type = "file"\nroot = "{folder}"\n')
    return folder


def resent(office: Office, run_id: str, *arguments: str) -> Any:
    """Have a run sent again, wait for the end of that, and return it."""
    answer = office.profexctl("resend", run_id, *arguments, "--json")
    assert answer.code == 0, answer.err
    assert (answer.json["trigger"], answer.json["pipeline"]) == ("resend", "news")
    return office.finished(answer.json["run_id"])


def refused(office: Office, run_id: str, *arguments: str) -> tuple[int, str]:
    answer = office.profexctl("resend", run_id, *arguments)
    return answer.code, answer.err.rpartition("(")[2].partition(")")[0]


def test_a_run_is_sent_again_byte_for_byte(office: Office) -> None:
    office.receipts(
        path='"news-${run_id}-${part}.csv"', split="{ max_rows = 2 }", on_existing='"fail"'
    )
    first = office.exported()
    delivered = office.contents()
    office.sql("UPDATE profiles SET visits = 9")
    office.start()
    run = resent(office, first["run_id"])
    assert (run["status"], run["rows"], run["bytes"]) == ("done", 5, first["bytes"])
    assert run["origin"] == first["run_id"]
    assert office.contents() == delivered
    assert [file["sha256"] for file in run["files"]] == [file["sha256"] for file in first["files"]]
    # A resend can be sent again, too; and a pause is about the schedule.
    assert office.profexctl("pause", "news").code == 0
    shutil.rmtree(office.outbox)
    assert resent(office, run["run_id"])["origin"] == first["run_id"]
    assert office.contents() == delivered


def test_a_run_whose_pipeline_is_gone_is_sent_to_another_sink(
    office: Office, partner: Path
) -> None:
    office.receipts()
    first = office.exported()["run_id"]
    (office.config / "pipelines/news.toml").unlink()
    office.start()
    assert resent(office, first, "--sink", "partner")["status"] == "done"
    assert office.contents(partner) == office.contents()


def test_what_cannot_be_sent_again_is_refused(office: Office) -> None:
    office.receipts()
    done = office.exported()["run_id"]
    (office.folder / "warehouse.duckdb").rename(office.folder / "gone")
    failed = office.export()["run_id"]
    office.start()
    assert refused(office, failed) == (1, "not_delivered")
    assert refused(office, "17") == (2, "not_found")
    assert refused(office, done, "--sink", "nowhere") == (2, "not_found")
    [part] = (office.spool / done).glob("part-*")
    part.write_bytes(part.read_bytes()[::-1])
    (office.outbox / f"news-{done}.csv").unlink()
    run = resent(office, done)
    assert (run["status"], run["error"]["code"]) == ("failed", "spool_corrupt")
    assert f"news-{done}.csv" not in office.contents()
    shutil.rmtree(office.spool / done)
    assert refused(office, done) == (1, "spool_gone")


def test_a_spool_that_keeps_nothing_has_nothing_to_send_again(office: Office) -> None:
    office.write("profexd.toml", '[spool]\nkeep = "0"\n')
    office.receipts()
    done = office.exported()["run_id"]
    office.start()
    assert refused(office, done) == (1, "spool_gone")


def test_a_resend_moves_no_state(office: Office) -> None:
    office.receipts(mode='"changed"', path='"news-${run_id}.csv"')
    first = office.exported()["run_id"]
    office.sql("UPDATE profiles SET visits = 7 WHERE profile_id = 3")
    office.start()
    assert resent(office, first)["status"] == "done"
    assert office.listed()["news"]["last_run"]["run_id"] == first
    office.stop()
    run = office.exported()
    assert run["rows"] == 1
    assert office.manifest(run["run_id"])["previous"] is not None
    assert office.profexd("export", "news", "--json").json["rows"] == 0


@pytest.mark.parametrize("whom", ["worker", "core"])
def test_a_resend_that_is_killed_while_it_publishes_is_finished(office: Office, whom: str) -> None:
    office.receipts()
    first = office.exported()["run_id"]
    delivered = office.contents()
    shutil.rmtree(office.outbox)
    office.start(**office.killing("published:2", whom))
    run_id = office.profexctl("resend", first, "--json").json["run_id"]
    if whom == "core":
        assert office.daemon is not None
        office.daemon.wait(timeout=90)
        office.start()
    assert office.finished(run_id)["status"] == "done"
    assert (office.folder / "killed").exists()
    assert office.contents() == delivered


def test_a_held_run_that_is_approved_leaves_its_receipts(office: Office) -> None:
    office.receipts("[checks]\nmin_rows = 6")
    run = office.export()
    assert run["status"] == "held"
    assert not office.outbox.exists()
    office.start()
    assert office.profexctl("approve", run["run_id"]).code == 0
    assert office.finished(run["run_id"])["status"] == "done"
    manifest = str(office.outbox / f"news-{run['run_id']}.manifest.json")
    assert office.profexctl("verify", manifest, "--key", f"{office.key}.pub").code == 0

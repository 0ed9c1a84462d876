"""The daemon's log in its formats, and the logs of runs."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from profexd.daemon.life.logs import configure
from profexd.daemon.runs.runlog import RunLogs
from tests.daemon.stage import Clock, run_async

log = logging.getLogger("profexd.test")


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def written(log_format: str, environ: dict[str, str] | None = None) -> str:
    stream = io.StringIO()
    configure(log_format, "info", environ=environ or {}, stream=stream)
    log.info("run", extra={"rows": 3, "pipeline": "p", "note": "a b"})
    log.debug("unseen")
    return stream.getvalue()


def test_json_has_the_fixed_keys_first() -> None:
    line = json.loads(written("json"))
    assert list(line) == ["ts", "level", "event", "pipeline", "rows", "note"]
    assert line["ts"].endswith("Z")


def test_logfmt_quotes_what_has_spaces() -> None:
    text = written("logfmt")
    assert text.startswith("ts=")
    assert 'level=info event=run pipeline=p rows=3 note="a b"' in text


def test_text_is_for_people() -> None:
    assert "pipeline=p" in written("text")


def test_auto_is_json_where_nobody_looks() -> None:
    assert json.loads(written("auto"))["event"] == "run"


def test_auto_gives_the_journal_a_priority_and_no_clock(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with path.open("w") as stream:
        status = os.fstat(stream.fileno())
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        configure("auto", "info", environ=environ, stream=stream)
        log.error("run", extra={"pipeline": "p"})
    assert path.read_text() == "<3>level=error event=run pipeline=p\n"


def test_a_traceback_is_one_line_of_json() -> None:
    stream = io.StringIO()
    configure("json", "info", environ={}, stream=stream)
    try:
        raise ValueError("what")
    except ValueError:
        log.exception("core_failed")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: what" in json.loads(line)["exception"]


def test_what_repeats_is_let_through_a_few_times() -> None:
    stream = io.StringIO()
    configure("json", "info", environ={}, stream=stream)
    for _ in range(100):
        log.warning("again", extra={"pipeline": "p"})
    log.warning("again", extra={"pipeline": "q"})
    assert len(stream.getvalue().splitlines()) == 6


def test_a_runs_log_is_followed_until_it_ends(tmp_path: Path) -> None:
    async def scene() -> None:
        logs = RunLogs(tmp_path / "logs", Clock())
        logs.expect("1")
        stream = logs.read("1", follow=True)
        seen = []
        logs.begin("1")
        logs.write("1", "info", "eins")
        seen.append(await anext(stream))
        logs.write("1", "odd", "zwei ü")
        seen.append(await anext(stream))
        logs.write("1", "error", "drei")
        logs.end("1")
        seen.extend([block async for block in stream])
        lines = [json.loads(line) for block in seen for line in block.splitlines()]
        assert [(line["level"], line["message"]) for line in lines] == [
            ("info", "eins"),
            ("info", "zwei ü"),
            ("error", "drei"),
        ]
        assert (tmp_path / "logs/1.log").stat().st_mode & 0o777 == 0o600
        assert [block async for block in logs.read("2", follow=True)] == []
        logs.close()

    run_async(scene())

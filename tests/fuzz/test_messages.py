"""Whatever a worker says: its run ends with words, the core goes on, and what it shows is sound."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profexd.export.messages import decode
from tests.daemon.stage import Stage, run_async
from tests.properties.settings import examples

EVENTS = {
    "planned": {"files": [{"path": "a", "uri": "file:///a", "sink": "lake"}], "complete": False},
    "progress": {"phase": "build", "percent": 1.5, "rows": 1, "bytes": 2},
    "built": {"files": [{"path": "out.csv", "rows": 1, "bytes": 1, "sha256": "a"}], "state": None},
    "checked": {"checks": []},
    "staging": {"sink": "lake", "staged": {"target": "a"}, "complete": True},
    "publishing": {},
    "published": {"sink": "lake", "path": "out.csv", "receipt": {}},
    "unpublished": {"sink": "lake", "path": "out.csv", "status": "discarded"},
    "retrying": {"attempt": 2, "retry_at": "2026-01-01T00:00:10Z", "error": None},
    "log": {"level": "info", "message": "words", "record": True},
    "previewed": {"preview": {}},
    "inspected": {"pipeline": "a", "findings": [], "lasting": True},
    "finished": {"status": "failed", "error": {"code": "a", "message": "b", "hint": "c"}},
}
odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -1, 2**63, "\ud800", "\0", "", "done", "held", "x" * 70_000])
    | st.floats()
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A message of which something may be odd, or something else altogether."""
    event = draw(st.sampled_from(sorted(EVENTS)))
    value: dict[str, Any] = {"event": event, "n": draw(st.integers(-1, 9)), **EVENTS[event]}
    for key in draw(st.lists(st.sampled_from(sorted(value)), max_size=2)):
        value[key] = draw(odd)
    if draw(st.integers(0, 9)) == 0:
        value[draw(st.text(max_size=5))] = draw(odd)
    return json.dumps(value).encode()


lines = st.lists(messages() | st.binary(max_size=60), min_size=1, max_size=5).map(b"\n".join)


@examples(100)
@given(messages() | st.binary(max_size=200))
def test_a_line_is_a_message_whose_values_are_of_their_types_or_none(line: bytes) -> None:
    try:
        message, number = decode(line.decode())
    except ValueError:
        return
    assert isinstance(number, int)
    said = json.loads(line)
    if message.event == "progress":
        percent = said.get("percent")
        assert percent is None or math.isfinite(percent)
    if message.event == "finished":
        assert said["status"] in ("done", "failed", "stopped", "held", "skipped")
    json.dumps(said, ensure_ascii=False).encode()


def test_a_run_whose_worker_says_anything_ends_and_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(tmp_path)
    stage.write("babble")
    stage.write("quick")
    ends: set[str] = set()
    babbled = Path(f"{stage.gate}-babble")

    async def scene() -> None:
        async with stage.playing() as play, play.at_the_door() as ask:

            async def babble(said: bytes) -> None:
                babbled.write_bytes(said + b"\n")  # noqa: ASYNC240 - a few bytes
                run_id = (await play.run_now("babble")).run_id
                await play.until(lambda: run_id not in play.core.roster.active)
                await play.settled("babble")
                run = play.run(run_id)
                ends.add(str(run.status))
                assert run.status.finished or run.status == "held"
                if run.status == "failed":
                    assert run.error is not None
                    assert run.error["message"]
                for path in (f"/v1/runs/{run_id}", "/v1/pipelines/babble", "/v1/runs"):
                    assert (await ask("GET", path))[0] == 200
                if run.status == "held":
                    await ask("POST", f"/v1/runs/{run_id}/reject")

            for said in collected:
                await babble(said)
            await play.over((await play.run_now("quick")).run_id)
            assert play.states("quick") == ["done"]

    collected: list[bytes] = []

    @examples(12)
    @given(lines)
    def collect(said: bytes) -> None:
        collected.append(said)

    collect()
    run_async(scene())
    assert "failed" in ends
    assert "never retrieved" not in caplog.text

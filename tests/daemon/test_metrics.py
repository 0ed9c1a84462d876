"""What Prometheus reads, and that the alert rules speak of nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from profexd.daemon.api.metrics import Metrics
from profexd.daemon.api.standing import Standing
from profexd.daemon.state.records import Run
from profexd.wire import RunStatus, Trigger
from tests.daemon.process import Daemon, until
from tests.daemon.stage import NOON, SCRIPTED, Stage, run_async

ROOT = Path(__file__).parents[2]
RULES = ROOT / "etc/prometheus/profexd.rules.yml"
DASHBOARD = ROOT / "etc/grafana/profexd.json"
_WORD = re.compile(r"\bprofexd_\w+")


def families(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Return the samples by name, each by its labels."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        found.setdefault(family.name, {})
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[labels] = sample.value
    return found


def test_every_metric_of_a_rule_is_there_and_every_metric_is_documented(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, argv=SCRIPTED)
    for name in ("quick", "failing", "retry", "hang"):
        notify = '[{ command = ["true"] }]'
        daemon.pipeline(name, notify=notify)
    daemon.pipeline("quick-once", schedule='"once"')
    daemon.pipeline("broken", format='{ type = "nothing" }')
    with daemon:
        for name in ("quick", "failing"):
            daemon.over(daemon.run(name))
        until(lambda: daemon.names()["quick-once"] == "done")
        until(lambda: "profexd_notices_total{" in daemon.get("/metrics"))
        text = daemon.get("/metrics")
    found = families(text)
    rules = [
        rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    ]
    names = {word for rule in rules for word in _WORD.findall(rule["expr"])}
    assert len(names) >= 12
    assert names - found.keys() == set()
    for rule in rules:
        labels = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        (name,) = set(_WORD.findall(rule["expr"]))
        assert labels <= {key for sample in found[name] for key, _ in sample}, rule["alert"]
    panels = json.loads(DASHBOARD.read_text())["panels"]
    shown = " ".join(target["expr"] for panel in panels for target in panel["targets"])
    assert set(_WORD.findall(shown)) - found.keys() == set()
    told = (ROOT / "docs/operations.md").read_text()
    ours = {family.name for family in text_string_to_metric_families(text)}
    undocumented = {name for name in ours if name.startswith("profexd_") and f"`{name}" not in told}
    assert undocumented == set()
    assert found["profexd_pipeline_state"] == {
        (("pipeline", "quick"), ("state", "pending")): 1,
        (("pipeline", "quick-once"), ("state", "done")): 1,
        (("pipeline", "failing"), ("state", "failed")): 1,
        (("pipeline", "retry"), ("state", "pending")): 1,
        (("pipeline", "hang"), ("state", "pending")): 1,
        (("pipeline", "broken"), ("state", "invalid")): 1,
    }
    assert found["profexd_config_problems"] == {(): 1}
    assert found["profexd_notices_total"] == {(("event", "failed"), ("outcome", "told")): 1}


def test_what_is_late_queued_and_held_can_be_read(tmp_path: Path) -> None:
    stage = Stage(tmp_path, concurrent_runs=1)
    stage.write("hang-a", "daily at 13:00")
    stage.write("hang-b", "daily at 13:00", notify='[{ command = ["true"], late_after = "1h" }]')
    stage.write("quick")

    async def scene() -> None:
        async with stage.playing() as play:
            metrics = Metrics(boot_time=0.0)
            metrics.watch(Standing(play.core, play.store))

            def read() -> dict[str, Any]:
                return families(metrics.render()[0].decode())

            await play.over((await play.run_now("quick")).run_id)
            play.store.save_run(replace(play.runs("quick")[0], status=RunStatus.HELD))
            await play.tick(minutes=76)
            found = read()
            assert found["profexd_queued"] == {(): 1}
            assert found["profexd_running"] == {(): 1}
            assert found["profexd_held_runs"][(("pipeline", "quick"),)] == 1
            assert found["profexd_late_runs"] == {
                (("pipeline", "hang-a"),): 1,
                (("pipeline", "hang-b"),): 0,
                (("pipeline", "quick"),): 0,
            }
            await play.tick(minutes=45)
            assert read()["profexd_late_runs"][(("pipeline", "hang-b"),)] == 1

    run_async(scene())


def test_what_was_counted_of_a_pipeline_that_is_gone_is_forgotten() -> None:
    metrics = Metrics(boot_time=0.0)
    for name in ("one", "two"):
        run = Run(
            run_id="1",
            pipeline=name,
            trigger=Trigger.MANUAL,
            instant=NOON,
            status=RunStatus.DONE,
            started_at=NOON,
            finished_at=NOON + timedelta(seconds=3),
            rows=7,
        )
        metrics.observe(run)
    metrics.keep({"two"})
    text = metrics.render()[0].decode()
    assert 'pipeline="two"' in text
    assert 'pipeline="one"' not in text
    metrics.keep({})
    assert "pipeline=" not in metrics.render()[0].decode()


def test_the_greatest_lag_since_the_last_reading_counts() -> None:
    metrics = Metrics(boot_time=0.0)
    for lag in (0.1, 3.0, 0.2):
        metrics.loop_lag(lag)
    assert "profexd_loop_lag_seconds 3.0" in metrics.render()[0].decode()
    assert "profexd_loop_lag_seconds 0.0" in metrics.render()[0].decode()

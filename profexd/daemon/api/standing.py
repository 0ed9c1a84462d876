"""How things stand right now, as gauges: asked for whenever the metrics are read."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from profexd.daemon.core import Core
from profexd.daemon.state.store import Store
from profexd.wire import PipelineState, RunStatus

_MOST_HELD = 10_000


class Standing(Collector):
    """Reads core and store; both are free to read on the loop."""

    def __init__(self, core: Core, store: Store) -> None:
        self._core = core
        self._store = store

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield what is true now."""
        pipelines = self._core.configuration.pipelines
        yield self._states()
        yield _by_pipeline(
            "profexd_late_runs",
            "Runs that should have started or ended by now, and have not.",
            dict.fromkeys(pipelines, 0) | self._core.late(),
        )
        held = dict.fromkeys(pipelines, 0)
        for run in self._store.runs(status=str(RunStatus.HELD), limit=_MOST_HELD):
            held[run.pipeline] = held.get(run.pipeline, 0) + 1
        yield _by_pipeline("profexd_held_runs", "Runs that wait for an approval.", held)
        for name, words, value in (
            ("running", "Runs with a live process.", len(self._core.roster.active)),
            ("queued", "Runs that wait for their turn.", len(self._core.roster.pending)),
            ("spool_bytes", "What is kept for resend.", self._store.spooled_bytes()),
            (
                "config_problems",
                "Errors in the files.",
                sum(one["severity"] == "error" for one in self._core.configuration.problems),
            ),
            (
                "plugin_broken",
                "Plugins that do not load.",
                sum(row["status"] == "broken" for row in self._core.catalog.rows),
            ),
            ("event_readers", "Clients that follow the events.", self._core.hub.clients),
            ("notices_owed", "Notices that are still to be told.", self._store.count_owed()),
        ):
            yield GaugeMetricFamily(f"profexd_{name}", words, value)

    def _states(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "profexd_pipeline_state",
            "1 for the state that a pipeline is in: " + ", ".join(PipelineState),
            labels=["pipeline", "state"],
        )
        for name in self._core.configuration.pipelines:
            family.add_metric([name, self._core.board.pipeline(name)["state"]], 1)
        return family


def _by_pipeline(name: str, words: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=["pipeline"])
    for pipeline, value in values.items():
        family.add_metric([pipeline], value)
    return family

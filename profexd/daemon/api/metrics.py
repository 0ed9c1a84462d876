"""Metrics for Prometheus, in a registry of our own; labels are configured names alone."""

from __future__ import annotations

from collections.abc import Container, Mapping
from datetime import datetime

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

import profexd
from profexd.daemon.state.records import Run
from profexd.wire import RunStatus

_SECONDS = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400)


class Metrics:
    """Counts what runs do; what is true right now is asked for when it is read."""

    def __init__(self, *, boot_time: float) -> None:
        # When a series began is of no use, and doubles their number.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = CollectorRegistry()
        self._registry = registry
        self._runs = Counter(
            "profexd_run", "Runs that ended.", ["pipeline", "outcome"], registry=registry
        )
        self._duration = Histogram(
            "profexd_run_duration_seconds",
            "How long runs took.",
            ["pipeline"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._rows = Counter("profexd_rows", "Rows delivered.", ["pipeline"], registry=registry)
        self._bytes = Counter("profexd_bytes", "Bytes delivered.", ["pipeline"], registry=registry)
        self._success = Gauge(
            "profexd_last_success_timestamp_seconds",
            "When a run of the pipeline was last delivered.",
            ["pipeline"],
            registry=registry,
        )
        self._retries = Counter(
            "profexd_retries", "Attempts after the first.", ["pipeline"], registry=registry
        )
        self._lag = Gauge(
            "profexd_schedule_lag_seconds",
            "How late the last scheduled run started.",
            ["pipeline"],
            registry=registry,
        )
        self._notices = Counter(
            "profexd_notices",
            "Notices by event, and whether somebody was told.",
            ["event", "outcome"],
            registry=registry,
        )
        self._loop_lag = Gauge(
            "profexd_loop_lag_seconds",
            "How late the loop was at most since the metrics were last read.",
            registry=registry,
        )
        self._lags = 0.0
        self._reload_ok = Gauge(
            "profexd_config_last_reload_successful",
            "Whether the last reading of the files found no error.",
            registry=registry,
        )
        self._reload_at = Gauge(
            "profexd_config_last_reload_success_timestamp_seconds",
            "When the files were last read without an error.",
            registry=registry,
        )
        self._known: set[str] = set()
        self._per_pipeline = (
            self._runs,
            self._duration,
            self._rows,
            self._bytes,
            self._success,
            self._retries,
            self._lag,
        )
        ProcessCollector(registry=registry)
        Gauge(
            "profexd_build_info", "Which profexd this is.", ["version"], registry=registry
        ).labels(profexd.__version__).set(1)
        Gauge("profexd_start_time_seconds", "When the daemon started.", registry=registry).set(
            boot_time
        )

    def watch(self, standing: Collector) -> None:
        """Ask ``standing`` whenever the metrics are read."""
        self._registry.register(standing)

    def keep(self, pipelines: Container[str]) -> None:
        """Forget what was counted of pipelines that are gone: every label is a configured name."""
        for gone in [name for name in self._known if name not in pipelines]:
            self._known.discard(gone)
            for metric in self._per_pipeline:
                metric.remove_by_labels({"pipeline": gone})

    def delivered_before(self, last: Mapping[str, datetime]) -> None:
        """Take over what the store knows from earlier boots."""
        self._known |= last.keys()
        for pipeline, at in last.items():
            self._success.labels(pipeline).set(at.timestamp())

    def observe(self, run: Run) -> None:
        """Count a run that ended; one that is left to the next start has not."""
        if not run.status.finished:
            return
        self._known.add(run.pipeline)
        self._runs.labels(run.pipeline, str(run.status)).inc()
        if run.started_at is None or run.finished_at is None:
            return
        if run.hold is None:
            # How long somebody took to decide is not how long a run takes.
            self._duration.labels(run.pipeline).observe(
                (run.finished_at - run.started_at).total_seconds()
            )
        self._retries.labels(run.pipeline).inc(max(run.attempt - 1, 0))
        if run.scheduled_at is not None:
            self._lag.labels(run.pipeline).set(
                max((run.started_at - run.scheduled_at).total_seconds(), 0)
            )
        if run.status is RunStatus.DONE:
            self._rows.labels(run.pipeline).inc(run.rows)
            self._bytes.labels(run.pipeline).inc(run.bytes)
            self._success.labels(run.pipeline).set(run.finished_at.timestamp())

    def reloaded(self, at: float, *, ok: bool) -> None:
        """Note a reading of the files."""
        self._reload_ok.set(ok)
        if ok:
            self._reload_at.set(at)

    def noticed(self, event: str, *, told: bool) -> None:
        """Count a notice."""
        self._notices.labels(event, "told" if told else "failed").inc()

    def loop_lag(self, seconds: float) -> None:
        """Note how late the loop was."""
        self._lags = max(self._lags, seconds)

    def render(self) -> tuple[bytes, str]:
        """Return the text and its content type."""
        self._loop_lag.set(self._lags)
        self._lags = 0.0
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

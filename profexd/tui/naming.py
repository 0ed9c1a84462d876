"""HOST/NAME: what pipelines are called where several hosts share one list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from profexd.tui.ports import ControlClient, Events, LogLines
from profexd.wire import (
    AuditJson,
    CheckJson,
    DiagnosticsJson,
    EffectiveJson,
    EventJson,
    InfoJson,
    PipelineJson,
    PluginJson,
    PreviewJson,
    RunJson,
    TrendJson,
    WhyJson,
)


def host_of(name: str) -> str:
    """Return the host of ``HOST/NAME``; it is empty where one host is watched alone."""
    return name.rpartition("/")[0]


def bare(name: str) -> str:
    """Return what the host itself calls the pipeline."""
    return name.rpartition("/")[2]


class Named:
    """A client that calls the pipelines of its host HOST/NAME; run ids stay as they are."""

    def __init__(self, client: ControlClient, host: str) -> None:
        self._client = client
        self._host = host

    @property
    def where(self) -> str:
        return self._client.where

    def info(self) -> InfoJson:
        return self._client.info()

    def pipelines(self) -> Sequence[PipelineJson]:
        return [self._pipeline(made) for made in self._client.pipelines()]

    def events(self, since: int | None = None) -> Events:
        return _NamedEvents(self._client.events(since=since), self)

    def runs(
        self, pipeline: str | None = None, status: str | None = None, limit: int = 50
    ) -> Sequence[RunJson]:
        wanted = None if pipeline is None else bare(pipeline)
        found = self._client.runs(pipeline=wanted, status=status, limit=limit)
        return [self._run(run) for run in found]

    def trends(self) -> Mapping[str, Sequence[TrendJson]]:
        return {self._name(name): runs for name, runs in self._client.trends().items()}

    def log(self, run_id: str, follow: bool = False) -> LogLines:
        return self._client.log(run_id, follow=follow)

    def preview(self, name: str, limit: int = 100) -> PreviewJson:
        return self._client.preview(bare(name), limit=limit)

    def run_now(self, name: str) -> RunJson:
        return self._run(self._client.run_now(bare(name)))

    def stop(self, run_id: str) -> RunJson:
        return self._run(self._client.stop(run_id))

    def pause(self, name: str, reason: str = "", until: str | None = None) -> PipelineJson:
        return self._pipeline(self._client.pause(bare(name), reason, until))

    def resume(self, name: str) -> PipelineJson:
        return self._pipeline(self._client.resume(bare(name)))

    def approve(self, run_id: str, note: str = "") -> RunJson:
        return self._run(self._client.approve(run_id, note))

    def reject(self, run_id: str, note: str = "") -> RunJson:
        return self._run(self._client.reject(run_id, note))

    def resend(self, run_id: str) -> RunJson:
        return self._run(self._client.resend(run_id))

    def why(self, name: str, key: str) -> WhyJson:
        return self._client.why(bare(name), key)

    def effective(self, name: str) -> EffectiveJson:
        return self._client.effective(bare(name))

    def diagnostics(self) -> DiagnosticsJson:
        return self._client.diagnostics()

    def audit(self, limit: int = 100) -> Sequence[AuditJson]:
        return self._client.audit(limit)

    def plugins(self) -> Sequence[PluginJson]:
        return self._client.plugins()

    def check(self) -> CheckJson:
        return self._client.check()

    def reload(self) -> CheckJson:
        return self._client.reload()

    def event(self, event: EventJson) -> EventJson:
        """Return an event with the names that the list uses."""
        changed: EventJson = {**event}
        if "pipeline" in event:
            changed["pipeline"] = self._pipeline(event["pipeline"])
        if "run" in event:
            changed["run"] = self._run(event["run"])
        if "gone" in event:
            changed["gone"] = self._name(event["gone"])
        if "name" in event:
            changed["name"] = self._name(event["name"])
        return changed

    def _name(self, name: str) -> str:
        return f"{self._host}/{name}"

    def _run(self, run: RunJson) -> RunJson:
        return {**run, "pipeline": self._name(run["pipeline"])}

    def _pipeline(self, pipeline: PipelineJson) -> PipelineJson:
        last = pipeline["last_run"]
        return {
            **pipeline,
            "name": self._name(pipeline["name"]),
            "last_run": self._run(last) if last is not None else None,
        }


class _NamedEvents:
    def __init__(self, events: Events, named: Named) -> None:
        self._events = events
        self._named = named

    def __iter__(self) -> Iterator[EventJson]:
        return map(self._named.event, self._events)

    def close(self) -> None:
        self._events.close()

"""Sending a past run again: which runs can be, to which sinks, and with which configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from profexd.config.loading import pipeline_from_documents
from profexd.config.text.values import to_json
from profexd.daemon.runs.lives import Runs
from profexd.daemon.state.records import Run
from profexd.daemon.state.store import Store
from profexd.daemon.timing.decide import NotFound, Refused
from profexd.wire import RunStatus, Trigger

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Configuration, Pipeline

_KEPT = ("retry", "timeout")
"""Keys of a pipeline that count when its files are sent again."""
_UNUSED = ("defaults", "signing")
_QUERY = {"query": "SELECT 1"}
"""Stands where a source must: none is opened."""


class Resends:
    """Decides on resends. The core alone calls it."""

    def __init__(
        self,
        store: Store,
        runs: Runs,
        catalog: Catalog,
        configuration: Callable[[], Configuration],
    ) -> None:
        self._store = store
        self._runs = runs
        self._catalog = catalog
        self._configuration = configuration

    def ask(self, run_id: str, sink: str | None, *, by: str) -> Run:
        """Create the run that sends the files of ``run_id`` again; Refused where that cannot be."""
        run = self._runs.roster.find(run_id)
        origin = run if run.origin is None else self._runs.roster.find(run.origin)
        if origin.status is not RunStatus.DONE:
            raise Refused(
                f"run {run_id} is {origin.status}: only what was delivered is sent again",
                hint=f"profexctl show {run_id}",
                code="not_delivered",
            )
        parts = self._store.parts(origin.run_id) if origin.spooled else []
        if not parts or not all(Path(part["spooled"]).exists() for part in parts):
            raise Refused(
                f"the files of run {run_id} are no longer in the spool",
                hint=f"profexctl run {run.pipeline} exports anew;"
                " [spool] keep and max_size of profexd.toml say how long files are kept",
                code="spool_gone",
            )
        sinks = (sink,) if sink else tuple(dict.fromkeys(file.sink for file in run.files))
        self._pipeline(run.pipeline, sinks)
        return self._runs.create(
            run.pipeline, Trigger.RESEND, by=by, origin=origin.run_id, sinks=sinks
        )

    def pipeline(self, run: Run) -> Pipeline:
        """Return what a resend goes by now; NotFound or ConfigurationInvalid where it cannot."""
        return self._pipeline(run.pipeline, run.sinks)

    def _pipeline(self, name: str, sinks: Sequence[str]) -> Pipeline:
        return pipeline_from_documents(name, self._documents(name, sinks), self._catalog)

    def _documents(self, name: str, sinks: Sequence[str]) -> dict[str, Any]:
        """Return documents of the sinks as they are now, and of no source.

        The pipeline's own sinks are all there, so that those without a name keep their places.
        """
        configuration = self._configuration()
        entry = configuration.pipelines.get(name)
        current = entry.pipeline.documents if entry and entry.pipeline else None
        written: dict[str, Any] = current["pipeline"] if current else {}
        known: dict[str, Any] = dict(current["sinks"]) if current else {}
        named = [written["sink"]] if "sink" in written else list(written.get("sinks", ()))
        for sink in sinks:
            if sink not in known:
                if sink not in configuration.sink_documents:
                    raise _unknown(sink, configuration)
                named.append(sink)
        known |= {
            sink: configuration.sink_documents[sink]
            for sink in named
            if isinstance(sink, str) and sink in configuration.sink_documents
        }
        settings = {
            key: value for key, value in configuration.document.items() if key not in _UNUSED
        }
        return {
            "settings": to_json(settings),
            "pipeline": {
                "source": _QUERY,
                "sinks": named,
                "path": "resent",
                "format": {"type": "csv"},
                # Its names were its own when it was delivered first.
                "on_existing": "overwrite",
                **{key: written[key] for key in _KEPT if key in written},
            },
            "source": _QUERY,
            "sinks": known,
        }


def _unknown(sink: str, configuration: Configuration) -> NotFound:
    names = ", ".join(configuration.sinks) or "none"
    if sink.startswith("("):
        return NotFound(
            "the pipeline had its sink in its own file, and no longer has it",
            hint=f"name another sink; there are: {names}",
        )
    return NotFound(f"there is no sink {sink}", hint=f"there are: {names}")

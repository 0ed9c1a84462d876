"""Asks sinks whether they can deliver, in the storage's own words; nothing of it stays there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from profexd.api.errors import ProfexdError, Stopped
from profexd.api.sink import Sink, SinkContext
from profexd.api.types import Probe
from profexd.wire import ProbeJson

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Pipeline, SinkChoice
    from profexd.export.redact import Secrets


def probe_sinks(
    pipelines: Iterable[Pipeline], catalog: Catalog, secrets: Secrets, *, run_id: str
) -> Iterator[ProbeJson]:
    """Yield what each sink of the pipelines says; one that several share is asked once."""
    asked: set[str] = set()
    for pipeline in pipelines:
        secrets.known(pipeline.secrets)
        for choice in pipeline.sinks:
            if choice.name in asked:
                continue
            if not choice.name.startswith("("):
                asked.add(choice.name)
            context = SinkContext(
                run_id=run_id,
                create_only=pipeline.on_existing != "overwrite",
                reveal=secrets.reveal,
            )
            said = _ask(catalog.sinks[choice.type], choice, context)
            yield ProbeJson(
                pipeline=pipeline.name,
                sink=choice.name,
                type=choice.type,
                ok=said.ok,
                message=secrets.mask(said.message),
                hint=secrets.mask(said.hint),
                policy=said.policy,
            )


def doubts(pipeline: Pipeline, catalog: Catalog, secrets: Secrets, *, run_id: str) -> Iterator[str]:
    """Yield of each sink that could not deliver now a sentence about why."""
    # Whether a storage creates only if absent is tried with an object that may have to stay.
    asked = replace(pipeline, on_existing="overwrite")
    for said in probe_sinks([asked], catalog, secrets, run_id=run_id):
        if not said["ok"]:
            yield f"the sink {said['sink']} could not have delivered: {said['message']}"


def _ask(kind: type[Sink], choice: SinkChoice, context: SinkContext) -> Probe:
    """Return the sink's answer; whatever it raises is a no."""
    try:
        with closing(kind(choice.options, context)) as sink:
            return sink.probe()
    except Stopped:
        raise
    except ProfexdError as why:
        return Probe(ok=False, message=why.message, hint=why.hint)
    except Exception as why:  # noqa: BLE001 - a plugin may raise anything
        return Probe(
            ok=False,
            message=f"the sink's plugin broke: {type(why).__name__}: {why}",
            hint="tell the author of the plugin",
        )

"""``profexd preview``: what a file that may not be saved yet would export."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from profexd.cli.boundary import CommandError
from profexd.cli.places import Places, path_options
from profexd.cli.preview_words import write_preview
from profexd.wire import Exit, PreviewJson

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Pipeline
    from profexd.export.stop import Stop


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--limit", type=click.IntRange(0), default=100, show_default=True, help="Rows to show at most."
)
@click.option("--text", is_flag=True, help="Print the beginning of the file itself.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
@path_options
@click.pass_obj
def command(places: Places, file: Path, limit: int, text: bool, as_json: bool) -> None:
    """Show what a draft FILE would export, as if it lay in pipelines/; nothing is delivered.

    It reads the source, and what earlier runs of that name left, with the caller's rights.
    """
    from profexd.config.catalog import load_catalog

    catalog = load_catalog()
    pipeline = _load(places, file, catalog)
    preview = _interruptible(lambda stop: _preview(places, pipeline, catalog, limit, stop))
    if as_json:
        places.console.json(preview)
    else:
        write_preview(places.console, preview, as_text=text)


def _load(places: Places, file: Path, catalog: Catalog) -> Pipeline:
    from profexd.config.loading import load_pipeline_file

    if not file.is_file():
        raise CommandError(f"{file}: no such file", code="not_found", exit_code=Exit.USAGE)
    entry = load_pipeline_file(file, places.paths.config, catalog)
    if entry.invalid or entry.pipeline is None:
        places.console.problems(entry.problems)
        raise CommandError(f"{file} is not valid", code="config_invalid", exit_code=Exit.USAGE)
    return entry.pipeline


def _preview(
    places: Places, pipeline: Pipeline, catalog: Catalog, limit: int, stop: Stop
) -> PreviewJson:
    from profexd.daemon.state.recorded import delivered_state, export_id
    from profexd.export.job import Job
    from profexd.export.plan import plan
    from profexd.export.selection.preview import preview

    now = places.now()
    number = str(int(now.timestamp()))
    state = places.paths.state
    with tempfile.TemporaryDirectory(prefix="profexd-preview-") as folder:
        job = Job(
            action="preview",
            run_id=number,
            export_id=export_id(state, pipeline.name) or number,
            pipeline=pipeline.name,
            instant=now,
            documents=pipeline.documents,
            spool=folder,
            limit=limit,
            state=delivered_state(state, pipeline.name),
            keep=str(state / "kept" / pipeline.name),
        )
        names = plan(job, pipeline, catalog)
        return preview(
            pipeline, names, catalog=catalog, folder=Path(folder), limit=limit, stop=stop
        )


def _interruptible(work: Callable[[Stop], PreviewJson]) -> PreviewJson:
    """Do ``work`` in a thread, so that Ctrl-C reaches a query that is deep in the engine."""
    from profexd.export.stop import Stop

    stop = Stop()
    outcome: list[PreviewJson | BaseException] = []

    def run() -> None:
        try:
            outcome.append(work(stop))
        except BaseException as error:  # noqa: BLE001  (raised again below, in the main thread)
            outcome.append(error)

    thread = threading.Thread(target=run, name="preview")
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        stop.request()
        thread.join()
        raise
    (result,) = outcome
    if isinstance(result, BaseException):
        raise result
    return result

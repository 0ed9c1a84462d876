"""``profexd check``: every problem of every file, or of one draft; no daemon needed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from profexd.cli.boundary import CommandError
from profexd.cli.places import Places, path_options
from profexd.cli.probe_words import with_probes
from profexd.cli.problem_words import SETTINGS_FILE, tell
from profexd.cli.words import plural
from profexd.wire import CheckJson, Exit, ProbeJson, ProblemJson

if TYPE_CHECKING:
    from profexd.config.model import Configuration
    from profexd.config.past import Past


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--online", is_flag=True, help="Ask every sink in use whether it can deliver.")
@click.option(
    "--fatal-only", is_flag=True, help="Only what would keep the daemon down: profexd.toml."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
@path_options
@click.pass_obj
def command(
    places: Places, file: Path | None, online: bool, fatal_only: bool, as_json: bool
) -> int:
    """Check all files of the configuration, or a draft FILE as if it lay in pipelines/.

    Sources are opened, read-only, to check against their columns; one that is missing or locked
    is only warned of.

    What --online sends to a storage is removed where the rights allow.

    Exit code 2 on any error, 0 with warnings only.
    """
    if fatal_only and (online or file is not None):
        raise click.UsageError("--fatal-only excludes FILE and --online")
    problems, what = _check_draft(places, file) if file else _check_all(places, fatal_only)
    ok = not any(problem["severity"] == "error" for problem in problems)
    check = CheckJson(ok=ok, problems=list(problems))
    if online:
        check = with_probes(check, _ask_sinks(places, file))
    return tell(places.console, check, what, as_json=as_json)


def _check_all(places: Places, fatal_only: bool) -> tuple[Sequence[ProblemJson], str]:
    from profexd.config.catalog import load_catalog
    from profexd.config.loading import load

    paths = places.paths
    configuration = load(
        paths.config, load_catalog(), system_mode=paths.system_mode, past=_past(places)
    )
    if fatal_only:
        fatal = tuple(one for one in configuration.problems if one["file"] == SETTINGS_FILE)
        return fatal, f"{paths.config}/{SETTINGS_FILE}"
    problems = _inspected(configuration, places).problems
    return problems, f"{plural(len(configuration.pipelines), 'pipeline')} in {paths.config}"


def _check_draft(places: Places, file: Path) -> tuple[Sequence[ProblemJson], str]:
    from profexd.config.catalog import load_catalog
    from profexd.config.loading import check_file

    if not file.is_file():
        raise CommandError(f"{file}: no such file", code="not_found", exit_code=Exit.USAGE)
    paths = places.paths
    problems = check_file(
        file,
        paths.config,
        load_catalog(),
        past=_past(places),
        inspect=lambda configuration: _inspected(configuration, places),
    )
    return problems, str(file)


def _ask_sinks(places: Places, file: Path | None) -> list[ProbeJson]:
    """Ask with the caller's rights, as a run of the caller's would."""
    from profexd.config.catalog import load_catalog
    from profexd.config.loading import load, load_pipeline_file
    from profexd.export.probe import probe_sinks
    from profexd.export.redact import Secrets

    paths, catalog = places.paths, load_catalog()
    if file is not None:
        entries = [load_pipeline_file(file, paths.config, catalog)]
    else:
        configuration = load(paths.config, catalog, system_mode=paths.system_mode)
        entries = list(configuration.pipelines.values())
    pipelines = [entry.pipeline for entry in entries if entry.pipeline and not entry.invalid]
    run_id = str(int(places.now().timestamp()))
    return list(probe_sinks(pipelines, catalog, Secrets(os.environ), run_id=run_id))


def _inspected(configuration: Configuration, places: Places) -> Configuration:
    from profexd.daemon.state.recorded import delivered_state
    from profexd.export.judging.inspect import inspected
    from profexd.export.stop import Stop

    with TemporaryDirectory(prefix="profexd-check-") as folder:
        return inspected(
            configuration,
            partial(delivered_state, places.paths.state),
            folder=Path(folder),
            stop=Stop(),
        )


def _past(places: Places) -> Past | None:
    from profexd.daemon.state.recorded import past

    return past(places.paths.state, places.now())

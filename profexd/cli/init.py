"""``profexd init``: a commented configuration to start from; never overwrites a file."""

from __future__ import annotations

from pathlib import Path

import click

from profexd.cli.places import Places, path_options
from profexd.cli.words import plural

DAEMON_GROUP = "profexd"


@click.command()
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of words.")
@path_options
@click.pass_obj
def command(places: Places, directory: Path | None, as_json: bool) -> None:
    """Write a commented configuration into DIRECTORY, else where profexd looks for one.

    Files that are there already are left alone.
    """
    from profexd.config.skeleton import FILES

    target = directory.absolute() if directory is not None else places.paths.config
    written: list[str] = []
    kept: list[str] = []
    for relative, text in FILES.items():
        file = target / relative
        (written if _create(file, text) else kept).append(str(file))
    if as_json:
        places.console.json({"directory": str(target), "written": written, "kept": kept})
        return
    for file_name in written:
        places.console.print(file_name)
    if kept:
        places.console.say(f"left alone: {plural(len(kept), 'file')} that were there already")
    if places.paths.system_mode and _group_exists():
        places.console.say(f"let the daemon read it:  chgrp -R {DAEMON_GROUP} {target}")
    option = "" if target == places.paths.config else f" --config {target}"
    places.console.say("next: edit the files, then")
    places.console.say(f"  profexd check{option}")
    places.console.say(f"  profexd{option}")


def _group_exists() -> bool:
    import grp

    try:
        grp.getgrnam(DAEMON_GROUP)
    except KeyError:
        return False
    return True


def _create(file: Path, text: str) -> bool:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("x", encoding="utf-8") as out:
            if file.parent.name == "sinks":  # credentials will stand there
                file.chmod(0o640)
            out.write(text)
    except FileExistsError:
        return False
    return True

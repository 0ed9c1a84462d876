"""``profexd schema``: the JSON Schema of the configuration files, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from profexd.cli.places import Places

if TYPE_CHECKING:
    from profexd.config.schema import FileKind


@click.command()
@click.argument(
    "kind", required=False, type=click.Choice(["profexd", "source", "sink", "pipeline"])
)
@click.pass_obj
def command(places: Places, kind: FileKind | None) -> None:
    """Print the JSON Schema of all files, or of one KIND of file."""
    from profexd.config.catalog import load_catalog
    from profexd.config.schema import json_schema

    places.console.json(json_schema(load_catalog(), kind))

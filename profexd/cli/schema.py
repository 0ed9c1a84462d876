"""``profexd schema``: the JSON Schema of the configuration files, for editors."""

from __future__ import annotations

import click

from profexd.cli.places import Places


@click.command()
@click.argument(
    "kind", required=False, type=click.Choice(["profexd", "source", "sink", "pipeline"])
)
@click.pass_obj
def command(places: Places, kind: str | None) -> None:
    """Print the JSON Schema of all files, or of one KIND of file."""
    from profexd.config.catalog import load_catalog
    from profexd.config.schema import json_schema

    schema = json_schema(load_catalog())
    places.console.json(schema if kind is None else schema[kind])

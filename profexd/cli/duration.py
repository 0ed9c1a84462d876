"""A duration as a command-line value: ``30s``, ``5m``, ``2h``, ``7d``, or plain seconds."""

from __future__ import annotations

import click

from profexd.api.units import parse_duration


class DurationType(click.ParamType[float]):
    """Turns the text into seconds."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds."""
        text = str(value)
        try:
            return parse_duration(f"{text}s" if text.isdecimal() else text)
        except ValueError as error:
            self.fail(str(error), param, ctx)


DURATION = DurationType()

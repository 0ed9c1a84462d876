"""A click group whose verbs are imported only when they are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a verb's click command is (``module:attribute``), and what it does in a few words."""

    home: str
    help: str


class UnknownVerb(click.UsageError):
    """The verb does not exist."""


class LazyGroup(click.Group):
    """Knows its verbs by a table, so that help and dispatch load one module at most.

    ``default`` is the verb that is meant when none is written; options that only it has may then
    stand where the group's stand.
    """

    def __init__(
        self, *args: Any, verbs: Mapping[str, Verb], default: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.verbs = verbs
        self.default = default

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of the table."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a verb."""
        verb = self.verbs.get(cmd_name)
        if verb is None:
            return None
        module, _, attribute = verb.home.partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that ``args`` begin with, and the rest."""
        if args[0] not in self.verbs:
            raise UnknownVerb(f'unknown verb "{args[0]}"{self._nearest(args[0])}', ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default verb where no verb is written."""
        if self.default is not None and not ctx.resilient_parsing:
            args = self._with_default(ctx, args, self.default)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of verbs without loading them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.help) for name, verb in self.verbs.items()])

    def _with_default(self, ctx: click.Context, args: list[str], default: str) -> list[str]:
        takes_value = {
            name: isinstance(option, click.Option) and not option.is_flag
            for option in self.get_params(ctx)
            for name in option.opts
        }
        index = 0
        while index < len(args):
            name, equals, _ = args[index].partition("=")
            if name not in takes_value:
                if name.startswith("-"):
                    break
                return args
            index += 2 if takes_value[name] and not equals else 1
        if {"--help", "--version"} & set(args[:index]):
            return args
        return [*args[:index], default, *args[index:]]

    def _nearest(self, name: str) -> str:
        import difflib  # 10 ms, wanted only for a mistake

        near = difflib.get_close_matches(name, self.verbs, 1)
        return f'; did you mean "{near[0]}"?' if near else ""

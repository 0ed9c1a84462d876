"""Reads ``[[notify]]``: of what somebody is told, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field

from profexd.api.options import Doc, Secret
from profexd.config.exposure import report_exposed
from profexd.config.problems import Scope
from profexd.config.tables import NonEmpty, PositiveDuration, Table, written

Notice = Literal["failed", "recovered", "held", "late"]
NOTICES: tuple[Notice, ...] = get_args(Notice)


class NotifyTable(Table):
    on: Annotated[list[Notice], Doc("What to tell of; by default all there is.")] = Field(
        default_factory=lambda: list(NOTICES)
    )
    late_after: Annotated[
        PositiveDuration, Doc("How long after its time a run that is not over is late.")
    ] = written("15m")
    webhook: Annotated[Secret | None, Doc("The URL that is told, a secret.")] = None
    secret: Annotated[Secret | None, Doc("Signs what the webhook is told.")] = None
    command: Annotated[
        list[NonEmpty] | None, Doc("A program with its arguments; it is told on its stdin.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Who is told of what: a webhook, or a command."""

    on: tuple[Notice, ...] = NOTICES
    late_after: float = 900.0
    webhook: Secret | None = None
    secret: Secret | None = None
    command: tuple[str, ...] = field(default=())

    @property
    def secrets(self) -> tuple[Secret, ...]:
        return tuple(one for one in (self.webhook, self.secret) if one is not None)


def read_notify(tables: list[NotifyTable], scope: Scope) -> tuple[Notify, ...]:
    """Return who is told; what is wrong between the keys is reported."""
    return tuple(_read(table, scope.within("notify", at)) for at, table in enumerate(tables))


def _read(table: NotifyTable, scope: Scope) -> Notify:
    if not table.on:
        scope.add(("on",), "must not be empty", "name one at least, or remove it")
    if table.webhook is None and table.command is None:
        scope.missing(("webhook",), 'add webhook = "https://…", or command = ["…"]')
    if table.webhook is not None and table.command is not None:
        scope.add(("command",), "cannot stand beside webhook", "write a second [[notify]]")
    if table.command == []:
        scope.add(("command",), "must not be empty", 'as command = ["/usr/bin/logger", "-t", "x"]')
    if table.secret is not None and table.webhook is None:
        scope.add(("secret",), "goes with webhook", "a command needs no signature: remove it")
    if table.webhook is not None and table.webhook.kind == "literal":
        parts = urlsplit(table.webhook.value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            scope.add(("webhook",), "is no URL", 'as webhook = "https://chat.example/hook"')
    secrets = {"webhook": table.webhook, "secret": table.secret}
    report_exposed(
        [(key,) for key, one in secrets.items() if one is not None and one.kind == "literal"], scope
    )
    return Notify(
        on=tuple(table.on),
        late_after=table.late_after,
        webhook=table.webhook,
        secret=table.secret,
        command=tuple(table.command or ()),
    )

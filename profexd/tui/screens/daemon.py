"""How the daemon itself does: where it is, what it read, what it works at, who did what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult

from profexd.tui import humane
from profexd.tui.explained import problems_text
from profexd.tui.fleet import Member
from profexd.tui.lines import Lines
from profexd.tui.ports import ControlClient
from profexd.tui.screens.fetched import FetchedScreen
from profexd.tui.store import State
from profexd.tui.widgets.bars import Bar
from profexd.tui.widgets.notice import Notice
from profexd.tui.widgets.textpane import TextPane
from profexd.wire import AuditJson, DiagnosticsJson, InfoJson, Role

_LABEL = 11
_SLOW_LOOP = 0.25
AUDIT_LINES = 20


class DaemonScreen(FetchedScreen, inherit_bindings=False):
    """One page of facts, which y copies for a report."""

    DEFAULT_CSS: ClassVar[str] = ""

    def __init__(self, about: Member) -> None:
        super().__init__(about, _ask)

    def compose_body(self) -> ComposeResult:
        yield Bar(id="title")
        yield TextPane(id="body")
        yield Notice(id="notice")

    def headline(self) -> Text:
        return Text.assemble(("Daemon", "bold"), f"  {self._about.client.where}")

    def draw(self) -> None:
        self.query_one(TextPane).show(self._text(max(30, self.size.width - 1)))

    def report(self) -> str:
        return self._text(100).plain if self.answer is not None else ""

    def do_copy_page(self) -> None:
        self.copy(self.report(), "diagnostics")

    def _text(self, width: int) -> Text:
        info, diagnosis, audit = self.answer
        view, state = self.view, self.tui.fleet.states[self._about.name]
        text = daemon_text(info, diagnosis, state, view.now, view.zone, width)
        return text.append_text(audit_text(audit, view.zone))


def _ask(
    client: ControlClient,
) -> tuple[InfoJson, DiagnosticsJson, Sequence[AuditJson] | None]:
    info = client.info()
    audit = client.audit(AUDIT_LINES) if info["role"] == Role.ADMIN.name.lower() else None
    return info, client.diagnostics(), audit


def daemon_text(
    info: InfoJson,
    diagnosis: DiagnosticsJson,
    state: State,
    now: datetime,
    zone: tzinfo | None,
    width: int,
) -> Text:
    """Return the page."""
    lines = Lines(width)

    def fact(label: str, value: str, style: str = "") -> None:
        lines.add(value, style, head=Text(label.ljust(_LABEL), "dim"), indent=_LABEL)

    started = humane.parse(info["started_at"])
    up = humane.duration(now - started) if started else ""
    fact("Host", f"{info['host']}, pid {info['pid']}, up {up}")
    fact("Version", f"profexd {info['version']}, API {info['api']}")
    fact("You are", info["role"])
    fact("Config", info["config"])
    fact("State", info["state"])
    fact("Spool", info["spool"])
    reload = diagnosis["reload"]
    errors = [one for one in diagnosis["problems"] if one["severity"] == "error"]
    counted = humane.count(len(diagnosis["problems"]), "problem")
    if reload is None:
        fact("Read", f"at its start: {counted}", "red" if errors else "")
    else:
        at = humane.parse(reload["at"])
        when = humane.moment(at, zone) if at else ""
        fact("Read", f"{when} ({reload['source']}): {counted}", "red" if errors else "")
    lag = diagnosis["loop_lag"]
    slow = lag >= _SLOW_LOOP
    fact("Loop lag", f"{lag * 1000:.1f} ms" + (": it is busy" if slow else ""), "red" * slow)
    fact("Memory", humane.size(diagnosis["memory"]))
    fact("Clients", humane.number(diagnosis["clients"]))
    running = [made for made in state.pipelines.values() if made["running"] is not None]
    fact("In flight", humane.count(len(running), "run"))
    text = lines.text
    for made in sorted(running, key=lambda one: one["name"]):
        now_at = made["running"]
        assert now_at is not None
        percent = "" if now_at["percent"] is None else f" {now_at['percent']:.0f} %"
        phase = f"{now_at['phase'] or 'starting'}{percent}"
        text.append(f"\n  {made['name']}  run {now_at['run_id']}  {phase}")
    if diagnosis["problems"]:
        text.append("\n\nProblems\n", "bold").append_text(problems_text(diagnosis["problems"]))
    return text


def audit_text(audit: Sequence[AuditJson] | None, zone: tzinfo | None) -> Text:
    """Return who did what last, newest first; None is for those who may not know."""
    text = Text("\n\nWho did what\n", "bold")
    if audit is None:
        return text.append("the role admin may know", "not bold dim")
    for line in audit:
        at = humane.parse(line["at"])
        when = humane.moment(at, zone) if at else ""
        refused = line["result"] != "ok"
        said = f"{when}  {line['user']}  {line['action']} {line['object']}"
        text.append(said, "not bold red" if refused else "not bold")
        if refused:
            why = "" if line["code"] == line["result"] else f": {line['code']}"
            text.append(f"  {line['result']}{why}", "not bold red")
        details = ", ".join(f"{key} {value}" for key, value in line["details"].items())
        text.append(f"  {details}\n" if details else "\n", "not bold dim")
    if not audit:
        text.append("nothing yet", "not bold")
    return text

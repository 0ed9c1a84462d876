"""Several hosts in one list: each with its accent, each up or down by itself."""

from __future__ import annotations

import asyncio
from datetime import UTC

from profexd.client import Unreachable
from profexd.tui.app import ProfexdApp
from profexd.tui.fleet import together
from profexd.tui.preferences import Host
from tests.tui.fakes import NOW, FakeClient, held_pipeline, pipeline, run
from tests.tui.harness import Play, Stage

NO_WAY = Unreachable("ssh", "cannot reach the daemon on db2: Connection refused", hint="ssh db2")


def play(
    script: Play, clients: dict[str, FakeClient], *, size: tuple[int, int] = (120, 30)
) -> None:
    """Run ``script`` with an app that watches all of them; ``stage.client`` is the first."""
    for name, client in clients.items():
        client.where = f"ops@{name}"
    accents = iter(("red", *[""] * len(clients)))

    async def go() -> None:
        watched = [
            (Host(name, address=f"ops@{name}", accent=next(accents)), client)
            for name, client in clients.items()
        ]
        app = ProfexdApp(together(watched), now=lambda: NOW, zone=UTC, backoff=(0.01,))
        async with app.run_test(size=size, notifications=True) as pilot:
            await script(Stage(app, pilot, next(iter(clients.values()))))

    asyncio.run(go())


def db1() -> FakeClient:
    return FakeClient([pipeline("customers", last_run=run("customers")), pipeline("partner")])


def db2() -> FakeClient:
    return FakeClient([pipeline("customers", last_run=run("customers")), held_pipeline()])


def test_keys_act_on_the_host_of_the_row() -> None:
    one, two = db1(), db2()
    two.known_runs["customers"] = [run("customers")]

    async def script(stage: Stage) -> None:
        await stage.sees("2 hosts", "live", "4 pipelines", "db1/customers", "db2/holidays")
        await stage.type("/host:db2")
        await stage.press("enter")
        await stage.sees("2 of 4 pipelines")
        await stage.type("/host:db2 cust")
        await stage.press("enter", "r")
        await stage.sees("started: db2/customers")
        assert ("run_now", "customers") in two.calls
        assert not [call for call in one.calls if call[0] == "run_now"]
        await stage.press("o")
        await stage.sees("part 30", "db2/customers  run customers-r1")
        assert ("log", "customers-r1") in two.calls
        await stage.press("q", "p")
        await stage.sees("p000000001")
        assert ("preview", "customers") in two.calls
        await stage.press("2")
        await stage.sees("12s", "enter shows a run's log")
        assert ("runs", "customers") in two.calls
        await stage.press("i")
        await stage.sees("ops@db2", "Who did what")
        await stage.press("q")
        two.change(pipeline("customers", state="failed"))
        await stage.sees("1 failed")
        assert one.by_name["customers"]["state"] == "pending"
        await stage.press("escape", "escape", "asterisk", "t")
        await stage.sees("Pause 4 pipelines")
        await stage.type("moving")
        await stage.press("enter")
        await stage.sees("db1/customers", "db2/customers")
        assert ("pause", "partner", "moving") in one.calls
        assert ("pause", "customers", "moving") in two.calls

    play(script, {"db1": one, "db2": two})


def test_a_host_that_is_down_disturbs_no_other() -> None:
    one, two = db1(), db2()
    two.down = NO_WAY

    async def script(stage: Stage) -> None:
        await stage.sees("1 live, 1 down", "db2 DOWN", "Connection refused", "2 pipelines")
        two.come_back()
        await stage.sees("2 hosts", "live", "4 pipelines")
        await stage.misses("DOWN")
        two.break_down(NO_WAY)
        await stage.sees("db2 DOWN", "db2 !")
        await stage.press("r")
        await stage.sees("started: db1/customers")
        await stage.type("/host:db2 cust")
        await stage.press("enter")
        await stage.sees("db2 is not connected", "hint: ssh db2", "r retry now")
        await stage.press("t")
        await stage.sees("not connected to the daemon")
        two.come_back(boot_id="another")
        await stage.sees("daemon restarted")
        await stage.misses("db2 is not connected")

    play(script, {"db1": one, "db2": two})


def test_where_no_host_answers_each_says_why() -> None:
    one, two = db1(), db2()
    one.down = Unreachable("no_socket", "no daemon at /run/profexd.sock")
    two.down = NO_WAY

    async def script(stage: Stage) -> None:
        await stage.sees("No host answers", "db1: no daemon at", "db2: cannot reach")
        await stage.press("colon")
        await stage.type("host db2")
        await stage.sees("host db2  (ops@db2)", "Connection refused")
        await stage.press("enter", "enter")
        await stage.until(lambda: stage.app.return_value is not None)
        assert [host.address for host in stage.app.return_value or ()] == ["ops@db2"]

    play(script, {"db1": one, "db2": two})

"""Round after round: something changes, a pipeline runs, a process is killed, all is looked at."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random

from profexd.torture import strikes
from profexd.torture.chain import Chains
from profexd.torture.driver import Driver, Round
from profexd.torture.findings import Findings, Invariant, Violation
from profexd.torture.judge import Judge
from profexd.torture.promises import Once, Promise, promises
from profexd.torture.reading import Reader
from profexd.torture.scenarios import Scenario, scenarios
from profexd.torture.sinks import Place, open_targets
from profexd.torture.site import Cut, Site, Stuck
from profexd.torture.targets import Session
from profexd.torture.vouched import Held, Resent, Rival, RivalAgain, Vouched
from profexd.torture.warehouse import BULK_ROWS, Warehouse

_ONCE = "once"
_CLEAN_SECONDS = 3.0
"""So long a daemon that is alive may take to remove what a killed worker left."""
_MOST_STUCK = 3


class Torture:
    """One sink, tortured until so many processes were killed."""

    def __init__(
        self,
        folder: Path,
        *,
        place: Place,
        random: Random,
        say: Callable[[str], None],
    ) -> None:
        self.findings = Findings(place.name)
        self._random = random
        self._say = say
        made = [*promises(), Vouched(), Held(), Resent(), Rival(), RivalAgain()]
        self._promises = {promise.name: promise for promise in made}
        followers = {name for one in made for name in one.followers if name != one.name}
        self._names = [name for name in self._promises if name not in followers] + [_ONCE]
        self._site = Site(
            folder,
            sinks=place.below(folder).sinks(folder),
            promises=list(self._promises.values()),
            rows=BULK_ROWS,
        )
        self._warehouse = Warehouse(self._site.database, random)
        self._targets = open_targets(self._site.config)
        self._reader = Reader(self._targets, place.pause)
        self._sessions: dict[str, Session] = {}
        self._once = 0
        self._judge: Judge
        self._driver: Driver
        self._stuck = 0

    def run(self, kills: int, minutes: float | None = None) -> Findings:
        """Torture until so many were killed, or for so long; then let everything run in peace."""
        deadline = None if minutes is None else time.monotonic() + 60 * minutes
        with ExitStack() as stack:
            for target in self._targets.values():
                stack.callback(target.destroy)
            stack.callback(self._site.kill)
            self._sessions = {
                name: stack.enter_context(target.session())
                for name, target in self._targets.items()
            }
            chains = Chains(self._site.folder / "received", self._site.signer)
            self._judge = Judge(self._site, chains, self._sessions, self.findings)
            self._driver = Driver(self._site, self._judge, self._warehouse)
            self._reader.start()
            with suppress(Cut):
                self._torture(kills, deadline)
            self._reader.stop()
        return self.findings

    def stop(self) -> None:
        """End soon, and in order; from another thread."""
        self._site.cut.set()

    def _torture(self, kills: int, deadline: float | None) -> None:
        self._start()
        for scenario in scenarios(self._names, self._random):
            late = deadline is not None and time.monotonic() > deadline
            if self.findings.kills >= kills or self._stuck >= _MOST_STUCK or late:
                break
            self._round(scenario)
        for name in self._names:
            self._round(Scenario(name))
        self._end()

    def _round(self, scenario: Scenario) -> None:
        self.findings.rounds += 1
        self._warehouse.change()
        promise = self._promise(scenario.pipeline)
        this = Round(scenario=scenario, promise=promise, warehouse=self._warehouse)
        for strike in scenario.strikes:
            strikes.arm(self._site.strikes, strike)
        try:
            self._driver.drive(this)
        except Stuck as why:
            self._stuck += 1
            self._violated(Invariant.STATUS, this, str(why))
            self._site.kill()
            strikes.clear(self._site.strikes)
            self._start()
            return
        this.struck = strikes.struck(self._site.strikes)
        strikes.clear(self._site.strikes)
        workers = sum(one.strike.whom == "worker" for one in this.struck)
        self.findings.workers += workers
        self.findings.daemons += len(this.struck) - workers + this.by_time
        before = len(self.findings.violations)
        self._judge.left_nothing(this, restart=self._restart)
        self._judge.round(this, self._reader.sightings(), self._reader.early())
        for violation in self.findings.violations[before:]:
            self._say(f"violated: {violation.invariant}: {violation.pipeline}: {violation.words}")
            self._say(f"  after {violation.killed}")
        statuses = ", ".join(run["status"] for run in this.runs)
        self._say(f"{self.findings.kills:4} {scenario} → {statuses}")
        if isinstance(this.promise, Once):
            self._site.remove(f"pipelines/{this.promise.name}.toml")

    def _promise(self, pipeline: str) -> Promise:
        if pipeline != _ONCE:
            return self._promises[pipeline]
        self._once += 1
        return Once(self._once)

    # Driving

    def _start(self) -> None:
        if not self._site.running:
            self._site.start()
        self._site.until(self._site.answers, "the daemon answers")

    def _restart(self) -> None:
        self._site.stop()
        self._start()

    def _end(self) -> None:
        code = self._site.stop()
        if code != 0:
            words = f"the daemon ended with exit code {code}"
            self.findings.violations.append(Violation(Invariant.STATUS, "", words, "SIGTERM"))

    def _violated(self, invariant: Invariant, this: Round, words: str) -> None:
        killed = str(this.scenario)
        self.findings.violations.append(Violation(invariant, this.promise.name, words, killed))
        self._say(f"violated: {invariant}: {words} (after {killed})")

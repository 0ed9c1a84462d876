"""Round after round: something changes, a pipeline runs, a process is killed, all is looked at."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from profexd.client import ApiError, ClientError
from profexd.torture import strikes
from profexd.torture.findings import Findings, Invariant, Violation
from profexd.torture.judge import Judge
from profexd.torture.promises import Once, Promise, promises
from profexd.torture.reading import Reader
from profexd.torture.scenarios import Scenario, scenarios
from profexd.torture.sinks import Place, open_targets
from profexd.torture.site import Site, Stuck
from profexd.torture.targets import Session
from profexd.torture.warehouse import BULK_ROWS, Warehouse
from profexd.wire import RunJson, RunStatus

_ONCE = "once"
_CLEAN_SECONDS = 3.0
"""So long a daemon that is alive may take to remove what a killed worker left."""
_MOST_STUCK = 3


@dataclass(slots=True, kw_only=True)
class Round:
    """What happened in one round."""

    scenario: Scenario
    promise: Promise
    runs: list[RunJson] = field(default_factory=list)
    struck: list[strikes.Struck] = field(default_factory=list)
    by_time: int = 0
    """How many daemons were killed from here."""


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
        self._promises = {promise.name: promise for promise in promises()}
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
        self._last = 0
        self._once = 0
        self._judge: Judge
        self._stuck = 0

    def run(self, kills: int) -> Findings:
        """Torture; then let everything run once more in peace."""
        with ExitStack() as stack:
            for target in self._targets.values():
                stack.callback(target.destroy)
            stack.callback(self._site.kill)
            self._sessions = {
                name: stack.enter_context(target.session())
                for name, target in self._targets.items()
            }
            self._judge = Judge(self._site, self._warehouse, self._sessions, self.findings)
            self._start()
            self._reader.start()
            names = [*self._promises, _ONCE]
            for scenario in scenarios(names, self._random):
                if self.findings.kills >= kills or self._stuck >= _MOST_STUCK:
                    break
                self._round(scenario)
            for name in names:
                self._round(Scenario(name))
            self._end()
            self._reader.stop()
        return self.findings

    def _round(self, scenario: Scenario) -> None:
        self.findings.rounds += 1
        self._warehouse.change()
        this = Round(scenario=scenario, promise=self._promise(scenario.pipeline))
        for strike in scenario.strikes:
            strikes.arm(self._site.strikes, strike)
        try:
            self._drive(this)
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
        self._judge.round(this, self._reader.sightings())
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

    def _drive(self, this: Round) -> None:
        """Run the pipeline, restart what is killed, and return once all is over."""
        self._ask(this)
        if this.scenario.at is not None:
            time.sleep(this.scenario.at)
            if self._site.running:
                self._site.kill()
                this.by_time += 1
        restart_at = this.scenario.restart_at

        def over() -> list[RunJson] | None:
            nonlocal restart_at
            if not self._site.running:
                self._judge.state(this)
                if restart_at is not None:
                    self._site.start()
                    time.sleep(restart_at)
                    self._site.kill()
                    this.by_time += 1
                    restart_at = None
                    self._judge.state(this)
                self._site.start()
                return None
            runs = self._site.runs(self._last)
            if not runs or any(not RunStatus(run["status"]).finished for run in runs):
                return None
            return runs

        this.runs = self._site.until(over, f"every run of {this.promise.name} is over")
        self._last = int(this.runs[-1]["run_id"])

    def _ask(self, this: Round) -> None:
        """Have the pipeline run, now or at the next start."""
        name = this.promise.name

        def asked() -> bool:
            if not self._site.running:
                self._site.start()
            if self._site.runs(self._last):
                return True
            try:
                if isinstance(this.promise, Once):
                    self._site.client.reload()
                else:
                    self._site.client.run_now(name)
            except ApiError as why:
                if why.code == "already_running":
                    return True
                raise
            except ClientError:
                # Killed before it could answer: what it wrote down counts.
                return False
            return True

        if isinstance(this.promise, Once):
            self._site.write(f"pipelines/{name}.toml", this.promise.toml())
        self._site.until(asked, f"{name} is asked to run")

    def _end(self) -> None:
        code = self._site.stop()
        if code != 0:
            words = f"the daemon ended with exit code {code}"
            self.findings.violations.append(Violation(Invariant.STATUS, "", words, "SIGTERM"))

    def _violated(self, invariant: Invariant, this: Round, words: str) -> None:
        killed = str(this.scenario)
        self.findings.violations.append(Violation(invariant, this.promise.name, words, killed))
        self._say(f"violated: {invariant}: {words} (after {killed})")

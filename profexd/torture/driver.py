"""Drives one round: asks for runs, decides on them, sends again, and restarts what was killed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from profexd.client import ApiError, ClientError
from profexd.torture import strikes
from profexd.torture.judge import Judge
from profexd.torture.promises import Once, Promise
from profexd.torture.scenarios import Scenario
from profexd.torture.site import Site
from profexd.torture.warehouse import Warehouse
from profexd.wire import Phase, RunJson, RunStatus

_PUBLISHING = (Phase.DELIVER, Phase.RECORD)


@dataclass(slots=True, kw_only=True)
class Round:
    """What happened in one round."""

    scenario: Scenario
    promise: Promise
    warehouse: Warehouse
    """As it was when the runs were built that are judged."""
    earlier: dict[str, Warehouse] = field(default_factory=dict)
    """Of each run that was there before others were to follow, what it had to read."""
    runs: list[RunJson] = field(default_factory=list)
    struck: list[strikes.Struck] = field(default_factory=list)
    by_time: int = 0
    """How many daemons were killed from here."""
    drained: bool = False
    """Whether a daemon was told to end meanwhile."""
    exported: bool = False
    built: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Of each run that was held, or whose files were taken, its files as they were then."""
    taken: set[str] = field(default_factory=set)
    """The runs whose files were taken away before they were sent again."""

    @property
    def disturbed(self) -> bool:
        """Whether a daemon ended while runs went on."""
        by_strike = any(one.strike.whom == "daemon" for one in self.struck)
        return bool(by_strike or self.by_time or self.drained)


class Driver:
    """Has the daemon do what a round is about, whoever dies meanwhile."""

    def __init__(self, site: Site, judge: Judge, warehouse: Warehouse) -> None:
        self._site = site
        self._judge = judge
        self._warehouse = warehouse
        self._last = 0
        self._restart_at: float | None = None
        self._following: list[str] = []

    def drive(self, this: Round) -> None:
        """Run the pipeline, and return once all is over; Stuck where it never is."""
        self._restart_at = this.scenario.restart_at
        self._following = list(this.promise.followers)
        self._ask(this)
        if this.scenario.at is not None:
            time.sleep(this.scenario.at)
            if self._site.running:
                self._site.kill()
                this.by_time += 1
        this.runs = self._site.until(
            lambda: self._over(this), f"every run of {this.promise.name} is over"
        )
        self._last = int(this.runs[-1]["run_id"])

    def _over(self, this: Round) -> list[RunJson] | None:
        if not self._site.running:
            self._judge.state(this)
            self._revive(this)
            return None
        after = this.scenario.drain_after
        happened = len(strikes.struck(self._site.strikes))
        if after is not None and happened >= after and not this.drained:
            this.drained = True
            self._site.stop()
            return None
        runs = self._site.runs(self._last)
        if not runs or not self._followed(this, runs):
            return None
        waiting = [run for run in runs if not RunStatus(run["status"]).finished]
        for run in waiting:
            if run["status"] == RunStatus.HELD:
                self._decide(this, run)
        if waiting or not self._sent_again(this, runs):
            return None
        return runs

    def _revive(self, this: Round) -> None:
        """Start a daemon in place of the one that is gone, or have another process take over."""
        if self._restart_at is not None:
            self._site.start()
            time.sleep(self._restart_at)
            self._site.kill()
            this.by_time += 1
            self._restart_at = None
            self._judge.state(this)
        if this.scenario.export and not this.exported:
            this.exported = True
            self._site.export(this.promise.name)
            self._judge.state(this)
        self._site.start()

    def _decide(self, this: Round, run: RunJson) -> None:
        if run["run_id"] not in this.built:
            # Whoever queried again would be found out.
            this.warehouse = self._warehouse.frozen()
            self._warehouse.change()
        self._judge.held(this, run)
        try:
            if this.scenario.reject:
                self._site.client.reject(run["run_id"])
            else:
                self._site.client.approve(run["run_id"])
        except ClientError:
            # Killed before it could answer: where it was not written down, it is asked again.
            return

    def _sent_again(self, this: Round, runs: list[RunJson]) -> bool:
        """Whether all is sent again that is to be; asks for it where it was not."""
        first = runs[0]
        if not this.promise.resent or first["status"] != RunStatus.DONE or len(runs) > 1:
            return True
        if first["run_id"] not in this.taken:
            this.taken.add(first["run_id"])
            self._judge.take(this, first)
        try:
            self._site.client.resend(first["run_id"])
        except ClientError:
            return False
        return False

    def _followed(self, this: Round, runs: list[RunJson]) -> bool:
        """Whether what follows was asked for; asks for it once the first publishes, or is over."""
        if not self._following:
            return True
        first = runs[0]
        over = RunStatus(first["status"]).finished
        if not (over or first["phase"] in _PUBLISHING or strikes.struck(self._site.strikes)):
            return False
        if not this.earlier:
            before = self._warehouse.frozen()
            this.earlier = {run["run_id"]: before for run in runs}
            self._warehouse.change()
        if self._asked(self._following[0]):
            self._following.pop(0)
        # What was seen before is not all there is now.
        return False

    def _ask(self, this: Round) -> None:
        """Have the pipeline run, now or at the next start."""
        name = this.promise.name

        def asked() -> bool:
            if not self._site.running:
                self._site.start()
            if self._site.runs(self._last):
                return True
            if not isinstance(this.promise, Once):
                return self._asked(name)
            try:
                self._site.client.reload()
            except ApiError:
                raise
            except ClientError:
                return False
            return True

        if isinstance(this.promise, Once):
            self._site.write(f"pipelines/{name}.toml", this.promise.toml())
        self._site.until(asked, f"{name} is asked to run")

    def _asked(self, name: str) -> bool:
        try:
            self._site.client.run_now(name)
        except ApiError as why:
            if why.code == "already_running":
                return True
            if why.code == "draining":
                return False
            raise
        except ClientError:
            # Killed before it could answer: what it wrote down counts.
            return False
        return True

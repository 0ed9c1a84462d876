"""What the keys ask of the daemon: every call in a thread, every answer a message to the app."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from profexd.client import ClientError
from profexd.tui.feed import failure_of
from profexd.tui.ports import ControlClient
from profexd.tui.store import Failure
from profexd.wire import CheckJson, WhyJson

if TYPE_CHECKING:
    from profexd.tui.app import ProfexdApp

_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one command on one object."""

    subject: str
    failure: Failure | None = None


class Done(Message):
    """A command has ended on all its objects."""

    def __init__(self, verb: str, outcomes: Sequence[Outcome]) -> None:
        super().__init__()
        self.verb = verb
        self.outcomes = outcomes


class Checked(Message):
    """The configuration was checked, or read anew; or that failed."""

    def __init__(self, verb: str, result: CheckJson | Failure) -> None:
        super().__init__()
        self.verb = verb
        self.result = result


class Explained(Message):
    """Why a profile is in the export of a pipeline, or is not; or that this cannot be said."""

    def __init__(self, name: str, result: WhyJson | Failure) -> None:
        super().__init__()
        self.name = name
        self.result = result


class Commands:
    """Each method returns at once."""

    def __init__(self, app: ProfexdApp) -> None:
        self._app = app
        self._read = threading.Event()
        self._read.set()

    def run(self, names: Sequence[str]) -> None:
        """Run pipelines now; a file that was just saved counts, though it is read meanwhile."""

        def start(client: ControlClient, name: str) -> None:
            self._read.wait(_PATIENCE_SECONDS)
            client.run_now(name)

        self._each("started", names, names, start)

    def stop(self, names: Sequence[str], run_ids: Sequence[str]) -> None:
        """Stop runs; ``names`` are their pipelines, for the answer."""
        self._each("stopping", names, run_ids, lambda client, run_id: client.stop(run_id))

    def pause(self, names: Sequence[str], reason: str) -> None:
        """Pause pipelines."""
        self._each("paused", names, names, lambda client, name: client.pause(name, reason))

    def resume(self, names: Sequence[str]) -> None:
        """Resume pipelines."""
        self._each("resumed", names, names, lambda client, name: client.resume(name))

    def approve(self, names: Sequence[str], run_ids: Sequence[str], note: str) -> None:
        """Deliver held runs."""
        self._each("approved", names, run_ids, lambda client, id_: client.approve(id_, note))

    def reject(self, names: Sequence[str], run_ids: Sequence[str], note: str) -> None:
        """Discard held runs."""
        self._each("rejected", names, run_ids, lambda client, id_: client.reject(id_, note))

    def resend(self, name: str, run_id: str) -> None:
        """Send the files of a delivered run again."""
        self._each("sending again", [name], [run_id], lambda client, id_: client.resend(id_))

    def why(self, name: str, key: str) -> None:
        """Ask why one profile is in an export, or is not."""
        client = self._app.fleet.member(name).client

        def work() -> None:
            try:
                result: WhyJson | Failure = client.why(name, key)
            except ClientError as error:
                result = failure_of(error)
            self._app.post_message(Explained(name, result))

        self._app.run_worker(work, thread=True, exclusive=True, group="why")

    def validate(self) -> None:
        """Have the daemon of the pipeline under the cursor check its files."""
        self._check("valid", self._app.here.client.check)

    def reload(self) -> None:
        """Have the daemon of the pipeline under the cursor read its files anew."""
        client = self._app.here.client
        self._read.clear()

        def read() -> CheckJson:
            try:
                return client.reload()
            finally:
                self._read.set()

        self._check("reloaded", read)

    def _each(
        self,
        verb: str,
        subjects: Sequence[str],
        objects: Sequence[str],
        call: Callable[[ControlClient, str], object],
    ) -> None:
        """Do it to the objects one by one, each where its subject, a pipeline, is."""
        clients = [self._app.fleet.member(subject).client for subject in subjects]

        def work() -> None:
            outcomes: list[Outcome] = []
            for subject, client, wanted in zip(subjects, clients, objects, strict=True):
                try:
                    call(client, wanted)
                except ClientError as error:
                    outcomes.append(Outcome(subject, failure_of(error)))
                else:
                    outcomes.append(Outcome(subject))
            self._app.post_message(Done(verb, outcomes))

        group = f"{verb}-{'-'.join(subjects)}"
        self._app.run_worker(work, thread=True, exclusive=True, group=group)

    def _check(self, verb: str, call: Callable[[], CheckJson]) -> None:
        def work() -> None:
            try:
                result: CheckJson | Failure = call()
            except ClientError as error:
                result = failure_of(error)
            self._app.post_message(Checked(verb, result))

        self._app.run_worker(work, thread=True, exclusive=True, group="check")

"""One run, from plan to record: the five rooms in their order, and never back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from profexd.api.errors import ConfigurationInvalid, SinkUnreachable
from profexd.api.sink import Sink, SinkContext
from profexd.api.types import Staged
from profexd.api.units import parse_size
from profexd.config.loading import pipeline_from_documents
from profexd.export.ahead import Ahead, makes_several
from profexd.export.build import Outcome, build
from profexd.export.check import check, check_names, check_targets, decide
from profexd.export.checks.profile import Profile
from profexd.export.deliver import Delivery, deliver, discard, paced, publish, refuse_unable
from profexd.export.journal import Journal
from profexd.export.messages import (
    Built,
    Checked,
    Explained,
    Finished,
    Logged,
    Planned,
    Previewed,
    Probed,
    Progress,
    Staging,
)
from profexd.export.parts.spool import make_spool, refuse_full
from profexd.export.parts.stored import stored_parts
from profexd.export.parts.writing import BuiltPart
from profexd.export.plan import Plan, plan
from profexd.export.probe import doubts, probe_sinks
from profexd.export.receipts.sshsig import Signer
from profexd.export.receipts.writing import write_receipts
from profexd.export.record import record_done, record_failure
from profexd.export.redact import Secrets
from profexd.export.retry import Attempts
from profexd.export.selection.preview import preview
from profexd.export.selection.why import why
from profexd.export.stop import Stop
from profexd.wire import FileKind, Phase, RunStatus

if TYPE_CHECKING:
    from profexd.config.catalog import Catalog
    from profexd.config.model import Pipeline, SinkChoice
    from profexd.export.job import Job


@dataclass(slots=True, kw_only=True)
class Run:
    """One action of one run with all that it may reach for."""

    job: Job
    pipeline: Pipeline
    catalog: Catalog
    journal: Journal
    secrets: Secrets
    stop: Stop
    attempts: Attempts
    _sinks: dict[tuple[str, bool], Sink] = field(default_factory=dict)
    """By name, and whether they create only what is not there."""
    _begun: dict[tuple[str, str], Staged] = field(default_factory=dict)
    """The handle that each sink journaled last, by sink and path."""
    _ahead: dict[tuple[str, str], Staged] = field(default_factory=dict)
    """What was staged while the rest was built, by sink and path."""
    _signer: Signer | None = None
    _sent: int = 0
    _total: int = 0
    _sending: threading.Lock = field(default_factory=threading.Lock)

    def export(self) -> None:
        """Plan, build, check, deliver; the names are written down before any work."""
        names = self._plan()
        try:
            deliveries = self._check(names, self._build(names))
        except BaseException:
            self._withdraw()
            raise
        self._deliver(deliveries)

    def _plan(self) -> Plan:
        self._enter(Phase.PLAN)
        names = plan(self.job, self.pipeline, self.catalog)
        refuse_unable(
            [(choice.name, self.catalog.sinks[choice.type]) for choice in self.pipeline.sinks],
            create_only=self.pipeline.on_existing != "overwrite",
        )
        if names.receipts and (key := self.pipeline.settings.signing_key) is not None:
            self._signer = Signer(self.secrets.reveal(key))
        first = [] if names.partitioned else self._files(names.path)
        self._name([*first, *self._receipts(names)], complete=names.known)
        return names

    def _build(self, names: Plan) -> Outcome:
        self._enter(Phase.BUILD)
        make_spool(Path(self.job.spool))
        refuse_full(Path(self.job.spool), self.job.expected)
        outcomes: list[Outcome] = []
        self.attempts.run(lambda: outcomes.append(self._build_once(names)), wait=self.stop.wait)
        outcome = outcomes[-1]
        if not names.known:
            files = [file for part in outcome.parts for file in self._files(part.path)]
            self._name([*files, *self._receipts(names)], complete=True)
        receipts, state = write_receipts(
            self.pipeline,
            names,
            outcome,
            folder=Path(self.job.spool),
            revision=self.job.revision,
            signer=self._signer,
        )
        outcome = replace(
            outcome, parts=(*outcome.parts, *receipts), state={**outcome.state, **state}
        )
        self.journal.ask(
            Built(files=[part.as_json() for part in outcome.parts], state=outcome.state)
        )
        return outcome

    def _receipts(self, names: Plan) -> list[dict[str, str]]:
        return [file for kind, path in names.receipts for file in self._files(path, kind)]

    def _name(self, files: list[dict[str, str]], *, complete: bool) -> None:
        """Have the names written down; once they are complete, others must let go of them."""
        check_names((file["sink"], file["path"], file["uri"]) for file in files)
        if not self.journal.ask(Planned(files=files, complete=complete)):
            self.stop.request()
            self.stop.check()

    def _build_once(self, names: Plan) -> Outcome:
        # Whatever an attempt that failed had sent ahead is not what this one makes.
        self._withdraw()
        with self._sending_ahead() as finished:
            return build(
                self.pipeline,
                names,
                catalog=self.catalog,
                folder=Path(self.job.spool),
                stop=self.stop,
                progress=self._built,
                warn=self._warn,
                finished=finished,
            )

    @contextmanager
    def _sending_ahead(self) -> Iterator[Callable[[BuiltPart], None]]:
        """Lend what stages a finished part while the block builds the next."""
        if self.pipeline.checks.may_end or not makes_several(self.pipeline):
            yield lambda part: None
            return
        sinks = {choice.name: self._sink(choice) for choice in self.pipeline.sinks}
        ahead = Ahead(sinks, self.journal)
        try:
            yield ahead.give
        finally:
            ahead.end()
            self._ahead = ahead.staged

    def _withdraw(self) -> None:
        """Discard what was sent ahead of a build that ended in nothing."""
        choices = {choice.name: choice for choice in self._choices}
        sent = [
            Delivery(sink_name=name, sink=self._sink(choices[name]), path=path, staged=staged)
            for (name, path), staged in self._begun.items()
        ]
        discard(sent, self.journal)
        self._begun.clear()

    def _check(self, names: Plan, built: Outcome) -> list[Delivery]:
        """Compare what was built with ``[checks]``; raises how the run ends, if it ends here."""
        self._enter(Phase.CHECK)
        deliveries = self._deliveries(built.parts)
        checks, before = self.pipeline.checks, Profile.of(names.state)
        rows = sum(part.file.rows for part in built.parts if part.kind is FileKind.DATA)
        found = check(checks, built.profile, before, delivered=rows)
        if found:
            self.journal.ask(Checked(checks=[one.as_json() for one in found]))
        for one in found:
            self.journal.tell(Logged(level="info" if one.ok else "warning", message=one.line))
        if not rows and (checks.on_empty == "skip" or not deliveries):
            # A sink that takes nothing any more should not show only once there are rows again.
            for doubt in doubts(self.pipeline, self.catalog, self.secrets, run_id=self.job.run_id):
                self._warn(doubt)
        decide(checks, found, built.profile, before, run=self.job.run_id, delivered=rows)
        for one in found:
            if not one.ok:
                self._warn(one.words)
        return deliveries

    def _deliveries(self, parts: Sequence[BuiltPart]) -> list[Delivery]:
        check_targets(
            (choice.name, sink.place(choice.options, path), sink.uri(choice.options, path))
            for choice in self._choices
            for sink in (self.catalog.sinks[choice.type],)
            for path in (part.path for part in parts)
        )
        return [
            Delivery(
                sink_name=choice.name,
                sink=self._sink(choice, part.kind),
                path=part.path,
                file=part.file,
                kind=part.kind,
                staged=self._ahead.get((choice.name, part.path)),
            )
            for choice in self._choices
            for part in parts
        ]

    def _deliver(self, deliveries: Sequence[Delivery]) -> None:
        self._enter(Phase.DELIVER)
        self._total = sum(delivery.file.size for delivery in deliveries if delivery.file)
        deliver(deliveries, self.journal, self.attempts, self.stop, begun=self._begun)
        self._enter(Phase.RECORD)

    def deliver_stored(self) -> None:
        """Deliver what an earlier process built, the same bytes under the same names."""
        self._enter(Phase.PLAN)
        parts = [(file["path"], FileKind(file["kind"])) for file in self.job.parts]
        self._name(
            [file for path, kind in parts for file in self._files(path, kind)], complete=True
        )
        self.attempts.run(self._clear, wait=self.stop.wait)
        self._enter(Phase.CHECK)
        stored = stored_parts(self.job.parts, self.stop)
        self.journal.ask(Built(files=[part.as_json() for part in stored], state=None))
        self._deliver(self._deliveries(stored))

    def _clear(self) -> None:
        """Remove what a worker that died had staged of the same files."""
        if not discard(self._handles(), self.journal):
            raise SinkUnreachable(
                "what an earlier process had staged cannot be removed yet",
                hint="the log of the run says why",
            )

    def finish(self) -> None:
        """Publish what a worker that died had begun to publish."""
        self.stop.disarm()
        self._enter(Phase.DELIVER)
        publish(self._handles(), self.journal, self.attempts)

    def discard(self) -> bool:
        """Remove what a worker that died had staged."""
        return discard(self._handles(), self.journal)

    def preview(self) -> None:
        """Read and show; nothing is written down."""
        names = plan(self.job, self.pipeline, self.catalog)
        make_spool(Path(self.job.spool))
        shown = preview(
            self.pipeline,
            names,
            catalog=self.catalog,
            folder=Path(self.job.spool),
            limit=self.job.limit,
            stop=self.stop,
        )
        self.journal.tell(Previewed(preview=dict(shown)))

    def why(self) -> None:
        """Say of one profile what lets it in or keeps it out; nothing is written down."""
        names = plan(self.job, self.pipeline, self.catalog)
        folder = Path(self.job.spool)
        make_spool(folder)
        answer = why(self.pipeline, names, self.job.key, folder=folder, stop=self.stop)
        self.journal.tell(Explained(why=dict(answer)))

    def close(self) -> None:
        """Let go of the sinks' connections."""
        for sink in self._sinks.values():
            sink.close()

    def _handles(self) -> list[Delivery]:
        choices = {choice.name: choice for choice in self.pipeline.sinks}
        for handle in self.job.handles:
            if handle.sink not in choices:
                raise ConfigurationInvalid(
                    f"{handle.staged['target']} is staged at the sink {handle.sink},"
                    f" which the pipeline {self.job.pipeline} no longer has",
                    hint="name the sink in the pipeline again until what is staged is settled",
                )
        kinds = {file["path"]: FileKind(file["kind"]) for file in self.job.parts}
        return [
            Delivery(
                sink_name=handle.sink,
                kind=kind,
                sink=self._sink(choices[handle.sink], kind),
                path=handle.staged["target"],
                staged=Staged.from_json(handle.staged),
                published=handle.published,
            )
            for handle in self.job.handles
            for kind in (kinds.get(handle.staged["target"], FileKind.DATA),)
        ]

    @property
    def _choices(self) -> list[SinkChoice]:
        """The sinks that the run delivers to."""
        wanted = self.job.sinks
        return [one for one in self.pipeline.sinks if not wanted or one.name in wanted]

    def _files(self, path: str, kind: FileKind = FileKind.DATA) -> list[dict[str, str]]:
        return [
            {
                "path": path,
                "sink": choice.name,
                "uri": self.catalog.sinks[choice.type].uri(choice.options, path),
                "kind": str(kind),
            }
            for choice in self._choices
        ]

    def _sink(self, choice: SinkChoice, kind: FileKind = FileKind.DATA) -> Sink:
        # A receipt's name is the run's own, or is meant to say what was last.
        create_only = self.pipeline.on_existing != "overwrite" and kind is FileKind.DATA
        place = choice.name, create_only
        if place not in self._sinks:
            options = choice.options
            limit = parse_size(options.bandwidth) if options.bandwidth else 0
            context = SinkContext(
                run_id=self.job.run_id,
                create_only=create_only,
                alone=len(self._choices) == 1 and self._makes_one(),
                reveal=self.secrets.reveal,
                journal=lambda staged: self._journal_handle(choice.name, staged),
                progress=paced(self._delivered, limit, wait=self.stop.wait),
            )
            self._sinks[place] = self.catalog.sinks[choice.type](options, context)
        return self._sinks[place]

    def _makes_one(self) -> bool:
        if self.job.action == "deliver":
            return len(self.job.parts) == 1
        return not makes_several(self.pipeline) and self.pipeline.manifest is None

    def _journal_handle(self, sink: str, staged: Staged) -> None:
        self._begun[sink, staged.target] = staged
        self.journal.ask(Staging(sink=sink, staged=staged.as_json()))

    def _enter(self, phase: Phase) -> None:
        if phase is not Phase.RECORD:
            self.stop.check()
        self.journal.tell(Progress(phase=phase))

    def _built(self, percent: float | None, rows: int, size: int) -> None:
        self.journal.tell(Progress(phase=Phase.BUILD, percent=percent, rows=rows, bytes=size))

    def _delivered(self, count: int) -> None:
        self.stop.check()
        with self._sending:
            self._sent += count
        if not self._total:
            # Sent ahead: the run is still building.
            return
        # What a broken attempt had sent is sent again.
        percent = min(100.0, 100 * self._sent / self._total)
        self.journal.tell(Progress(phase=Phase.DELIVER, percent=percent, bytes=self._sent))

    def _warn(self, message: str) -> None:
        self.journal.tell(Logged(level="warning", message=message, record=True))


def perform(
    job: Job,
    *,
    catalog: Catalog,
    journal: Journal,
    secrets: Secrets,
    stop: Stop,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    random: Random | None = None,
) -> None:
    """Do what the job says and tell how it ended; raises nothing that a run can cause."""
    with ExitStack() as stack:
        try:
            pipeline = pipeline_from_documents(job.pipeline, job.documents, catalog)
            secrets.known(pipeline.secrets)
            attempts = Attempts(
                pipeline.retry,
                journal,
                clock=clock,
                random=random or Random(job.run_id),  # noqa: S311 - jitter
            )
            attempts.number = job.attempt
            run = Run(
                job=job,
                pipeline=pipeline,
                catalog=catalog,
                journal=journal,
                secrets=secrets,
                stop=stop,
                attempts=attempts,
            )
            stack.callback(run.close)
            match job.action:
                case "run":
                    run.export()
                case "deliver":
                    run.deliver_stored()
                case "finish":
                    run.finish()
                case "discard":
                    if not run.discard():
                        journal.ask(Finished(status=RunStatus.FAILED))
                        return
                case "preview":
                    run.preview()
                case "why":
                    run.why()
                case "probe":
                    for said in probe_sinks([pipeline], catalog, secrets, run_id=job.run_id):
                        journal.tell(Probed(probe=dict(said)))
        except Exception as why:  # noqa: BLE001 - a plugin may raise anything, and the run must end in words
            record_failure(journal, why)
        else:
            record_done(journal)

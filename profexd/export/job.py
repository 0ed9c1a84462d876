"""What a worker is told to do: one action of one run, as JSON on its standard input."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

Action = Literal[
    "run", "finish", "discard", "preview", "inspect", "probe", "why", "notify", "deliver"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """A staged handle as the store holds it: its sink, its ``Staged``, and how far it got."""

    sink: str
    staged: dict[str, Any]
    published: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One action of one run.

    ``run`` walks the five rooms. ``finish`` publishes what a dead worker had staged and had begun
    to publish. ``discard`` removes what a dead worker had staged. ``deliver`` delivers ``parts``
    that an earlier worker built, once they are proven to be the same. ``preview`` reads and shows,
    and moves nothing; ``why`` does so for one profile. ``probe`` asks the sinks. ``documents`` is
    ``Pipeline.documents``; finish and discard need ``handles``.
    ``notify`` tells one of the pipeline's ``[[notify]]`` of ``notice``.
    ``inspect`` judges many pipelines by their sources: ``documents`` and ``state`` go by name.
    """

    action: Action
    run_id: str
    export_id: str
    pipeline: str
    instant: datetime
    """Aware, UTC: the one instant of the run; a retry keeps it."""
    begun: datetime | None = None
    """When the run began, where the daemon says so: its instant rises with its id, and may then
    lie ahead of the clock."""
    documents: dict[str, Any]
    spool: str
    """The run's own folder in the spool."""
    attempt: int = 1
    handles: tuple[Handle, ...] = field(default=())
    parts: tuple[dict[str, Any], ...] = field(default=())
    """What the run had built, or the run whose files are sent again (``Built.files``)."""
    sinks: tuple[str, ...] = ()
    """The sinks of the pipeline to deliver to; none: all."""
    revision: str = ""
    """The digest of the configuration, secrets left out."""
    limit: int = 100
    """Rows of a preview."""
    key: str = ""
    """The profile that ``why`` asks for."""
    notice: dict[str, Any] = field(default_factory=dict)
    """What ``notify`` is to tell, and ``place`` says which ``[[notify]]`` is told."""
    place: int = 0
    state: dict[str, Any] = field(default_factory=dict)
    """What the last delivered run of the pipeline left (``Built.state``)."""
    expected: int = 0
    """The bytes that the last delivered run made, where this one will make as many."""
    keep: str = ""
    """The folder where the pipeline keeps files that its state names; it may not exist yet."""
    plugins: dict[str, dict[str, str]] = field(default_factory=dict)
    """Where the daemon found each plugin (``Catalog.homes``); empty: look for them all."""

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        begun = self.begun.isoformat() if self.begun else None
        return {**asdict(self), "instant": self.instant.isoformat(), "begun": begun}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Job:
        """Return what ``as_json`` made."""
        return cls(
            **{
                **value,
                "instant": datetime.fromisoformat(value["instant"]),
                "begun": datetime.fromisoformat(value["begun"]) if value.get("begun") else None,
                "handles": tuple(Handle(**handle) for handle in value["handles"]),
                "parts": tuple(value.get("parts", ())),
                "sinks": tuple(value.get("sinks", ())),
            }
        )

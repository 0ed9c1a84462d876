"""What is wrong between a configuration and the real columns of its source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from profexd.api.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from profexd.config.model import Pipeline
    from profexd.config.shape import Path

_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. ``path`` is the key's path in the file ``of`` which it is.

    The path of a finding ``of`` the source begins below the source: ``("profiles", "key")``.
    """

    path: Path
    message: str
    hint: str = ""
    severity: Literal["error", "warning"] = "error"
    of: Literal["pipeline", "source"] = "pipeline"


@dataclass(slots=True)
class Findings:
    """Collects findings, so that all are told at once."""

    found: list[Finding] = field(default_factory=list)

    def error(
        self,
        path: Path,
        message: str,
        hint: str = "",
        *,
        of: Literal["pipeline", "source"] = "pipeline",
    ) -> None:
        """Add an error."""
        self.found.append(Finding(path=path, message=message, hint=hint, of=of))

    def warning(
        self,
        path: Path,
        message: str,
        hint: str = "",
        *,
        of: Literal["pipeline", "source"] = "pipeline",
    ) -> None:
        """Add a warning."""
        self.found.append(Finding(path=path, message=message, hint=hint, severity="warning", of=of))

    @property
    def errors(self) -> list[Finding]:
        """Those that keep the pipeline from running."""
        return [one for one in self.found if one.severity == "error"]

    def refuse(self, pipeline: Pipeline) -> None:
        """Raise ConfigurationInvalid if there is any error; it tells all of them."""
        if self.errors:
            raise self.refusal(pipeline)

    def refusal(self, pipeline: Pipeline) -> ConfigurationInvalid:
        """Return the error that tells all errors."""
        errors = self.errors
        told = [f"{_place(one, pipeline)}: {one.message}" for one in errors[:_SHOWN]]
        if len(errors) > _SHOWN:
            told.append(f"and {len(errors) - _SHOWN} more")
        hints = [one.hint for one in errors if one.hint]
        return ConfigurationInvalid(
            "; ".join(told), hint=hints[0] if len(errors) == 1 and hints else "; ".join(hints[:3])
        )


def dotted(path: Sequence[str | int]) -> str:
    """Return a key path as problems show it: ``filter.conditions[0].property``."""
    written = ""
    for piece in path:
        if isinstance(piece, int):
            written += f"[{piece}]"
        else:
            written += f".{piece}" if written else piece
    return written


def _place(finding: Finding, pipeline: Pipeline) -> str:
    if finding.of == "pipeline":
        return f"pipelines/{pipeline.name}.toml: {dotted(finding.path)}"
    if pipeline.source.name.startswith("("):
        return f"pipelines/{pipeline.name}.toml: source.{dotted(finding.path)}"
    return f"sources/{pipeline.source.name}.toml: {dotted(finding.path)}"

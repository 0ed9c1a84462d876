"""Which sinks are tortured: a folder, a server by its options, or a sink that is configured."""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tomlkit

from profexd.api.errors import ConfigurationInvalid
from profexd.config.catalog import load_catalog
from profexd.config.loading import load
from profexd.export.redact import Secrets
from profexd.torture.promises import ASIDE, MAIN
from profexd.torture.targets import Folder, Target

KINDS = ("file", "s3", "sftp")
_PAUSES = {"file": 0.005, "s3": 0.1, "sftp": 0.05}
"""Seconds between two looks of a reader."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where files are to go: options of a sink; all of ours goes below a folder of its own."""

    name: str
    options: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The type of the sink."""
        return str(self.options["type"])

    @property
    def pause(self) -> float:
        """Seconds between two looks of a reader."""
        return _PAUSES[self.kind]

    def below(self, folder: Path) -> Place:
        """Return it with a root of our own; ``folder`` is where the torture works."""
        root = str(self.options.get("root") or "").rstrip("/")
        if self.kind == "file" and not root:
            root = str(folder)
        own = "/".join(filter(None, (root, f"profexd-torture-{secrets.token_hex(4)}")))
        own = f"/{own}" if root.startswith("/") and not own.startswith("/") else own
        return replace(self, options={**self.options, "root": own})

    def sinks(self, folder: Path) -> dict[str, str]:
        """Return the files of the sinks."""
        aside = {"type": "file", "root": str(folder / "aside")}
        return {MAIN: tomlkit.dumps(self.options), ASIDE: tomlkit.dumps(aside)}


def place(sink: str, config: Path, options: Mapping[str, str]) -> Place:
    """Return the place that ``sink`` names: a kind, with ``options``, or a sink of ``config``.

    The values of ``options`` are TOML, or text where they are none. ConfigurationInvalid where
    there is no such sink, or one that nobody can look into.
    """
    given = {key: _value(text) for key, text in options.items()}
    path = config / "sinks" / f"{sink}.toml"
    if sink in KINDS:
        return Place(sink, {"type": sink, **given})
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationInvalid(
            f"there is no sink {sink} in {path.parent}",
            hint=f"name one that is there, or a kind: {', '.join(KINDS)}",
        ) from None
    except (OSError, ValueError) as why:
        raise ConfigurationInvalid(f"{path} cannot be read: {why}") from why
    found = Place(sink, {**written, **given})
    if found.options.get("type") not in KINDS:
        raise ConfigurationInvalid(
            f"the sink {sink} is of type {found.options.get('type')}, which has no reader here",
            hint=f"torture looks into {', '.join(KINDS)}",
        )
    return found


def open_targets(config: Path) -> dict[str, Target]:
    """Return how to look into the sinks of a torture's configuration, once it is valid."""
    configuration = load(config, load_catalog())
    for problem in configuration.problems:
        if problem["severity"] == "error":
            raise ConfigurationInvalid(
                f"{problem['file']}: {problem['key']}: {problem['message']}", hint=problem["hint"]
            )
    entry = configuration.pipelines["several"].pipeline
    assert entry is not None
    targets: dict[str, Target] = {}
    for choice in entry.sinks:
        options: Any = choice.options
        reveal = Secrets(os.environ).reveal
        match choice.type:
            case "s3":
                from profexd.torture.bucket import Bucket

                targets[choice.name] = Bucket(options, reveal)
            case "sftp":
                from profexd.torture.remote import Remote

                targets[choice.name] = Remote(options, reveal)
            case _:
                targets[choice.name] = Folder(Path(options.root))
    return targets


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text

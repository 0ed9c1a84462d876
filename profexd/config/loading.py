"""From a directory of files to the valid model and every problem of every file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from profexd.config.again import Read, Reading, Readings
from profexd.config.catalog import Catalog
from profexd.config.conflicts import rivals, shared_receipts
from profexd.config.model import Configuration, Entry, Pipeline, Settings, SinkChoice, Source
from profexd.config.past import Past, renamed, warn_of_the_past
from profexd.config.readers.defaults import check_defaults, with_defaults
from profexd.config.readers.parts import read_sink, read_source
from profexd.config.readers.pipelines import (
    Named,
    Surroundings,
    Value,
    pipeline_from_documents,
    read_pipeline,
)
from profexd.config.readers.settings import read_settings
from profexd.config.text.files import (
    FOLDERS,
    SETTINGS,
    Found,
    Unreadable,
    check_name,
    find,
    read_document,
)
from profexd.config.text.problems import (
    IS_MISSING,
    Document,
    Places,
    Problems,
    Scope,
    listed,
    problem,
)
from profexd.config.text.strays import strays
from profexd.config.text.trust import is_known, members, refused
from profexd.config.text.values import digest, to_json
from profexd.wire import ProblemJson

__all__ = ["check_file", "load", "load_pipeline_file", "pipeline_from_documents"]

_ALSO_WRITTEN = "the same file is also written by "


def load(
    directory: Path,
    catalog: Catalog,
    *,
    previous: Configuration | None = None,
    system_mode: bool = False,
    past: Past | None = None,
    readings: Readings | None = None,
) -> Configuration:
    """Read the whole tree; never raises for what is in it.

    What is broken keeps its last good version from ``previous``: a pipeline, or the settings.
    ``system_mode`` refuses files and directories that somebody else may write. ``past`` warns of
    what it tells of these files. ``readings`` spares what an earlier reading of the same tree has
    found.
    """
    return _Loading(directory, catalog, previous, system_mode, past).load(readings or Readings())


def load_pipeline_file(
    file: Path, directory: Path, catalog: Catalog, *, past: Past | None = None
) -> Entry:
    """Read a TOML file from anywhere as if it were ``pipelines/STEM.toml`` of ``directory``."""
    loading = _Loading(directory, catalog, None, False, past)
    loading.read_surroundings()
    return loading.entry(Found(file.stem, file, _label(file, directory)))


def check_file(
    file: Path,
    directory: Path,
    catalog: Catalog,
    *,
    past: Past | None = None,
    inspect: Callable[[Configuration], Configuration] = lambda configuration: configuration,
) -> tuple[ProblemJson, ...]:
    """Return what is wrong with a file: one of the tree as what it is, any other as a pipeline.

    ``inspect`` finds out more about what has been read.
    """
    label = _label(file, directory)
    kind = label.partition("/")[0]
    inside = label == SETTINGS or (kind in FOLDERS and label.count("/") == 1)
    if inside and kind != "pipelines":
        whole = inspect(load(directory, catalog))
        return tuple(one for one in whole.problems if one["file"] == label)
    name_problem = check_name(file.stem)
    if name_problem:
        return (problem(label, *name_problem),)
    if not file.is_file():
        return (problem(label, "there is no such file"),)
    loading = _Loading(directory, catalog, None, False, past)
    loading.read_surroundings()
    entry = loading.entry(Found(file.stem, file, label))
    return inspect(loading.configuration({entry.name: entry}, entry.problems)).problems


@dataclass
class _Loading:
    directory: Path
    catalog: Catalog
    previous: Configuration | None
    system_mode: bool
    past: Past | None
    problems: Problems = field(default_factory=Problems)
    settings: Settings = field(default_factory=Settings)
    settings_document: Document = field(default_factory=lambda: Document(SETTINGS, {}))
    unread_settings: tuple[ProblemJson, ...] = ()
    """Why profexd.toml could not even be read, where there is no previous one to go by."""
    good_settings: Mapping[str, Any] = field(default_factory=dict)
    sources: dict[str, Named[Source]] = field(default_factory=dict)
    sinks: dict[str, Named[SinkChoice]] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)
    owners: frozenset[int] = field(default_factory=lambda: frozenset({0, os.geteuid()}))
    """Who may own files and directories; the members of ``[access] admin`` once it is read."""
    refused_folders: dict[str, tuple[ProblemJson, ...]] = field(default_factory=dict)
    reading: Reading = field(default_factory=lambda: Readings().begin(None))

    def load(self, readings: Readings) -> Configuration:
        self.read_surroundings()
        self.problems.report(*strays(self.directory))
        self.reading = readings.begin(self._all_around())
        entries = {found.name: self.entry(found) for found in self._find("pipelines")}
        self.reading.end()
        self._warn_of_rivals(entries)
        self._warn_of_new_names(entries)
        for entry in entries.values():
            self.problems.report(*entry.problems)
        return self.configuration(entries, self.problems.sorted())

    def configuration(
        self, entries: dict[str, Entry], problems: tuple[ProblemJson, ...]
    ) -> Configuration:
        """Return what was read, with these pipelines and problems."""
        return Configuration(
            directory=self.directory,
            settings=self.settings,
            pipelines=entries,
            sources=tuple(self.sources),
            sinks=tuple(self.sinks),
            sink_documents={
                name: to_json(sink.data)
                for name, sink in self.sinks.items()
                if sink.value is not None
            },
            problems=problems,
            document=dict(self.good_settings),
        )

    def read_surroundings(self) -> None:
        """Read all but the pipelines."""
        if not self.directory.is_dir():
            self.problems.report(
                problem(
                    str(self.directory),
                    "there is no such directory",
                    '"profexd init" makes one with commented files; --config names another',
                )
            )
        self._read_settings()
        if self.system_mode:
            self.owners |= members(self.settings.access_admin)
            self.refused_folders[""] = refused(self.directory, ".", self.owners)
            self.problems.report(*self.refused_folders[""])
        self.sources = self._read_named("sources", read_source)
        self.sinks = self._read_named(
            "sinks", lambda name, data, scope: read_sink(name, data, scope, self.catalog)
        )

    def entry(self, found: Found) -> Entry:
        """Read one pipeline file."""
        read = self.reading.read(found.name, found.path, lambda: self._read(found))
        problems = Problems((*self._refusals(found), *read.problems))
        pipeline = read.pipeline
        scope = replace(read.scope, problems=problems) if read.scope else None
        if scope is not None:
            self.scopes[found.name] = scope
            if pipeline and self.past:
                warn_of_the_past(pipeline, scope, self.past)
            if self.unread_settings:
                problems = self._without_what_defaults_may_say(problems)
        if problems.errors:
            last = self.previous.pipelines.get(found.name) if self.previous else None
            pipeline = last.pipeline if last else None
        return Entry(
            name=found.name,
            file=found.path,
            pipeline=pipeline,
            problems=problems.sorted(),
            places=self._places(scope) if scope else None,
            content=read.content,
            sketch=read.sketch,
        )

    def _read(self, found: Found) -> Read:
        document = read_document(found.path, found.label)
        if document is None:
            return Read((problem(found.label, "the file has gone"),))
        if isinstance(document, Unreadable):
            return Read(document.problems)
        problems = Problems()
        defaults = self.settings_document.data.get("defaults")
        data: Mapping[str, Any] = document.data
        if isinstance(defaults, Mapping) and defaults:
            data = with_defaults(data, defaults, self.catalog)
        scope = Scope(problems, document, self.settings_document)
        made = read_pipeline(found.name, data, scope, self._around())
        right, sketch = (made, None) if isinstance(made, Pipeline) else (None, made)
        return Read(problems.sorted(), right, scope, digest(to_json(document.data)), sketch)

    def _all_around(self) -> object:
        """Return all that reading a pipeline goes by, to be compared."""

        def said(named: Mapping[str, Named[Any]]) -> object:
            return {name: (one.data, one.value, one.problems) for name, one in named.items()}

        return (
            id(self.catalog),
            self.settings,
            self.settings_document,
            self.good_settings,
            said(self.sources),
            said(self.sinks),
        )

    def _places(self, scope: Scope) -> Places:
        """Return where a pipeline, its source and its sinks are written."""
        written = scope.written("source")
        named = self.sources.get(written) if isinstance(written, str) else None
        sinks = self.sink_scopes
        if named is not None and named.document is not None:
            return Places(scope, Scope(scope.problems, named.document), sinks)
        return Places(scope, scope.within("source"), sinks)

    @cached_property
    def sink_scopes(self) -> Mapping[str, Scope]:
        """Where each sink that has a file of its own is written."""
        return {
            name: Scope(self.problems, sink.document)
            for name, sink in self.sinks.items()
            if sink.document is not None
        }

    def _without_what_defaults_may_say(self, problems: Problems) -> Problems:
        """While profexd.toml cannot be read, that is the problem, not what is missing elsewhere."""
        kept = [one for one in problems.sorted() if one["message"] != IS_MISSING]
        if len(kept) == len(problems.sorted()):
            return problems
        return Problems((*kept, *self.unread_settings))

    def _warn_of_rivals(self, entries: dict[str, Entry]) -> None:
        working = [
            entry.pipeline
            for entry in entries.values()
            if entry.pipeline and entry.pipeline.enabled and not entry.invalid
        ]
        for name, others in rivals(working).items():
            scope = self.scopes[name]
            key = next((key for key in ("path", "filename", "folder") if scope.has((key,))), "path")
            hint = f"{others.outcome}: add ${{pipeline}} to the path"
            self._warn(
                entries, name, (key,), _ALSO_WRITTEN + listed(others.names, joint="and"), hint
            )
        for name, key, names in shared_receipts(working):
            hint = "the later run replaces the file of the earlier: add ${pipeline} to it"
            self._warn(
                entries, name, ("manifest", key), _ALSO_WRITTEN + listed(names, joint="and"), hint
            )

    def _warn_of_new_names(self, entries: dict[str, Entry]) -> None:
        contents = {name: entry.content for name, entry in entries.items()}
        for name, old in renamed(contents, self.past) if self.past else ():
            self._warn(
                entries,
                name,
                (),
                f'says what pipelines/{old}.toml said, which is gone: under the name "{name}" it is'
                " a new pipeline, and begins anew",
                f"rename it back to {old}.toml to go on where that was",
            )

    def _warn(
        self, entries: dict[str, Entry], name: str, key: tuple[str, ...], message: str, hint: str
    ) -> None:
        scope = self.scopes[name]
        scope.add(key, message, hint, "warning")
        entries[name] = replace(entries[name], problems=scope.problems.sorted())

    def _around(self) -> Surroundings:
        data = {key: value for key, value in self.good_settings.items() if key != "defaults"}
        return Surroundings(
            catalog=self.catalog,
            settings=self.settings,
            settings_data=data,
            sources=self.sources,
            sinks=self.sinks,
        )

    def _read_settings(self) -> None:
        """Read profexd.toml; a broken one leaves the last good one in force, ``[defaults]`` too."""
        problems = Problems()
        path = self.directory / SETTINGS
        if self.system_mode:
            problems.report(*refused(path, SETTINGS, self.owners))
        document = read_document(path, SETTINGS)
        settings: Settings | None = Settings()
        if isinstance(document, Unreadable):
            problems.report(*document.problems)
            self.unread_settings = () if self.previous else document.problems
            document = None
        elif document is not None:
            self.settings_document = document
            scope = Scope(problems, document)
            settings = read_settings(document.data, scope)
            if settings is not None:
                _warn_of_nobody(settings, scope)
            defaults = document.data.get("defaults")
            if isinstance(defaults, Mapping):
                zone = settings.timezone if settings else "UTC"
                check_defaults(defaults, scope.within("defaults"), self.catalog, zone)
        if problems.errors:
            if self.previous is not None:
                self.settings = self.previous.settings
                self.good_settings = self.previous.document
                self.settings_document = Document(SETTINGS, self.previous.document)
        elif settings is not None:
            self.settings = settings
            self.good_settings = document.data if document else {}
        self.problems.report(*problems.sorted())

    def _read_named(
        self, folder: str, read: Callable[[str, Mapping[str, Any], Scope], Value | None]
    ) -> dict[str, Named[Value]]:
        named: dict[str, Named[Value]] = {}
        for found in self._find(folder):
            problems = Problems(self._refusals(found))
            document = read_document(found.path, found.label)
            if document is None:
                continue
            data: Mapping[str, Any] = {}
            value: Value | None = None
            if isinstance(document, Unreadable):
                problems.report(*document.problems)
            else:
                data = document.data
                value = read(found.name, data, Scope(problems, document))
            if problems.errors:
                value = None
            written = None if isinstance(document, Unreadable) else document
            named[found.name] = Named(data, value, problems.sorted(), written)
            self.problems.report(*problems.sorted())
        return named

    def _find(self, folder: str) -> list[Found]:
        found, problems = find(self.directory / folder, folder)
        self.problems.report(*problems)
        self.refused_folders[folder] = ()
        if self.system_mode and found:
            path = self.directory / folder
            refusal = (*self.refused_folders[""], *refused(path, f"{folder}/", self.owners))
            self.refused_folders[folder] = refusal
            self.problems.report(*refusal)
        return found

    def _refusals(self, found: Found) -> tuple[ProblemJson, ...]:
        """Return why a file may not be used: its owner and mode, or those of its directories."""
        if not self.system_mode:
            return ()
        folder = found.label.partition("/")[0]
        own = refused(found.path, found.label, self.owners)
        return (*self.refused_folders[folder], *own)


def _warn_of_nobody(settings: Settings, scope: Scope) -> None:
    """Warn of users and groups that do not exist; the default's group need not."""
    for role in ("admin", "operator", "viewer"):
        for index, name in enumerate(getattr(settings, f"access_{role}")):
            if is_known(name) or name in getattr(Settings(), f"access_{role}"):
                continue
            kind, bare = ("group", name[1:]) if name.startswith("@") else ("user", name)
            scope.add(
                ("access", role, index),
                f'there is no {kind} "{bare}", so it lets nobody in',
                "check its spelling; a group stands with @ in front",
                "warning",
            )


def _label(file: Path, directory: Path) -> str:
    """Return how problems name a file: relative where it is in the tree, a link as itself."""
    for one, root in (
        (file.absolute(), directory.absolute()),
        (file.parent.resolve() / file.name, directory.resolve()),
    ):
        if one.is_relative_to(root):
            return one.relative_to(root).as_posix()
    return str(file)

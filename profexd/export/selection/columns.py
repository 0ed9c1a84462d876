"""``[columns]``: which columns of the source stand in the file, in which order, and as what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from profexd.api.sql import identifier
from profexd.config.shape import ColumnsChoice, Group, IdentityChoice, Path
from profexd.export.selection.identity import identity_outputs, present
from profexd.export.selection.output import Output
from profexd.export.source.roles import Meaning, meanings

if TYPE_CHECKING:
    from profexd.config.model import Pipeline, Source
    from profexd.export.source.lookup import Lookup

_PROPERTY = Meaning("property")


def outputs(pipeline: Pipeline, lookup: Lookup) -> list[Output]:
    """Return the columns of the file as the configuration wants them of the source as it is now.

    Of several with one header the last stays. What is wrong goes to the findings of ``lookup``.
    """
    meant = meanings(pipeline.source, lookup)
    if pipeline.identity is None and pipeline.columns is None:
        made = [
            _as_it_is(column.name, meant.get(column.name.lower()), lookup)
            for column in lookup.schema.columns
        ]
    else:
        choice = pipeline.columns or ColumnsChoice()
        made = _chosen(pipeline.source, pipeline.identity, choice, meant, lookup)
    return _last_of_each(made, lookup)


def _as_it_is(name: str, meaning: Meaning | None, lookup: Lookup) -> Output:
    found = lookup.schema.column(name)
    assert found is not None
    meaning = meaning or _PROPERTY
    return Output(name, found.sql, meaning.role, meaning.label, source=name)


def _chosen(
    source: Source,
    identity: IdentityChoice | None,
    choice: ColumnsChoice,
    meant: Mapping[str, Meaning],
    lookup: Lookup,
) -> list[Output]:
    made: list[Output] = []
    if identity is not None:
        made += identity_outputs(identity, source, lookup)
    if source.kind == "events":
        made += [
            _as_it_is(column.name, meant[column.name.lower()], lookup)
            for role in ("name", "time", "profile")
            for column in lookup.schema.columns
            if meant.get(column.name.lower(), _PROPERTY).role == role
        ]
    device = source.events.device if source.kind == "events" else source.profiles.device
    if device is not None and choice.device is not False:
        made.append(_device(device, source.kind, lookup))
    made += _preferences(source, choice, lookup)
    properties = _properties(source, choice, meant, lookup)
    if not properties:
        lookup.findings.error(
            ("columns", "exclude"), "no property is left", "a file has one property at least"
        )
    return _renamed([*made, *properties], choice.rename, lookup)


def _device(device: Group, kind: str, lookup: Lookup) -> Output:
    """Return the one object column of the device; what is NULL or empty is missing in it."""
    path = (kind, "device")
    if device.column is not None:
        found = lookup.one(device.column, path, of="source")
        return Output("device", found.sql if found else None, "device")
    members: list[str] = []
    values: list[str] = []
    for place, member in enumerate(device.members):
        listed = member.name == member.column
        found = lookup.one(member.column, (*path, place if listed else member.name), of="source")
        if found is None:
            continue
        text = found.type.id == "varchar"
        value = present(found.sql) if text else found.sql
        values.append(value)
        members.append(f"{identifier(member.name)} := {value}")
    if not members:
        return Output("device", None, "device")
    whole = f"struct_pack({', '.join(members)})"
    return Output(
        "device", f"CASE WHEN coalesce({_any_present(values)}, false) THEN {whole} END", "device"
    )


def _any_present(values: Iterable[str]) -> str:
    return " OR ".join(f"{value} IS NOT NULL" for value in values)


def _preferences(source: Source, choice: ColumnsChoice, lookup: Lookup) -> list[Output]:
    known = {one.name: one.column for one in source.profiles.preferences}
    made: list[Output] = []
    for name in choice.preferences:
        if name in known:
            found = lookup.one(known[name], ("profiles", "preferences", name), of="source")
            made.append(Output(name, found.sql if found else None, "preference"))
    return made


def _properties(
    source: Source, choice: ColumnsChoice, meant: Mapping[str, Meaning], lookup: Lookup
) -> list[Output]:
    excluded = {
        found.name.lower()
        for place, name in enumerate(choice.exclude)
        if (found := lookup.one(name, ("columns", "exclude", place))) is not None
    }
    if choice.properties == "all":
        return [
            _as_it_is(column.name, meant.get(column.name.lower()), lookup)
            for column in lookup.schema.columns
            if meant.get(column.name.lower(), _PROPERTY).role == "property"
            and column.name.lower() not in {*excluded, "identity"}
        ]
    system = choice.properties == "system"
    named = source.profiles.system if choice.properties == "system" else choice.properties
    made: list[Output] = []
    for place, name in enumerate(named):
        if name.lower() in excluded:
            continue
        if system:
            found = lookup.one(name, ("profiles", "system", place), of="source")
        else:
            found = lookup.one(name, ("columns", "properties", place))
        header = found.name if found else name
        made.append(Output(header, found.sql if found else None, source=header))
    return made


def _renamed(made: list[Output], rename: Mapping[str, str], lookup: Lookup) -> list[Output]:
    """Give columns the headers that the configuration wants."""
    wanted = {name.lower(): (name, header) for name, header in rename.items()}
    used = {output.folded for output in made}
    for folded, (name, _) in wanted.items():
        path: Path = ("columns", "rename", name)
        if folded not in used and lookup.one(name, path) is not None:
            lookup.findings.warning(path, f'"{name}" is not among the columns of the file')
    return [
        replace(output, header=wanted[output.folded][1]) if output.folded in wanted else output
        for output in made
    ]


def _last_of_each(made: list[Output], lookup: Lookup) -> list[Output]:
    last = {output.folded: place for place, output in enumerate(made)}
    for folded, count in Counter(output.folded for output in made).items():
        if count > 1:
            kept = made[last[folded]]
            lookup.findings.warning(
                ("columns",),
                f'{count} columns are called "{kept.header}": only the last of them is exported',
                "give the others another name in [columns] rename, or exclude them",
            )
    return [output for place, output in enumerate(made) if last[output.folded] == place]

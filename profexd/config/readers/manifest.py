"""Reads ``[manifest]`` and ``[signing]``: what a run leaves beside its files to vouch for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from profexd.api.options import Check, Doc, Secret
from profexd.config.readers.tables import NonEmpty, Table, written
from profexd.config.template import PathValues, Template, path_faults
from profexd.config.text.problems import Mistake, Scope

SIGNATURE = ".sig"
"""What the name of a signature adds to that of its manifest."""
_OF_PARTITIONS = ("part", "event", "column")
_HEADER = "-----BEGIN OPENSSH PRIVATE KEY-----"


def _private_key(secret: Secret) -> Secret:
    if secret.kind == "literal" and secret.value and not secret.value.startswith(_HEADER):
        raise Mistake(
            "is not a private key as ssh-keygen writes it",
            'name its file: key = { file = "/etc/profexd/signing_key" }',
        )
    return secret


class SigningTable(Table):
    key: Annotated[
        Secret,
        Doc("An SSH Ed25519 private key without a passphrase; it signs manifests. Empty: none."),
        Check(_private_key),
    ] = written("")


class ManifestTable(Table):
    path: Annotated[
        NonEmpty, Doc("The manifest's path below the sink's root, with placeholders.")
    ] = "${pipeline}-${run_id}.manifest.json"
    done: Annotated[
        str, Doc("The path of an empty file that comes after the manifest; empty: none.")
    ] = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a run's manifest goes, and the empty file after it."""

    path: Template
    done: Template | None = None


def check_manifest_templates(data: Mapping[str, Any], scope: Scope) -> None:
    """Report placeholders that are wrong wherever they stand."""
    for key in ("path", "done"):
        if isinstance(data.get(key), str):
            for why in Template.sketch(data[key])[1]:
                scope.add((key,), str(why), why.hint)


def read_manifest(
    table: ManifestTable | None, files: Template | None, values: PathValues, scope: Scope
) -> Manifest | None:
    """Return what ``[manifest]`` says, or None where it is not written or wrong.

    ``files`` is the path of what the run exports, ``values`` are those of a made-up run.
    """
    if table is None:
        return None
    check_manifest_templates({"path": table.path, "done": table.done}, scope)
    path = _template("path", table.path, values, scope, SIGNATURE)
    done = _template("done", table.done, values, scope) if table.done else None
    name = _becomes(path, values)
    exported = None if files is None else _becomes(files, values)
    if exported in (name, name + SIGNATURE):
        scope.add(
            ("path",), "is the path of the exported file too", "give each file a name of its own"
        )
    if done is not None:
        taken = {exported: "exported file", name: "manifest", name + SIGNATURE: "signature"}
        what = taken.get(_becomes(done, values))
        if what is not None:
            words = f"is the path of the {what} too"
            scope.add(("done",), words, "give each file a name of its own")
    return Manifest(path, done)


def _template(key: str, text: str, values: PathValues, scope: Scope, ending: str = "") -> Template:
    template, faults = Template.sketch(text)
    for piece in template.pieces:
        if piece.name in _OF_PARTITIONS:
            scope.add(
                (key,),
                f"{piece.written} has no value here: a run has one manifest, of all its files",
                "leave it out",
            )
    path = _becomes(template, values)
    for why in () if faults else tuple(path_faults(path)) or path_faults(path + ending):
        scope.add((key,), f'becomes "{path[:200]}": {why}', why.hint)
    return template


def _becomes(template: Template, values: PathValues) -> str:
    columns = dict.fromkeys(template.columns, "x")
    return template.expand(replace(values, event="x", columns=columns))

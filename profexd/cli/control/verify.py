"""``profexctl verify``: whether delivered files are what their manifest says; asks no daemon."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from profexd.cli.boundary import CommandError
from profexd.cli.console import plain
from profexd.cli.control.caller import Caller, shared_options
from profexd.wire import Exit

if TYPE_CHECKING:
    from profexd.export.receipts.signers import Signer
    from profexd.export.receipts.verify import Finding, Verdict

_COLOURS = {"ok": "green", "none": "", "unproven": "yellow"}
_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("manifest", type=_FILE)
@click.argument("files", nargs=-1, type=_FILE)
@click.option(
    "--key",
    metavar="FILE",
    help="The public key (or its SHA256: fingerprint) that must have signed the manifest.",
)
@click.option(
    "--allowed-signers",
    metavar="FILE",
    type=_FILE,
    help="Keys of which one must have signed it, as ssh-keygen takes them.",
)
@click.option(
    "--previous",
    metavar="MANIFEST",
    type=_FILE,
    multiple=True,
    help="The manifest of the run before; may be repeated, newest first.",
)
@shared_options
@click.pass_obj
def command(
    caller: Caller,
    manifest: Path,
    files: tuple[Path, ...],
    key: str | None,
    allowed_signers: Path | None,
    previous: tuple[Path, ...],
) -> None:
    """Check delivered FILES, or whole folders, against their MANIFEST.

    Without FILES they are looked for beside the manifest. Says which file is changed, missing or
    extra, and whether the manifest itself is as it was written. Exit code 0: all is well; 1: it
    is not; 2: a manifest or key cannot be read. Needs no daemon, no account and no network.
    """
    if caller.host is not None:
        raise click.UsageError("files are checked where they are; leave --host out")
    from profexd.export.receipts.verify import judge

    try:
        signers = _signers(key, allowed_signers)
        verdict = judge(manifest, files, signers=signers, previous=previous)
    except OSError as why:
        raise CommandError(
            f"{why.filename}: {why.strerror}", code="os_error", exit_code=Exit.USAGE
        ) from None
    if caller.as_json:
        caller.console.json(_json(verdict))
    else:
        _write(caller, verdict)
    if not verdict.ok:
        raise CommandError(_summary(verdict), code="not_verified")
    if not caller.as_json:
        caller.console.say(_summary(verdict))


def _signers(key: str | None, allowed_signers: Path | None) -> list[Signer] | None:
    from profexd.export.receipts.signers import SignersUnreadable, of_allowed_signers, of_key

    if key is None and allowed_signers is None:
        return None
    found: list[Signer] = []
    place = ""
    try:
        if key is not None:
            place = key
            found.append(of_key(key if key.startswith("SHA256:") else Path(key).read_text()))
        if allowed_signers is not None:
            place = str(allowed_signers)
            found += of_allowed_signers(allowed_signers.read_text())
    except (SignersUnreadable, UnicodeDecodeError) as why:
        raise CommandError(f"{place} {why}", code="usage", exit_code=Exit.USAGE) from None
    return found


def _json(verdict: Verdict) -> dict[str, object]:
    document = verdict.document
    return {
        "ok": verdict.ok,
        "pipeline": document.get("pipeline"),
        "run_id": document.get("run_id"),
        "instant": document.get("instant"),
        "manifest": verdict.manifest.as_json(),
        "signature": verdict.signature.as_json(),
        "previous": [one.as_json() for one in verdict.previous],
        "files": [one.as_json() for one in verdict.files],
    }


def _write(caller: Caller, verdict: Verdict) -> None:
    rows = [("file", one) for one in verdict.files]
    rows += [("manifest", verdict.manifest), ("signature", verdict.signature)]
    rows += [("previous", one) for one in verdict.previous]
    for kind, one in rows:
        status = caller.console.paint(f"{one.status:<10}", _COLOURS.get(one.status, "red"))
        words = f": {plain(one.message)}" if one.message else ""
        caller.console.print(f"{status}  {kind:<9}  {plain(one.subject)}{words}")


def _summary(verdict: Verdict) -> str:
    wrong = [one for one in verdict.files if not one.ok]
    if verdict.ok:
        count = len(verdict.files)
        about = verdict.document
        return (
            f"{count} {'file is' if count == 1 else 'files are'} as run {about['run_id']}"
            f" of {plain(str(about['pipeline']))} delivered {'it' if count == 1 else 'them'}"
        )
    found = [_wrong("manifest", verdict.manifest), _wrong("signature", verdict.signature)]
    found += [_wrong("previous manifest", one) for one in verdict.previous]
    found += [_wrong("file", one) for one in wrong[:3]]
    more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
    return "; ".join(words for words in found if words) + more


def _wrong(kind: str, finding: Finding) -> str:
    return "" if finding.ok else f"the {kind} {finding.subject} is {finding.status}"

"""What a server's refusals mean, in words that say what to do."""

from __future__ import annotations

from profexd.api import (
    ConditionalWriteUnsupported,
    DiskFull,
    ProfexdError,
    SinkDenied,
    SinkRefused,
    SinkUnreachable,
)
from profexd_sinks.sftp_options import SftpOptions
from profexd_sinks.sftp_protocol import HARDLINK, POSIX_RENAME, Refused, Sftp, Status

RIGHTS = (
    "open (to create and write), write, close, {publish}; and where the server allows them:"
    " stat (to compare sizes), mkdir (make_directories), remove (to clean up). Nothing is listed,"
    " read, or given modes or times. With OpenSSH: ForceCommand internal-sftp"
    " -p open,write,close,stat,mkdir,remove,{requests},statvfs,limits"
)
"""The least that a delivery needs, for a server's owner."""


_SAYS_NO_MORE = "the server says no more; ask its owner about quota, folders and limits"
_ONE_FILE_SYSTEM = "temporary_directory and root must be on one file system of the server"


def rename_refusal(why: Refused, old: str, new: str, options: SftpOptions) -> ProfexdError:
    """Return the error for a rename that the server refused."""
    error = refusal(why, f"rename {old} to {new}", options)
    if why.status == Status.FAILURE and options.temporary_directory:
        error.hint = _ONE_FILE_SYSTEM
    return error


def rights(*, create_only: bool) -> str:
    """Say which requests a delivery makes."""
    if create_only:
        return RIGHTS.format(publish="hardlink and remove", requests="hardlink")
    return RIGHTS.format(publish="posix-rename", requests="posix-rename")


def refusal(why: Refused, doing: str, options: SftpOptions) -> ProfexdError:
    """Return the error for a request that the server refused; ``doing`` as in "create x"."""
    said = f"{options.server} refuses to {doing}: {why.words}"
    match why.status:
        case Status.PERMISSION_DENIED | Status.WRITE_PROTECT:
            return SinkDenied(
                said,
                hint=f"give {options.username} the right to write there, or correct root and path",
            )
        case Status.NO_SPACE | Status.QUOTA_EXCEEDED:
            return full(doing, options, why.words)
        case Status.NO_CONNECTION | Status.CONNECTION_LOST:
            return SinkUnreachable(said, hint="the server lost its own storage; is it up?")
        case Status.NO_SUCH_FILE:
            return SinkRefused(
                said,
                hint="make the folder there, or correct root and path; make_directories = true"
                " makes it where the server allows that",
            )
        case Status.OP_UNSUPPORTED:
            return SinkRefused(said, hint="the server cannot do that; ask its owner")
    return SinkRefused(said, hint=_SAYS_NO_MORE)


def full(doing: str, options: SftpOptions, words: str) -> DiskFull:
    """Return the error for a server without room."""
    return DiskFull(
        f"no room at {options.server} to {doing}: {words}",
        hint="ask the server's owner for space or quota",
    )


def unable(sftp: Sftp, options: SftpOptions, *, create_only: bool) -> ProfexdError | None:
    """Return why this server cannot publish as it is asked to, or None."""
    if create_only:
        if HARDLINK in sftp.extensions:
            return None
        return ConditionalWriteUnsupported(
            f"{options.server} cannot create a file only if absent: it announces no {HARDLINK}",
            hint='set on_existing = "overwrite", with ${run_id} in the path where no file may be'
            " replaced",
        )
    if POSIX_RENAME in sftp.extensions or options.no_posix_rename == "replace":
        return None
    return SinkRefused(
        f"{options.server} cannot replace a file in one step: it announces no {POSIX_RENAME}",
        hint='set no_posix_rename = "replace" in the sink: an existing file is then deleted just'
        " before the new one gets its name (a server where nothing may be written announces no"
        " rename either)",
    )

"""How a staged file gets its final name, once, whatever became of an earlier request to do so."""

from __future__ import annotations

import hashlib

from profexd.api import Permanent, Staged, TargetExists
from profexd_sinks.sftp_options import SftpOptions
from profexd_sinks.sftp_protocol import POSIX_RENAME, Refused, Sftp, Status
from profexd_sinks.sftp_words import rename_refusal, unable

SIZE_ONLY, UNVERIFIED, VERIFIED = "size-only", "unverified", "verified"


class Publisher:
    """Publishes one staged file.

    ``asked`` says that it was asked for before and that no answer came, so it may have happened.
    """

    def __init__(
        self, sftp: Sftp, options: SftpOptions, staged: Staged, *, create_only: bool, asked: bool
    ) -> None:
        self._sftp = sftp
        self._options = options
        self._staged = staged
        self._create_only = create_only
        self._asked = asked
        self._temporary = str(staged.handle["temporary"])
        self._path = options.path(staged.target)

    def publish(self) -> str:
        """Give the file its name; return how far its bytes were checked.

        Raises TargetExists, SinkDenied, SinkRefused or ConditionalWriteUnsupported, and Permanent
        where what was staged is gone.
        """
        fault = unable(self._sftp, self._options, create_only=self._create_only)
        if fault:
            raise fault
        try:
            if self._create_only:
                self._sftp.link(self._temporary, self._path)
            elif POSIX_RENAME in self._sftp.extensions:
                self._sftp.replace(self._temporary, self._path)
            else:
                self._rename()
        except Refused as why:
            return self._refused(why)
        if self._create_only:
            self._remove_first_name()
        return str(self._staged.handle.get("level", UNVERIFIED))

    def _rename(self) -> None:
        """Rename; delete what has the name only where what replaces it is there for certain."""
        try:
            self._sftp.rename(self._temporary, self._path)
        except Refused as why:
            there = exists(self._sftp, self._temporary)
            if there is False or (there is None and self._asked):
                raise
            try:
                self._sftp.remove(self._path)
            except Refused as deleting:
                if deleting.status == Status.NO_SUCH_FILE:
                    raise why from None
                raise
            self._sftp.rename(self._temporary, self._path)

    def _refused(self, why: Refused) -> str:
        """Look before believing: an earlier request may have done it all."""
        there = exists(self._sftp, self._temporary)
        if there is False or (there is None and self._asked):
            return self._published_before()
        if self._create_only and why.status in (Status.FAILURE, Status.FILE_ALREADY_EXISTS):
            return self._name_is_taken(why)
        if there is None and why.status == Status.NO_SUCH_FILE:
            raise self._gone()
        raise rename_refusal(why, self._temporary, self._path, self._options) from why

    def _name_is_taken(self, why: Refused) -> str:
        if exists(self._sftp, self._path) is False:
            raise rename_refusal(why, self._temporary, self._path, self._options) from why
        if self._asked:
            level = self._same_bytes()
            if level:
                self._remove_first_name()
                return level
        raise TargetExists(
            f"{self._path} exists already at {self._options.server}",
            hint='move it away: on_existing = "fail" or "suffix" never replaces',
        ) from None

    def _published_before(self) -> str:
        level = self._same_bytes()
        if level:
            return level
        raise self._gone()

    def _same_bytes(self) -> str:
        """Return how far the target is known to hold what was staged; nothing: it does not."""
        try:
            size = self._sftp.size(self._path)
        except Refused as why:
            if why.status == Status.NO_SUCH_FILE:
                return ""
            # Nobody lets us look, and all that we asked for was this.
            return UNVERIFIED if self._asked else ""
        if size != self._staged.size:
            return ""
        digest = hashlib.sha256()
        try:
            for data in self._sftp.read(self._path):
                digest.update(data)
        except Refused:
            return SIZE_ONLY
        return VERIFIED if digest.hexdigest() == self._staged.sha256 else ""

    def _remove_first_name(self) -> None:
        try:
            self._sftp.remove(self._temporary)
        except Refused as why:
            if why.status != Status.NO_SUCH_FILE:
                # The file is delivered; its other name is all that is left.
                return

    def _gone(self) -> Permanent:
        return Permanent(
            f"what was staged for {self._path} at {self._options.server} is gone:"
            f" {self._temporary}",
            code="sink_refused",
            hint="something there takes files away before they have their name; set"
            " temporary_directory to a folder that it does not watch",
        )


def exists(sftp: Sftp, path: str) -> bool | None:
    """Return whether a file is there; None where the server does not let us look."""
    try:
        sftp.size(path)
    except Refused as why:
        return False if why.status == Status.NO_SUCH_FILE else None
    return True

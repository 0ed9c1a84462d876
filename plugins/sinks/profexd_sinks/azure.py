"""The Azure sink: uncommitted blocks are staged, and one commit of their list publishes them."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs

from profexd.api import (
    CREATE_ONLY,
    STAGES,
    ConfigurationInvalid,
    Probe,
    Receipt,
    Secret,
    Sink,
    SinkDenied,
    SinkRefused,
    SpoolCorrupt,
    SpooledFile,
    Staged,
    TargetExists,
    hookimpl,
)
from profexd_sinks.azure_options import AzureOptions, blob_name, blob_uri, name_fault
from profexd_sinks.azure_words import BlocksGone, explained
from profexd_sinks.extras import require

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContainerClient

require("azure", "azure.storage.blob", "azure.identity")

_BLOCK = 8 * 2**20
_MOST_BLOCKS = 50_000
_PROBE = ".profexd-probe"
_POLICY = """\
a SAS with sp=cw on the container (create, write), or a role with
Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"""


class AzureSink(Sink):
    """Delivers to a container of Azure Blob Storage."""

    name = "azure"
    capabilities = frozenset({STAGES, CREATE_ONLY})
    Options: ClassVar[type[AzureOptions]] = AzureOptions
    options: AzureOptions
    _used = ""
    """The secret as it was when Azure was last reached."""

    @classmethod
    def uri(cls, options: AzureOptions, target: str) -> str:
        return blob_uri(options, target)

    @classmethod
    def target_fault(cls, options: AzureOptions, target: str) -> str:
        return name_fault(blob_name(options, target))

    def probe(self) -> Probe:
        """Stage a block that is never committed: nobody sees it, and it expires."""
        with self._explained(_PROBE):
            self._blob(_PROBE).stage_block(_block_id("probe", 0), b"profexd")
        return Probe(ok=True, message=f"{blob_uri(self.options, '')} takes blocks", policy=_POLICY)

    def stage(self, file: SpooledFile, target: str) -> Staged:
        if fault := self.target_fault(self.options, target):
            raise SinkRefused(
                f"cannot deliver {target}: the path {fault}",
                hint="correct the path of the pipeline",
            )
        size = _block_size(file.size)
        run = f"{self.context.run_id}/{target}/{file.sha256}"
        staged = Staged(
            target=target,
            size=file.size,
            sha256=file.sha256,
            handle={
                "blocks": -(-file.size // size),
                "block_size": size,
                "prefix": hashlib.sha256(run.encode()).hexdigest()[:24],
                "media_type": file.media_type,
                "run": self.context.run_id,
                "spooled": str(file.path),
            },
        )
        self.context.journal(staged)
        self._renewing(lambda: self._upload(staged))
        return staged

    def publish(self, staged: Staged) -> Receipt:
        try:
            self._renewing(lambda: self._commit(staged))
        except BlocksGone:
            # They expire, and a rival for the same name ends them: the spool still has the bytes.
            self._upload(staged)
            self._commit(staged)
        except TargetExists:
            if not self._is_ours(staged):
                raise
        return Receipt(target=staged.target, size=staged.size, level="verified")

    def discard(self, staged: Staged) -> None:
        """Leave the blocks to Azure: nobody can see them, and it removes them within a week."""

    def close(self) -> None:
        if "_container" in self.__dict__:
            self._container.close()
            del self._container

    def _renewing(self, step: Callable[[], None]) -> None:
        """Do it, and again if Azure refuses us and the secret was replaced where it is kept."""
        try:
            step()
        except SinkDenied:
            if self._secret is None or self.context.reveal(self._secret) == self._used:
                raise
            self.close()
            step()

    @property
    def _secret(self) -> Secret | None:
        options = self.options
        return options.connection_string or options.account_key or options.sas_token

    def _revealed(self, secret: Secret) -> str:
        self._used = self.context.reveal(secret)
        return self._used

    def _upload(self, staged: Staged) -> None:
        """Send the blocks, ``concurrency`` at a time; progress holds back the next ones."""
        blob = self._blob(staged.target)
        blocks = _blocks(staged)
        size = int(str(staged.handle["block_size"]))

        def send(block: int) -> int:
            data = _content(staged, block * size, size)
            with self._explained(staged.target):
                blob.stage_block(_id(staged, block), data, len(data), validate_content=True)
            return len(data)

        under_way: set[Future[int]] = set()
        with ThreadPoolExecutor(self.options.concurrency, "azure") as threads:
            try:
                for block in range(blocks):
                    if len(under_way) == self.options.concurrency:
                        under_way = self._settled(under_way, FIRST_COMPLETED)
                    under_way.add(threads.submit(send, block))
                while under_way:
                    under_way = self._settled(under_way, FIRST_COMPLETED)
            finally:
                for future in under_way:
                    future.cancel()

    def _settled(self, under_way: set[Future[int]], until: str) -> set[Future[int]]:
        done, left = wait(under_way, return_when=until)
        for future in done:
            self.context.progress(future.result())
        return left

    def _commit(self, staged: Staged) -> None:
        from azure.core import MatchConditions
        from azure.storage.blob import BlobBlock, ContentSettings

        condition: dict[str, Any] = {}
        if self.context.create_only:
            condition = {"match_condition": MatchConditions.IfMissing}
        with self._explained(staged.target):
            self._blob(staged.target).commit_block_list(
                [BlobBlock(block_id=_id(staged, block)) for block in range(_blocks(staged))],
                content_settings=ContentSettings(content_type=str(staged.handle["media_type"])),
                metadata=_metadata(staged),
                **condition,
            )

    def _is_ours(self, staged: Staged) -> bool:
        """Whether an earlier attempt of this run came through, and only its answer did not."""
        from azure.core.exceptions import AzureError

        try:
            found = self._blob(staged.target).get_blob_properties()
        except AzureError:
            return False
        return {**(found.metadata or {})} == _metadata(staged)

    def _blob(self, target: str) -> BlobClient:
        return self._container.get_blob_client(blob_name(self.options, target))

    @cached_property
    def _container(self) -> ContainerClient:
        from azure.storage.blob import ContainerClient

        # profexd tries again by itself, and tells people that it does.
        common: dict[str, Any] = {
            "retry_total": 0,
            "connection_timeout": self.options.connect_timeout,
            "read_timeout": self.options.timeout,
        }
        if self.options.connection_string is not None:
            text = self._revealed(self.options.connection_string)
            self._mask_parts(text)
            try:
                return ContainerClient.from_connection_string(
                    text, self.options.container, **common
                )
            except ValueError as why:
                raise ConfigurationInvalid(
                    "connection_string is not one",
                    hint='copy it whole from the account: "AccountName=…;AccountKey=…"',
                ) from why
        return ContainerClient(
            f"https://{self.options.account}.blob.core.windows.net",
            self.options.container,
            credential=self._credential(),
            **common,
        )

    def _credential(self) -> Any:
        from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential

        if self.options.account_key is not None:
            key = self._revealed(self.options.account_key)
            return AzureNamedKeyCredential(self.options.account, key)
        if self.options.sas_token is not None:
            token = self._revealed(self.options.sas_token).lstrip("?")
            self._mask_parts(token)
            return AzureSasCredential(token)
        from azure.identity import DefaultAzureCredential

        return DefaultAzureCredential()

    def _mask_parts(self, secret: str) -> None:
        """Keep key and signature out of every word also where they stand alone."""
        for part in secret.split(";"):
            name, _, value = part.partition("=")
            if name in ("AccountKey", "SharedAccessSignature"):
                self.context.reveal(Secret("literal", value))
        for signature in parse_qs(secret.rpartition("SharedAccessSignature=")[2]).get("sig", ()):
            self.context.reveal(Secret("literal", signature))

    @contextmanager
    def _explained(self, target: str) -> Iterator[None]:
        with explained(blob_uri(self.options, target), self._denied()):
            yield

    def _denied(self) -> str:
        """Return what to do when Azure refuses us."""
        if self.options.sas_token is not None:
            until = parse_qs(self.context.reveal(self.options.sas_token).lstrip("?")).get("se")
            ends = f"; it ends at {until[0]}" if until and _is_time(until[0]) else ""
            return f"sas_token must be valid and allow sp=cw on the container{ends}"
        if self.options.account_key is not None or self.options.connection_string is not None:
            return "check the key; it may have been renewed. Is the clock of this machine right?"
        return (
            "set sas_token, account_key or connection_string, or give the identity of this machine"
            " a role that may write blobs"
        )


@hookimpl
def profexd_register_sinks(register: object) -> None:
    """Register the Azure sink."""
    assert callable(register)
    register(AzureSink)


def _block_size(size: int) -> int:
    """Return how large a block is, so that there are not too many of them."""
    return max(_BLOCK, -(-size // _MOST_BLOCKS))


def _blocks(staged: Staged) -> int:
    return int(str(staged.handle["blocks"]))


def _id(staged: Staged, block: int) -> str:
    return _block_id(str(staged.handle["prefix"]), block)


def _block_id(prefix: str, block: int) -> str:
    # All blocks of a blob must have names of one length, whoever made them.
    return b64encode(f"{prefix:>24}-{block:07}".encode()).decode()


def _metadata(staged: Staged) -> dict[str, str]:
    return {"profexd_run": str(staged.handle["run"]), "sha256": staged.sha256}


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _content(staged: Staged, start: int, size: int) -> bytes:
    path = Path(str(staged.handle["spooled"]))
    wanted = min(size, staged.size - start)
    try:
        with path.open("rb") as spooled:
            spooled.seek(start)
            data = spooled.read(wanted)
    except OSError as why:
        raise SpoolCorrupt(
            f"{path} cannot be read: {why.strerror}",
            hint="something removed it from the spool; run the pipeline again",
        ) from why
    if len(data) != wanted:
        raise SpoolCorrupt(
            f"{path} is shorter than it was built",
            hint="something changed it in the spool; run the pipeline again",
        )
    return data

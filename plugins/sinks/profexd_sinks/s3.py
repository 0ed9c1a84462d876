"""The s3 sink: staged as a multipart upload that is published by completing it.

A small file that is all its run delivers is a single PUT instead, at publish, from the spool:
nothing waits for it, so nothing is gained by staging it. Whatever the sink does needs
``s3:PutObject`` and ``s3:AbortMultipartUpload`` alone; looking at the result is welcome where it
is allowed, and never needed.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from profexd.api import (
    CREATE_ONLY,
    STAGES,
    Probe,
    Receipt,
    Sink,
    SpooledFile,
    Staged,
    hookimpl,
)
from profexd_sinks.s3_options import LONGEST_KEY, S3Options

if TYPE_CHECKING:
    from profexd_sinks.s3_delivery import Delivery


class S3Sink(Sink):
    """Delivers to a bucket of AWS S3, or of anything that speaks its protocol."""

    name = "s3"
    capabilities = frozenset({STAGES, CREATE_ONLY})
    Options: ClassVar[type[S3Options]] = S3Options
    options: S3Options

    @classmethod
    def uri(cls, options: S3Options, target: str) -> str:
        return f"s3://{options.bucket}/" + quote(options.key(target), safe="/$={}:@+,;!*'()")

    @classmethod
    def target_fault(cls, options: S3Options, target: str) -> str:
        if len(options.key(target).encode()) > LONGEST_KEY:
            return f"must be at most {LONGEST_KEY} bytes long, with the root"
        return ""

    @classmethod
    def place(cls, options: S3Options, target: str) -> str:
        return f"{options.endpoint_url} {cls.uri(options, target)}"

    def probe(self) -> Probe:
        return self._delivery.probe()

    def stage(self, file: SpooledFile, target: str) -> Staged:
        return self._delivery.stage(file, target)

    def publish(self, staged: Staged) -> Receipt:
        return self._delivery.publish(staged)

    def discard(self, staged: Staged) -> None:
        self._delivery.discard(staged)

    def close(self) -> None:
        if "_delivery" in self.__dict__:
            self._delivery.close()

    @cached_property
    def _delivery(self) -> Delivery:
        # botocore takes 150 ms to load: not in processes that only read the configuration.
        from profexd_sinks.s3_delivery import Delivery

        return Delivery(self.options, self.context)


@hookimpl
def profexd_register_sinks(register: object) -> None:
    """Register the s3 sink."""
    assert callable(register)
    register(S3Sink)

"""The place of an s3 sink: objects, and the uploads that nobody completed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from profexd.api.options import Secret
from profexd.torture.targets import Session, is_hidden

_GONE = ("NoSuchKey", "404")


class Bucket:
    """A prefix of a bucket."""

    def __init__(self, options: Any, reveal: Callable[[Secret], str]) -> None:
        self._options = options
        self._reveal = reveal

    @contextmanager
    def session(self) -> Iterator[Session]:
        client = self._connect()
        try:
            yield _Session(client, self._options.bucket, f"{self._options.root}/")
        finally:
            client.close()

    def destroy(self) -> None:
        with self.session() as session:
            for path in session.visible():
                session.remove(path)

    def _connect(self) -> Any:
        options = self._options
        session = botocore.session.Session()
        given = bool(options.access_key_id)
        return session.create_client(
            "s3",
            region_name=options.region or session.get_config_variable("region") or "us-east-1",
            endpoint_url=options.endpoint_url or None,
            aws_access_key_id=options.access_key_id if given else None,
            aws_secret_access_key=self._reveal(options.secret_access_key) if given else None,
            aws_session_token=(
                self._reveal(options.session_token) if options.session_token else None
            ),
            config=Config(
                s3={"addressing_style": "path" if options.in_path else "virtual"},
                retries={"mode": "standard", "total_max_attempts": 5},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


class _Session:
    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = prefix

    def visible(self) -> dict[str, object]:
        return {
            path: (entry["ETag"], entry["Size"], entry["LastModified"])
            for path, entry in self._listed()
            if not is_hidden(path)
        }

    def read(self, path: str) -> bytes | None:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + path)
            content: bytes = answer["Body"].read()
        except ClientError as why:
            if why.response["Error"]["Code"] in _GONE:
                return None
            raise
        return content

    def leftovers(self) -> list[str]:
        answer = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=self._prefix)
        uploads = [f"an upload of {one['Key']}" for one in answer.get("Uploads", ())]
        return uploads + [path for path, _ in self._listed() if is_hidden(path)]

    def remove(self, path: str) -> None:
        self._client.delete_object(Bucket=self._bucket, Key=self._prefix + path)

    def _listed(self) -> Iterator[tuple[str, dict[str, Any]]]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix):
            for entry in page.get("Contents", ()):
                yield entry["Key"].removeprefix(self._prefix), entry

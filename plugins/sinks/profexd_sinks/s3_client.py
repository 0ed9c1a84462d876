"""A connection to one bucket: credentials that are read again when they expire, one try a call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from profexd.api import Secret
from profexd_sinks.s3_errors import EXPIRED, code_of
from profexd_sinks.s3_options import S3Options
from profexd_sinks.s3_upload import Piece

_SENDING = ("PutObject", "UploadPart")


class Connection:
    """Calls the operations of S3 on one bucket; from any thread."""

    def __init__(self, options: S3Options, reveal: Callable[[Secret], str]) -> None:
        self._options = options
        self._reveal = reveal
        self._lock = threading.Lock()
        self._client, self._credentials = self._connect()

    def call(self, operation: str, key: str, **parameters: Any) -> dict[str, Any]:
        """Call ``operation`` on ``key``, or on the bucket where that is empty.

        Raises ClientError and BotoCoreError as they are.
        Expired credentials are read again: where they are others now, the call is repeated once.
        """
        client = self._client
        try:
            return self._send(client, operation, key, parameters)
        except ClientError as why:
            if code_of(why) not in EXPIRED or not self._renewed(client):
                raise
        return self._send(self._client, operation, key, parameters)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _send(
        self, client: Any, operation: str, key: str, parameters: dict[str, Any]
    ) -> dict[str, Any]:
        body = parameters.get("Body")
        if isinstance(body, Piece):
            body.seek(0)
        named = {"Key": key} if key else {}
        answer: dict[str, Any] = getattr(client, operation)(
            Bucket=self._options.bucket, **named, **parameters
        )
        return answer

    def _renewed(self, used: Any) -> bool:
        with self._lock:
            if self._client is not used:
                return True
            client, credentials = self._connect()
            if credentials == self._credentials:
                client.close()
                return False
            self._client, self._credentials = client, credentials
            return True

    def _connect(self) -> tuple[Any, tuple[str | None, ...]]:
        """Return a client and what it is known by, read anew."""
        options = self._options
        session = botocore.session.Session()
        given = self._given()
        region = options.region or session.get_config_variable("region") or "us-east-1"
        client = session.create_client(
            "s3",
            region_name=region,
            endpoint_url=options.endpoint_url or None,
            aws_access_key_id=given[0],
            aws_secret_access_key=given[1],
            aws_session_token=given[2],
            config=Config(
                connect_timeout=min(options.connect_timeout, options.timeout),
                read_timeout=options.timeout,
                max_pool_connections=options.concurrency + 1,
                # profexd itself tries again, with the same bytes and where a stop reaches it.
                retries={"mode": "standard", "total_max_attempts": 1},
                s3={"addressing_style": "path" if options.in_path else "virtual"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                user_agent_extra="profexd",
            ),
        )
        # The body is read twice: for the signature, which is no progress, and for the wire.
        client.meta.events.register_first("request-created.s3", _signing)
        client.meta.events.register_last("request-created.s3", _sending)
        return client, given if given[0] else _found(session)

    def _given(self) -> tuple[str | None, str | None, str | None]:
        """Return the credentials of the options; Nones leave it to the AWS default chain."""
        options = self._options
        if not options.secret_access_key:
            return None, None, None
        token = self._reveal(options.session_token) if options.session_token else None
        return options.access_key_id, self._reveal(options.secret_access_key), token


def _signing(request: Any, operation_name: str, **_: Any) -> None:
    if operation_name in _SENDING and isinstance(request.body, Piece):
        request.body.counted = False


def _sending(request: Any, operation_name: str, **_: Any) -> None:
    if operation_name in _SENDING and isinstance(request.body, Piece):
        request.body.counted = True


def _found(session: Any) -> tuple[str | None, ...]:
    """Return what the default chain found; the session refreshes it before it expires."""
    credentials = session.get_credentials()
    if credentials is None:
        return (None,)
    frozen = credentials.get_frozen_credentials()
    return frozen.access_key, frozen.secret_key, frozen.token

"""What a bucket lets us do, found out without a trace that a reader would take."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from profexd.api import ConditionalWriteUnsupported, Probe, ProfexdError
from profexd_sinks.s3_errors import code_of, explain, explained

if TYPE_CHECKING:
    from profexd_sinks.s3_client import Connection
    from profexd_sinks.s3_options import S3Options

CREATE_ONLY_NAME = ".profexd-create-only"
_TRIES = 3
_REFUSED = ("PreconditionFailed", "412", "ConditionalRequestConflict")


def probe(
    connection: Connection, options: S3Options, key: str, parameters: dict[str, Any]
) -> Probe:
    """Upload a part of an object that is never completed, and abort it."""
    rights = policy(options)
    subject = f"s3://{options.bucket}/{key}"
    try:
        upload_id = _begin(connection, key, parameters)
        connection.call("upload_part", key, UploadId=upload_id, PartNumber=1, Body=b"profexd")
    except (BotoCoreError, ClientError) as why:
        error = explain(why, subject)
        return Probe(ok=False, message=error.message, hint=error.hint, policy=rights)
    try:
        connection.call("abort_multipart_upload", key, UploadId=upload_id)
    except (BotoCoreError, ClientError) as why:
        error = explain(why, subject)
        return Probe(
            ok=True,
            message=f"{options.bucket} can be written, but not tidied up: {error.message}",
            hint="grant s3:AbortMultipartUpload, or a run that fails leaves parts that are paid for"
            f"; this probe left the upload {upload_id}",
            policy=rights,
        )
    return Probe(ok=True, message=f"{options.bucket} can be written", policy=rights)


def require_conditions(connection: Connection, options: S3Options, folder: str) -> None:
    """Raise ConditionalWriteUnsupported when the storage ignores If-None-Match.

    Creates one empty object twice in the way files are created. It is deleted where that is
    allowed; else one hidden object stays, and answers the first question of the next run.
    """
    key = f"{folder}{CREATE_ONLY_NAME}"
    with explained(f"s3://{options.bucket}/{key}"):
        # Another run may delete the object between two tries of ours.
        refused = any(not _created(connection, key) for _ in range(_TRIES))
        _delete(connection, key)
    if not refused:
        raise ConditionalWriteUnsupported(
            f"the storage of s3://{options.bucket} replaces objects that should only be created:"
            " it ignores If-None-Match",
            hint='set on_existing = "overwrite", or deliver to a storage that knows conditions',
        )


def policy(options: S3Options) -> str:
    """Return the smallest IAM policy that lets the sink deliver."""
    actions = ["s3:PutObject", "s3:AbortMultipartUpload"]
    if options.acl:
        actions.append("s3:PutObjectAcl")
    if options.tags:
        actions.append("s3:PutObjectTagging")
    prefix = f"{options.root}/" if options.root else ""
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": actions,
            "Resource": f"arn:aws:s3:::{options.bucket}/{prefix}*",
        }
    ]
    if options.sse.startswith("aws:kms"):
        statements.append(
            {
                "Effect": "Allow",
                "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
                "Resource": options.kms_key if options.kms_key.startswith("arn:") else "*",
            }
        )
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def _begin(connection: Connection, key: str, parameters: dict[str, Any]) -> str:
    answer = connection.call("create_multipart_upload", key, **parameters)
    return str(answer["UploadId"])


def _created(connection: Connection, key: str) -> bool:
    upload_id = _begin(connection, key, {})
    try:
        part = connection.call("upload_part", key, UploadId=upload_id, PartNumber=1, Body=b"")
        connection.call(
            "complete_multipart_upload",
            key,
            UploadId=upload_id,
            IfNoneMatch="*",
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
        )
    except ClientError as why:
        _abort(connection, key, upload_id)
        if code_of(why) in _REFUSED:
            return False
        raise
    return True


def _abort(connection: Connection, key: str, upload_id: str) -> None:
    _gladly(connection, "abort_multipart_upload", key, UploadId=upload_id)


def _delete(connection: Connection, key: str) -> None:
    _gladly(connection, "delete_object", key)


def _gladly(connection: Connection, operation: str, key: str, **parameters: Any) -> None:
    """Tidy up where the storage allows it; delivering does not depend on it."""
    try:
        connection.call(operation, key, **parameters)
    except (BotoCoreError, ClientError, ProfexdError):
        return

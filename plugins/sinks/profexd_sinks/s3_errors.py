"""What an S3 storage answers when it refuses, as errors with stable codes and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore import exceptions as boto

from profexd.api import (
    ProfexdError,
    Retryable,
    SinkDenied,
    SinkRefused,
    SinkTimeout,
    SinkUnreachable,
)

EXPIRED = frozenset({"ExpiredToken", "TokenRefreshRequired", "ExpiredTokenException"})
"""Codes of credentials that were good once."""


@dataclass(frozen=True, slots=True)
class _Meaning:
    kind: type[ProfexdError]
    hint: str


_KEYS = "correct access_key_id and secret_access_key of the sink"
_REGION = "set region of the sink to the bucket's own region"
_WAIT = "the storage is busy; profexd tries again"
_MEANINGS = {
    "AccessDenied": _Meaning(
        SinkDenied,
        "grant s3:PutObject and s3:AbortMultipartUpload on the sink's prefix"
        " (profexctl check --online prints the policy)",
    ),
    "AllAccessDisabled": _Meaning(SinkDenied, "the account or the bucket is suspended"),
    "AccountProblem": _Meaning(SinkDenied, "the owner of the account has to settle it with AWS"),
    "InvalidAccessKeyId": _Meaning(SinkDenied, _KEYS),
    "SignatureDoesNotMatch": _Meaning(
        SinkDenied,
        f"{_KEYS}; where they are right, something between here and the storage changes requests",
    ),
    "InvalidToken": _Meaning(SinkDenied, "correct session_token of the sink"),
    **dict.fromkeys(
        EXPIRED,
        _Meaning(SinkDenied, "the credentials have expired: put fresh ones in place of them"),
    ),
    "RequestTimeTooSkewed": _Meaning(
        SinkDenied, "this machine's clock is wrong: set it by NTP (timedatectl, chronyc)"
    ),
    "RequestExpired": _Meaning(
        SinkDenied, "this machine's clock is wrong: set it by NTP (timedatectl, chronyc)"
    ),
    "NoSuchBucket": _Meaning(
        SinkRefused, "create the bucket, or correct bucket or endpoint_url of the sink"
    ),
    "PermanentRedirect": _Meaning(SinkRefused, _REGION),
    "301": _Meaning(SinkRefused, _REGION),
    "AuthorizationHeaderMalformed": _Meaning(SinkRefused, _REGION),
    "IllegalLocationConstraintException": _Meaning(SinkRefused, _REGION),
    "InvalidStorageClass": _Meaning(SinkRefused, "correct storage_class of the sink"),
    "EntityTooLarge": _Meaning(SinkRefused, "set [split] max_size in the pipeline"),
    "KeyTooLongError": _Meaning(SinkRefused, "shorten the pipeline's path or the sink's root"),
    "QuotaExceeded": _Meaning(SinkRefused, "the storage is full: raise its quota or free space"),
    "NotImplemented": _Meaning(
        SinkRefused, "the storage lacks something the sink asks for: storage_class, sse, acl, tags?"
    ),
    "AccessControlListNotSupported": _Meaning(
        SinkRefused, "the bucket has ACLs switched off: take acl out of the sink"
    ),
    "InvalidTag": _Meaning(SinkRefused, "correct tags of the sink"),
    "InvalidRequest": _Meaning(
        SinkRefused, 'if the storage knows no checksums, set checksum = "none" in the sink'
    ),
    "BadDigest": _Meaning(Retryable, "the bytes were changed on their way; profexd tries again"),
    "XAmzContentChecksumMismatch": _Meaning(
        Retryable, "the bytes were changed on their way; profexd tries again"
    ),
    "RequestTimeout": _Meaning(SinkTimeout, "the storage waited for bytes in vain"),
    "ConditionalRequestConflict": _Meaning(SinkUnreachable, _WAIT),
    "OperationAborted": _Meaning(SinkUnreachable, _WAIT),
    **dict.fromkeys(
        ("SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "Busy",
         "ServiceUnavailable", "InternalError", "TooManyRequests"),
        _Meaning(SinkUnreachable, _WAIT),
    ),
}  # fmt: skip
_FULL = 507
_NO_CREDENTIALS = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.ProfileNotFound,
    boto.ConfigNotFound,
    boto.TokenRetrievalError,
    boto.UnauthorizedSSOTokenError,
)
_UNREACHABLE = (
    boto.ConnectionError,
    boto.HTTPClientError,
    boto.ResponseStreamingError,
    boto.IncompleteReadError,
)


def code_of(why: boto.ClientError) -> str:
    """Return the storage's own word for what happened; some send a status and no word."""
    return str(why.response.get("Error", {}).get("Code") or _status(why))


def explain(why: Exception, subject: str) -> ProfexdError:
    """Return the error for what botocore raised while working on ``subject``."""
    ours = _within(why, ProfexdError)
    if isinstance(ours, ProfexdError):
        return ours
    match why:
        case boto.ClientError():
            return _refused(why, subject)
        case boto.SSLError():
            return SinkRefused(
                f"no trust in the certificate for {subject}: {why}",
                hint="point AWS_CA_BUNDLE, in the environment of profexd, to the CA's file",
            )
        case boto.ConnectTimeoutError() | boto.ReadTimeoutError():
            return SinkTimeout(f"{subject}: {why}", hint="is the storage up, and the way to it?")
        case _ if isinstance(why, _NO_CREDENTIALS):
            return SinkDenied(
                f"no credentials for {subject}: {why}",
                hint="set access_key_id and secret_access_key, or what the AWS default chain reads",
            )
        case _ if isinstance(why, _UNREACHABLE):
            if _within(why, TimeoutError):
                return SinkTimeout(f"{subject}: nothing moved for too long: {why}")
            return SinkUnreachable(f"{subject}: {why}", hint="is endpoint_url right, and is it up?")
    return SinkRefused(f"{subject}: {why}", hint="correct the options of the sink")


@contextmanager
def explained(subject: str) -> Iterator[None]:
    """Turn what botocore raises within the block into an error that says what to do."""
    try:
        yield
    except (boto.BotoCoreError, boto.ClientError) as why:
        raise explain(why, subject) from why


def _refused(why: boto.ClientError, subject: str) -> ProfexdError:
    code = code_of(why)
    status = _status(why)
    said = why.response.get("Error", {}).get("Message")
    # Ceph sends a code and no message.
    words = f"{subject}: {code}" + (f": {said}" if said and said != "None" else "")
    meaning = _MEANINGS.get(code)
    if code == "AuthorizationHeaderMalformed" or code in ("301", "PermanentRedirect"):
        region = _bucket_region(why.response)
        if region:
            meaning = _Meaning(SinkRefused, f'set region = "{region}" in the sink')
    if meaning is None:
        meaning = _by_status(code, status)
    return meaning.kind(words, hint=meaning.hint)


def _by_status(code: str, status: int) -> _Meaning:
    if code.startswith("KMS."):
        return _Meaning(
            SinkDenied, "let the credentials use the key: kms:GenerateDataKey and kms:Decrypt"
        )
    if status in (401, 403):
        return _MEANINGS["AccessDenied"]
    if status == _FULL:
        return _MEANINGS["QuotaExceeded"]
    if status == 429 or status >= 500:
        return _Meaning(SinkUnreachable, _WAIT)
    if status in (411, 501):
        return _MEANINGS["NotImplemented"]
    return _Meaning(SinkRefused, "correct the options of the sink or the path of the pipeline")


def _status(why: boto.ClientError) -> int:
    return int(why.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _bucket_region(response: dict[str, Any]) -> str:
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("x-amz-bucket-region") or response.get("Error", {}).get("Region") or "")


def _within(why: BaseException, kind: type[BaseException]) -> BaseException | None:
    """Return what botocore and urllib3 wrapped, where it is of ``kind``."""
    seen: BaseException | None = why
    while seen is not None and not isinstance(seen, kind):
        seen = seen.__cause__ or seen.__context__
    return seen

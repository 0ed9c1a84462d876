"""The options of the s3 sink and the rules that AWS has for them, checked before any network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal
from urllib.parse import urlencode, urlsplit

from profexd.api import Check, Doc, Secret, SinkOptions

LONGEST_KEY = 1024
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGIONS = {
    "af-south": 1,
    "ap-east": 2,
    "ap-northeast": 3,
    "ap-south": 2,
    "ap-southeast": 7,
    "ca-central": 1,
    "ca-west": 1,
    "cn-north": 1,
    "cn-northwest": 1,
    "eu-central": 2,
    "eu-isoe-west": 1,
    "eu-north": 1,
    "eu-south": 2,
    "eu-west": 3,
    "eusc-de-east": 1,
    "il-central": 1,
    "me-central": 1,
    "me-south": 1,
    "mx-central": 1,
    "sa-east": 1,
    "us-east": 2,
    "us-gov-east": 1,
    "us-gov-west": 1,
    "us-iso-east": 1,
    "us-iso-west": 1,
    "us-isob-east": 1,
    "us-isob-west": 1,
    "us-isof-east": 1,
    "us-isof-south": 1,
    "us-west": 2,
}
"""How many regions of AWS there are by area, numbered from 1."""


def _bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name):
        raise ValueError(
            "must be 3 to 63 lower-case letters, digits, dots and hyphens,"
            " with a letter or digit at both ends"
        )
    if ".." in name:
        raise ValueError('must not contain ".."')
    if name.startswith("xn--") or name.endswith("-s3alias"):
        raise ValueError('must not start with "xn--" or end with "-s3alias": AWS keeps those')
    return name


def _root(root: str) -> str:
    plain = root.strip("/")
    if len(plain.encode()) > LONGEST_KEY:
        raise ValueError(f"must be at most {LONGEST_KEY} bytes long")
    if plain and any(segment in ("", ".", "..") for segment in plain.split("/")):
        raise ValueError('must not contain an empty segment, "." or ".."')
    return plain


def _endpoint(url: str) -> str:
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise ValueError('must be a URL, as in "https://s3.example.com"')
    if urlsplit(url).username is not None or urlsplit(url).query:
        raise ValueError("must hold neither credentials nor a query")
    return url


@dataclass(frozen=True, kw_only=True)
class S3Options(SinkOptions):
    root: Annotated[str, Doc("A prefix inside the bucket."), Check(_root)] = ""
    bucket: Annotated[str, Doc("The bucket; it must exist."), Check(_bucket)] = field()
    region: Annotated[str, Doc("The bucket's region; empty: as the AWS default chain says.")] = ""
    access_key_id: Annotated[str, Doc("With none given: the AWS default chain.")] = ""
    secret_access_key: Annotated[Secret | None, Doc("Belongs to access_key_id.")] = None
    session_token: Annotated[Secret | None, Doc("Of temporary credentials.")] = None
    endpoint_url: Annotated[
        str, Doc("Of an S3-compatible storage; empty: AWS."), Check(_endpoint)
    ] = ""
    path_style: Annotated[
        bool | None,
        Doc("Put the bucket into the path, not the host; unset: wherever endpoint_url is not AWS."),
    ] = None
    storage_class: Annotated[str, Doc('As in "STANDARD_IA"; empty: the bucket\'s default.')] = ""
    sse: Annotated[
        Literal["", "AES256", "aws:kms", "aws:kms:dsse"], Doc("Encryption by the storage.")
    ] = ""
    kms_key: Annotated[str, Doc("Id or ARN of the key, with sse = aws:kms.")] = ""
    acl: Annotated[
        Literal[
            "",
            "private",
            "public-read",
            "public-read-write",
            "authenticated-read",
            "aws-exec-read",
            "bucket-owner-read",
            "bucket-owner-full-control",
        ],
        Doc("A canned ACL."),
    ] = ""
    tags: Annotated[Mapping[str, str], Doc("Tags of every object, at most 10.")] = field(
        default_factory=dict
    )
    checksum: Annotated[
        Literal["auto", "sha256", "none"],
        Doc("auto: an explicit SHA-256 on AWS, elsewhere only what an operation requires."),
    ] = "auto"

    @property
    def on_aws(self) -> bool:
        """Whether the storage is AWS's own."""
        host = urlsplit(self.endpoint_url).hostname or ""
        return not self.endpoint_url or host.endswith((".amazonaws.com", ".amazonaws.com.cn"))

    @property
    def with_sha256(self) -> bool:
        """Whether every part goes with an explicit SHA-256."""
        return self.checksum == "sha256" or (self.checksum == "auto" and self.on_aws)

    @property
    def in_path(self) -> bool:
        """Whether the bucket's name stands in the path."""
        return not self.on_aws if self.path_style is None else self.path_style

    @property
    def tagging(self) -> str:
        """The tags as a header takes them."""
        return urlencode(self.tags)

    def key(self, target: str) -> str:
        """Return the key of ``target`` in the bucket."""
        return f"{self.root}/{target}" if self.root else target

    def problems(self) -> Iterable[tuple[str, str]]:
        yield from super().problems()
        if bool(self.access_key_id) != bool(self.secret_access_key):
            missing = "secret_access_key" if self.access_key_id else "access_key_id"
            yield missing, "access_key_id and secret_access_key belong together"
        elif self.session_token and not self.access_key_id:
            yield "session_token", "needs access_key_id and secret_access_key"
        if self.kms_key and not self.sse.startswith("aws:kms"):
            yield "kms_key", 'needs sse = "aws:kms" or "aws:kms:dsse"'
        yield from _tag_problems(self.tags)
        if self.on_aws:
            yield from self._aws_problems()

    def _aws_problems(self) -> Iterable[tuple[str, str]]:
        """What AWS alone demands; other storages have keys and regions of their own kind."""
        if self.access_key_id and len(self.access_key_id.encode()) != 20:
            yield "access_key_id", "an AWS access key id is 20 characters long"
        secret = self.secret_access_key
        if secret and secret.kind == "literal" and not 40 <= len(secret.value.encode()) <= 200:
            yield "secret_access_key", "an AWS secret access key is 40 to 200 characters long"
        # An endpoint that names its region is how to reach one that is newer than this list.
        host = urlsplit(self.endpoint_url).hostname or ""
        if self.region and not _known(self.region) and f".{self.region}." not in host:
            yield (
                "region",
                f'"{self.region}" is no region of AWS that profexd knows; for a newer one set'
                f' endpoint_url = "https://s3.{self.region}.amazonaws.com"',
            )


def _known(region: str) -> bool:
    area, _, number = region.rpartition("-")
    return number in map(str, range(1, _REGIONS.get(area, 0) + 1))


def _tag_problems(tags: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if len(tags) > 10:
        yield "tags", "an object has at most 10 tags"
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            yield "tags", "a tag's key has 1 to 128 characters, its value at most 256"

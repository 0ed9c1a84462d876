"""The options of the GCS sink and the rules that Google has for names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from profexd.api import Check, Doc, Secret, SinkOptions

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_LONGEST_NAME = 1024


def _bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name) or any(len(part) > 63 for part in name.split(".")):
        raise ValueError(
            "must be 3 to 63 lower-case letters, digits, hyphens, underscores and dots,"
            " with a letter or digit at both ends"
        )
    if ".." in name:
        raise ValueError('must not contain ".."')
    return name


@dataclass(frozen=True, kw_only=True)
class GcsOptions(SinkOptions):
    bucket: Annotated[str, Doc("The bucket that files go to."), Check(_bucket)]
    service_account: Annotated[
        Secret | None,
        Doc("The key of a service account (JSON), a secret; absent: the default credentials."),
    ] = None

    def problems(self) -> Iterable[tuple[str, str]]:
        yield from super().problems()
        if fault := name_fault(self.root.strip("/") or "x"):
            yield "root", fault


def object_name(options: GcsOptions, target: str) -> str:
    """Return the name of the object below the bucket."""
    root = options.root.strip("/")
    return f"{root}/{target}" if root else target


def name_fault(name: str) -> str:
    """Return why GCS takes no object of this name, or nothing."""
    if len(name.encode()) > _LONGEST_NAME:
        return f"must be at most {_LONGEST_NAME} bytes long, with the root"
    if "\r" in name or "\n" in name:
        return "must not hold a line end"
    if name.startswith(".well-known/acme-challenge/"):
        return 'must not start with ".well-known/acme-challenge/": Google keeps that'
    return ""

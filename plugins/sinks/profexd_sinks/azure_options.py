"""The options of the Azure sink and the rules that Azure has for names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from profexd.api import Check, Doc, Secret, SinkOptions

_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*|\$root|\$web")
_LONGEST_NAME = 1024
_MOST_SEGMENTS = 254
_WAYS = ("sas_token", "account_key", "connection_string")


def _account(name: str) -> str:
    if not _ACCOUNT.fullmatch(name):
        raise ValueError("must be 3 to 24 lower-case letters and digits")
    return name


def _container(name: str) -> str:
    if not _CONTAINER.fullmatch(name):
        raise ValueError(
            "must be 3 to 63 lower-case letters, digits and single hyphens between them"
        )
    return name


@dataclass(frozen=True, kw_only=True)
class AzureOptions(SinkOptions):
    account: Annotated[
        str, Doc("The storage account; not needed with connection_string."), Check(_account)
    ] = ""
    container: Annotated[str, Doc("The container that files go to."), Check(_container)]
    sas_token: Annotated[Secret | None, Doc("A shared access signature, a secret.")] = None
    account_key: Annotated[Secret | None, Doc("A key of the account, a secret.")] = None
    connection_string: Annotated[
        Secret | None, Doc("Account, key or signature and endpoint in one, a secret.")
    ] = None

    def problems(self) -> Iterable[tuple[str, str]]:
        yield from super().problems()
        given = [way for way in _WAYS if getattr(self, way) is not None]
        for way in given[1:]:
            yield way, f"cannot stand beside {given[0]}; write one of the two"
        if not self.account and self.connection_string is None:
            yield "account", "is required without connection_string"
        if fault := name_fault(self.root.strip("/") or "x"):
            yield "root", fault


def blob_name(options: AzureOptions, target: str) -> str:
    """Return the name of the blob below the container."""
    root = options.root.strip("/")
    return f"{root}/{target}" if root else target


def blob_uri(options: AzureOptions, target: str) -> str:
    """Return the address of a blob; without its host where only a secret knows it."""
    name = quote(blob_name(options, target), safe="/-._~!$&'()*+,;=:@")
    if not options.account:
        return f"azure://{options.container}/{name}"
    return f"https://{options.account}.blob.core.windows.net/{options.container}/{name}"


def name_fault(name: str) -> str:
    """Return why Azure takes no blob of this name, or nothing."""
    if len(name) > _LONGEST_NAME:
        return f"must be at most {_LONGEST_NAME} characters long, with the root"
    if name.count("/") >= _MOST_SEGMENTS:
        return f"must have at most {_MOST_SEGMENTS} segments, with the root"
    if name.endswith("."):
        return "must not end with a dot"
    return ""

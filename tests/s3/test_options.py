"""What the files may say of a bucket, checked before any network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from profexd.config.catalog import load_catalog
from profexd_sinks.s3_options import S3Options
from tests.config.tree import PIPELINE, Tree, told

AWS: dict[str, Any] = {
    "type": "s3",
    "bucket": "acme-exports",
    "region": "eu-central-1",
    "access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}


Read = Callable[..., S3Options]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads the options as a sink's file has them; ValueError tells the problems."""
    catalog = load_catalog()

    def read(**keys: Any) -> S3Options:
        tree = Tree(tmp_path, catalog)
        sink = {key: value for key, value in (AWS | keys).items() if value is not None}
        tree.write("sinks/lake.toml", tomlkit.dumps(sink))
        tree.write("pipelines/p.toml", PIPELINE)
        configuration = tree.load()
        if configuration.problems:
            raise ValueError([told(problem) for problem in configuration.problems])
        pipeline = configuration.pipelines["p"].pipeline
        assert pipeline is not None
        options = pipeline.sinks[0].options
        assert isinstance(options, S3Options)
        return options

    return read


def test_good_options_are_read_with_their_defaults(read: Read) -> None:
    options = read(root="/in/")
    assert options.key("a/b.csv") == "in/a/b.csv"
    assert (options.on_aws, options.in_path, options.with_sha256) == (True, False, True)
    other = read(endpoint_url="https://s3.example.com", access_key_id="any", region="here")
    assert (other.on_aws, other.in_path, other.with_sha256) == (False, True, False)
    assert read(path_style=True).in_path
    newer = read(region="xx-new-1", endpoint_url="https://s3.xx-new-1.amazonaws.com")
    assert newer.on_aws


@pytest.mark.parametrize(
    ("key", "keys"),
    [
        ("bucket", {"bucket": None}),
        ("bucket", {"bucket": "ab"}),
        ("bucket", {"bucket": "a" * 64}),
        ("bucket", {"bucket": "Upper"}),
        ("bucket", {"bucket": "under_score"}),
        ("bucket", {"bucket": "a..b"}),
        ("bucket", {"bucket": "xn--abc"}),
        ("bucket", {"bucket": "abc-s3alias"}),
        ("access_key_id", {"access_key_id": "AKSHORT"}),
        ("secret_access_key", {"secret_access_key": "short"}),
        ("secret_access_key", {"secret_access_key": None}),
        ("access_key_id", {"access_key_id": None}),
        ("session_token", {"access_key_id": None, "secret_access_key": None, "session_token": "t"}),
        ("region", {"region": "eu-nowhere-1"}),
        ("endpoint_url", {"endpoint_url": "s3.example.com"}),
        ("endpoint_url", {"endpoint_url": "https://user:pw@s3.example.com"}),
        ("root", {"root": "a/../b"}),
        ("root", {"root": "é" * 600}),
        ("kms_key", {"kms_key": "k"}),
        ("sse", {"sse": "rot13"}),
        ("acl", {"acl": "everybody"}),
        ("tags", {"tags": {str(n): "" for n in range(11)}}),
        ("tags", {"tags": {"k": "v" * 257}}),
        ("checksum", {"checksum": "md5"}),
        ("bukket", {"bukket": "b"}),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value)[:40],
)
def test_a_wrong_option_is_an_error_of_its_key(key: str, keys: dict[str, Any], read: Read) -> None:
    with pytest.raises(ValueError, match=rf"sinks/lake.toml:\d+:\d+: ({key}\b|sink\.{key}\b)"):
        read(**keys)


def test_with_no_keys_the_default_chain_is_asked(read: Read) -> None:
    options = read(access_key_id=None, secret_access_key=None)
    assert list(options.problems()) == []

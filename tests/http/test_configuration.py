"""What the file of an HTTP sink may say, and what a path below it may hold."""

from __future__ import annotations

import pytest

from profexd.config.catalog import load_catalog
from tests.config.tree import PIPELINE, Tree


@pytest.fixture
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(tmp_path_factory.mktemp("config"), load_catalog())


def mistakes(tree: Tree, sink: str) -> list[tuple[str, str]]:
    """Return key and message of every problem of an HTTP sink."""
    tree.write("sinks/partner.toml", f'type = "http"\n{sink}\n')
    return [(one["key"], one["message"]) for one in tree.load().problems]


@pytest.mark.parametrize(
    "sink",
    [
        'url = "https://partner.example/in"',
        'host = "partner.example"',
        'host = "::1"\nport = 8443',
        'url = "http://10.0.0.1:8080"\nallow_http = true\nmethod = "PUT"',
        'url = "https://h.example"\nbearer_token = { env = "TOKEN" }\nca_file = "/etc/ca.pem"',
        f'url = "https://h.example"\n[headers]\n{"k" * 100} = "{"v" * 10_000}"',
    ],
)
def test_what_a_sink_may_say(tree: Tree, sink: str) -> None:
    assert mistakes(tree, sink) == []


@pytest.mark.parametrize(
    ("sink", "key", "words"),
    [
        ("", "url", "is required"),
        ('url = "https://a.example"\nhost = "b"', "host", "cannot stand beside url"),
        ('url = "https://a.example"\nport = 8443', "port", "goes with host"),
        ('host = "a"\nport = 0', "port", "between 1 and 65535"),
        ('host = "https://a"', "host", "must be a name or an address"),
        ('url = "http://a.example"', "url", "in the clear"),
        ('url = "ftp://a.example"', "url", "must begin with"),
        ('url = "https://"', "url", "names no host"),
        ('url = "https://a.example:99999"', "url", "names no port"),
        ('url = "https://user:canary@a.example"', "url", "user or password"),
        ('url = "https://a.example/?x=1"', "url", "query goes into the path"),
        ('url = "https://a.example/#x"', "url", "neither"),
        ('url = "https://a.example/a b"', "url", "no URL may hold"),
        ('url = "https://a.example"\nmethod = "GET"', "method", "not known"),
        ('url = "https://a.example"\nroot = "a#b"', "root", 'must not hold "#"'),
        ('url = "https://a.example"\n[headers]\n"a b" = "c"', "headers", "is no name of a header"),
        (f'url = "https://a.example"\n[headers]\n{"k" * 101} = "c"', "headers", "is no name"),
        ('url = "https://a.example"\n[headers]\na = ""', "headers.a", "1 to 10000 characters"),
        (
            f'url = "https://a.example"\n[headers]\na = "{"v" * 10_001}"',
            "headers.a",
            "1 to 10000 characters",
        ),
        ('url = "https://a.example"\n[headers]\na = "b\\r\\nc"', "headers.a", "control character"),
        (
            'url = "https://a.example"\n[headers]\nContent-Length = "1"',
            "headers.Content-Length",
            "profexd alone knows",
        ),
        (
            'url = "https://a.example"\nbearer_token = "x"\n[headers]\nauthorization = "y"',
            "bearer_token",
            "cannot stand beside",
        ),
    ],
)
def test_what_a_sink_may_not_say(tree: Tree, sink: str, key: str, words: str) -> None:
    found = mistakes(tree, sink)
    assert [one for one, _ in found] == [key]
    assert words in found[0][1]
    assert "canary" not in found[0][1]


@pytest.mark.parametrize(
    ("path", "fine"),
    [("a.csv", True), ("in?name=${pipeline}.csv", True), ("a#${today}.csv", False)],
)
def test_a_path_that_no_url_can_hold_is_an_error_of_the_pipeline(
    tree: Tree, path: str, fine: bool
) -> None:
    tree.write("sinks/partner.toml", 'type = "http"\nurl = "https://partner.example"\n')
    text = PIPELINE.replace("lake", "partner").replace("customers.csv", path)
    found = [(one["key"], one["message"], one["line"]) for one in tree.mistakes(text)]
    assert found == ([] if fine else [("path", 'must not hold "#": a URL ends there', 3)])


def test_a_secret_header_in_a_file_that_everybody_may_read_is_refused(tree: Tree) -> None:
    sink = tree.write(
        "sinks/partner.toml",
        'type = "http"\nurl = "https://partner.example"\n[headers]\nX-Key = "canary"\n',
    )
    sink.chmod(0o644)
    (problem,) = tree.load().problems
    assert problem["key"] == "headers.X-Key"
    assert "canary" not in str(problem)


def test_two_headers_that_differ_by_case_alone_are_both_named(tree: Tree) -> None:
    found = mistakes(tree, 'url = "https://a.example"\n[headers]\nA = "1"\na = "1"')
    assert [key for key, _ in found] == ["headers.A", "headers.a"]

"""What is wrong with ``[manifest]`` and ``[signing]`` is named where it is written."""

from __future__ import annotations

import pytest

from profexd.api.options import Secret
from tests.config.tree import PIPELINE, Tree, told


@pytest.mark.parametrize(
    ("lines", "key", "words"),
    [
        ('path = "${today"', "manifest.path", "is never closed"),
        ('path = "a/../b.json"', "manifest.path", 'becomes "a/../b.json": '),
        ('path = "/m.json"', "manifest.path", 'without "/" in front; write "m.json"'),
        ('path = ""', "manifest.path", "must not be empty"),
        ('path = "m-${part}.json"', "manifest.path", "has no value here"),
        ('done = "${column:country}.done"', "manifest.done", "has no value here"),
        ('path = "customers.csv"', "manifest.path", "path of the exported file too"),
        ('done = "customers.csv"', "manifest.done", "path of the exported file too"),
        ('path = "a.json"\ndone = "a.json"', "manifest.done", "path of the manifest too"),
        ('path = "a.json"\ndone = "a.json.sig"', "manifest.done", "path of the signature too"),
        ('paht = "a.json"', "manifest.paht", 'did you mean "path"'),
    ],
)
def test_a_mistake_in_a_manifest_is_named(tree: Tree, lines: str, key: str, words: str) -> None:
    problems = tree.mistakes(f"{PIPELINE}[manifest]\n{lines}\n")
    assert [problem["key"] for problem in problems] == [key]
    assert words in "{message}; {hint}".format(**problems[0])


def test_names_that_become_one_are_named_however_they_are_written(tree: Tree) -> None:
    names = '[manifest]\npath = "${pipeline}.csv"\ndone = "${ Pipeline }.csv.sig"\n'
    tree.write("pipelines/customers.toml", PIPELINE + names)
    assert [problem["key"] for problem in tree.load().problems] == [
        "manifest.path",
        "manifest.done",
    ]


def test_there_is_no_manifest_unless_it_is_written(tree: Tree) -> None:
    assert tree.pipeline(PIPELINE).manifest is None
    manifest = tree.pipeline(f"{PIPELINE}[manifest]\n").manifest
    assert manifest is not None
    assert manifest.path.text == "${pipeline}-${run_id}.manifest.json"
    assert manifest.done is None


def test_defaults_may_ask_for_a_manifest_of_every_pipeline(tree: Tree) -> None:
    tree.write("profexd.toml", '[defaults.manifest]\ndone = "${run_id}.done"\n')
    assert tree.pipeline(PIPELINE).manifest is not None
    tree.write("profexd.toml", '[defaults.manifest]\ndone = "${run_di}.done"\n')
    assert "defaults.manifest.done" in [problem["key"] for problem in tree.load().problems]


def test_a_path_in_place_of_a_key_is_told_how_to_name_a_file(tree: Tree) -> None:
    tree.write("profexd.toml", '[signing]\nkey = "/etc/profexd/signing_key"\n')
    [problem] = tree.load().problems
    assert problem["key"] == "signing.key"
    assert "{ file = " in problem["hint"]


def test_a_literal_key_must_not_be_in_a_file_that_everybody_may_read(tree: Tree) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----"
    path = tree.write("profexd.toml", f'[signing]\nkey = "{key}"\n')
    path.chmod(0o644)
    [problem] = tree.load().problems
    assert problem["key"] == "signing.key"
    assert key not in told(problem)
    path.chmod(0o600)
    assert Secret("literal", key) in tree.pipeline(PIPELINE).secrets

"""What is valid and yet looks wrong is a warning, with its place and what it means."""

from __future__ import annotations

import pytest

from tests.config.tree import PIPELINE, Tree, told


@pytest.mark.parametrize(
    ("path", "compression", "message"),
    [
        ("a.csv.gz", "none", 'the name ends in ".gz", but compression is "none"'),
        ("a.csv.zst", "gzip", 'the name ends in ".zst", but compression is "gzip"'),
        (
            "a.csv",
            "gzip",
            'the file is compressed with gzip, but its name does not end in ".gz"',
        ),
    ],
)
def test_an_ending_that_says_another_compression_is_a_warning(
    tree: Tree, path: str, compression: str, message: str
) -> None:
    text = PIPELINE.replace("customers.csv", path) + f'compression = "{compression}"\n'
    (problem,) = tree.mistakes(text)
    assert (problem["message"], problem["severity"]) == (message, "warning")
    entry = tree.load().pipelines["newsletter"]
    assert entry.pipeline is not None
    assert not entry.invalid


def test_two_pipelines_with_one_target_are_warned_of(tree: Tree) -> None:
    for name in ("a", "b"):
        tree.write(f"pipelines/{name}.toml", PIPELINE)
    tree.write("pipelines/off.toml", "enabled = false\n" + PIPELINE)
    tree.write("pipelines/own.toml", PIPELINE.replace("customers.csv", "${pipeline}.csv"))
    problems = tree.load().problems
    assert [told(one) for one in problems] == [
        'pipelines/a.toml:3:1: path: the same file is also written by "b"',
        'pipelines/b.toml:3:1: path: the same file is also written by "a"',
    ]
    assert {one["severity"] for one in problems} == {"warning"}


def test_manifests_that_other_pipelines_write_too_are_warned_of(tree: Tree) -> None:
    def write(name: str, manifest: str) -> None:
        text = PIPELINE.replace("customers", name)
        tree.write(f"pipelines/{name}.toml", f"{text}[manifest]\n{manifest}\n")

    write("a", 'path = "last.json"\ndone = "b.csv"')
    write("b", 'path = "last.json"')
    write("c", 'path = "${pipeline}.json"')
    write("own", "")
    assert [told(one) for one in tree.load().problems] == [
        'pipelines/a.toml:6:1: manifest.path: the same file is also written by "b"',
        'pipelines/a.toml:7:1: manifest.done: the same file is also written by "b"',
        'pipelines/b.toml:6:1: manifest.path: the same file is also written by "a"',
    ]


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ("overwrite", "overwrite", "the later run replaces the file of the earlier"),
        ("fail", "fail", "the later run fails, because the file of the earlier is there"),
        (
            "overwrite",
            "fail",
            'a run with "overwrite" replaces the file, one with "fail" fails if it is there',
        ),
        ("suffix", "suffix", None),
        ("overwrite", "suffix", None),
        ("suffix", "fail", None),
    ],
)
def test_pipelines_with_one_target_are_told_what_their_runs_do_to_each_other(
    tree: Tree, first: str, second: str, outcome: str | None
) -> None:
    for name, on_existing in (("a", first), ("b", second)):
        tree.write(f"pipelines/{name}.toml", f'on_existing = "{on_existing}"\n{PIPELINE}')
    hints = [one["hint"] for one in tree.load().problems]
    assert hints == ([f"{outcome}: add ${{pipeline}} to the path"] * 2 if outcome else [])


def test_an_interval_that_does_not_divide_the_day_is_a_warning(tree: Tree) -> None:
    ((message, _),) = tree.with_lines("schedule = 'every 7h'")
    assert message == (
        '"every 7h" does not divide the day: it is counted from 00:00 UTC, '
        "so the last gap of each day is 180 minutes"
    )


def test_users_and_groups_that_do_not_exist_are_warned_of(tree: Tree) -> None:
    tree.write(
        "profexd.toml",
        """\
        [access]
        admin = ["root", "nobodi-at-all"]
        operator = ["@profexd", "@no-such-group"]
        viewer = ["@root", "0", "4000000001", "a\\u0000b"]
        """,
    )
    problems = tree.load(system_mode=True).problems
    assert {one["severity"] for one in problems} == {"warning"}
    assert [(one["line"], one["key"], one["message"].partition(",")[0]) for one in problems] == [
        (2, "access.admin", 'there is no user "nobodi-at-all"'),
        (3, "access.operator", 'there is no group "no-such-group"'),
        (4, "access.viewer", 'there is no user "0"'),
        (4, "access.viewer", 'there is no user "a\0b"'),
    ]


def test_files_that_nobody_reads_are_warned_of(tree: Tree) -> None:
    for stray in (
        "newsletter.toml",
        "x.toml",
        "Profexd.toml",
        ".hidden.toml",
        "notes.txt",
        "pipeline/a.toml",
        "old/b.toml",
        ".git/c.toml",
        "docs/readme.md",
        "pipelines/team/d.toml",
    ):
        tree.write(stray, "")
    problems = tree.load().problems
    assert {one["severity"] for one in problems} == {"warning"}
    assert sorted((one["file"], one["message"]) for one in problems) == [
        ("Profexd.toml", 'is not read; did you mean "profexd.toml"?'),
        ("newsletter.toml", "is not read"),
        ("old/", "the .toml files in it are not read"),
        ("pipeline/", 'the .toml files in it are not read; did you mean "pipelines/"?'),
        ("pipelines/team/", "the .toml files in it are not read"),
        ("x.toml", "is not read"),
    ]


def test_a_secret_that_everybody_may_read_is_told_beside_other_mistakes(tree: Tree) -> None:
    file = tree.write(
        "sinks/lake.toml",
        """\
        type = "http"
        url = "https://example.com/"
        methd = "PUT"
        bearer_token = "abc"

        [headers]
        X-Key = "abc"
        X-Other = { env = "OTHER" }
        """,
    )
    mistake = 'sinks/lake.toml:3:1: methd: unknown key; did you mean "method"?'
    assert tree.problems() == [mistake]
    file.chmod(0o644)
    exposed = "a secret stands in sinks/lake.toml, which everybody may read"
    assert tree.problems() == [
        mistake,
        f"sinks/lake.toml:4:1: bearer_token: {exposed}",
        f"sinks/lake.toml:7:1: headers.X-Key: {exposed}",
    ]

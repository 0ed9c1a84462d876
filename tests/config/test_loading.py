"""What is in the tree, what is ignored, and what stays when a file breaks."""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import pytest

from profexd.api import Doc, Secret, Sink, SinkOptions
from profexd.config.catalog import Catalog
from profexd.config.loading import check_file, load_pipeline_file
from profexd.config.model import Configuration
from profexd.config.text.trust import members, refused
from tests.config.tree import PIPELINE, Tree, told


@dataclass(frozen=True, kw_only=True)
class VaultOptions(SinkOptions):
    password: Annotated[Secret, Doc("Opens it.")]
    headers: Annotated[dict[str, Secret], Doc("Sent along.")]

    def problems(self) -> Iterable[tuple[str, str]]:
        return ()


class Vault(Sink):
    name = "vault"
    Options = VaultOptions


@pytest.fixture
def vault_tree(tmp_path: Path, catalog: Catalog) -> Tree:
    tree = Tree(tmp_path, replace(catalog, sinks={**catalog.sinks, "vault": Vault}))
    tree.write("pipelines/a.toml", PIPELINE.replace('"lake"', '"vault"'))
    return tree


def where(configuration: Configuration, name: str) -> str | None:
    pipeline = configuration.pipelines[name].pipeline
    return pipeline.where if pipeline else None


def test_an_empty_directory_is_a_valid_configuration(tmp_path: Path, catalog: Catalog) -> None:
    tree = Tree(tmp_path, catalog)
    configuration = tree.load()
    assert configuration.problems == ()
    assert configuration.pipelines == {}
    assert configuration.sources == ("warehouse",)
    assert configuration.sinks == ("lake",)
    assert configuration.settings.access_operator == ("@profexd",)


def test_what_editors_and_rsync_leave_behind_is_ignored(tree: Tree) -> None:
    for name in (
        ".newsletter.toml.swp",
        ".newsletter.toml",
        ".#newsletter.toml",
        "#newsletter.toml#",
        "newsletter.toml~",
        "newsletter.toml.tmp",
        "newsletter.tmp",
        "README.md",
    ):
        tree.write(f"pipelines/{name}", "= not toml")
    (tree.root / "pipelines" / "folder.toml").mkdir()
    assert tree.load().problems == ()
    assert tree.load().pipelines == {}


def test_a_link_to_a_file_counts_and_a_link_to_nothing_is_warned_of(tree: Tree) -> None:
    elsewhere = tree.write("drafts/x", PIPELINE)
    (tree.root / "pipelines").mkdir()
    (tree.root / "pipelines/good.toml").symlink_to(elsewhere)
    (tree.root / "pipelines/gone.toml").symlink_to(tree.root / "nowhere")
    configuration = tree.load()
    assert list(configuration.pipelines) == ["good"]
    (problem,) = configuration.problems
    assert told(problem) == "pipelines/gone.toml:1:1: : is a link that leads to no file"
    assert problem["severity"] == "warning"


@pytest.mark.parametrize(
    ("stem", "better"), [("My File", "my-file"), ("Ünï", "n"), ("-x", "x"), ("a" * 64, "a" * 63)]
)
def test_a_name_that_cannot_be_one_is_a_problem(tree: Tree, stem: str, better: str) -> None:
    tree.write(f"pipelines/{stem}.toml", PIPELINE)
    (problem,) = tree.load().problems
    assert problem["message"] == f'"{stem}" cannot be a name'
    assert f'rename it to "{better}.toml"' in problem["hint"]


def test_a_broken_pipeline_keeps_its_last_good_version(tree: Tree) -> None:
    tree.write("pipelines/a.toml", PIPELINE + "where = 'x > 1'\n")
    tree.write("pipelines/b.toml", PIPELINE.replace("customers", "b"))
    good = tree.load()
    tree.write("pipelines/a.toml", "= broken")
    broken = tree.load(good)
    assert broken.pipelines["a"].invalid
    assert broken.pipelines["a"].pipeline == good.pipelines["a"].pipeline
    assert not broken.pipelines["b"].invalid
    again = tree.load(broken)
    assert again.pipelines["a"].pipeline == good.pipelines["a"].pipeline
    tree.write("pipelines/a.toml", PIPELINE + "where = 'x > 2'\n")
    mended = tree.load(again)
    assert not mended.pipelines["a"].invalid
    assert where(mended, "a") == "x > 2"


def test_a_new_broken_pipeline_has_no_version_to_run(tree: Tree) -> None:
    tree.write("pipelines/a.toml", "nope = 1")
    entry = tree.load(tree.load()).pipelines["a"]
    assert entry.invalid
    assert entry.pipeline is None


def test_a_deleted_pipeline_is_gone(tree: Tree) -> None:
    file = tree.write("pipelines/a.toml", PIPELINE)
    good = tree.load()
    file.unlink()
    assert tree.load(good).pipelines == {}


@pytest.mark.parametrize("kind", ["sources/warehouse.toml", "sinks/lake.toml"])
def test_a_broken_source_or_sink_leaves_its_pipelines_as_they_were(tree: Tree, kind: str) -> None:
    tree.write("pipelines/a.toml", PIPELINE)
    tree.write("pipelines/b.toml", PIPELINE.replace("customers", "b"))
    good = tree.load()
    tree.write(kind, "nope = 1\n")
    broken = tree.load(good)
    assert {one["file"] for one in broken.problems} == {kind}
    for name in ("a", "b"):
        entry = broken.pipelines[name]
        assert entry.invalid
        assert {one["file"] for one in entry.problems} == {kind}
        assert entry.pipeline == good.pipelines[name].pipeline


def test_a_source_that_vanishes_leaves_its_pipelines_as_they_were(tree: Tree) -> None:
    tree.write("pipelines/a.toml", PIPELINE)
    good = tree.load()
    (tree.root / "sources/warehouse.toml").unlink()
    broken = tree.load(good)
    assert [told(one) for one in broken.problems] == [
        'pipelines/a.toml:1:1: source: unknown source "warehouse"'
    ]
    assert broken.pipelines["a"].pipeline == good.pipelines["a"].pipeline


@pytest.mark.parametrize(
    "broken", ["= 1", "nope = 1", "[defaults]\nnope = 1", "[defaults]\nformat.separator = 1"]
)
def test_a_broken_profexd_toml_leaves_the_old_settings_and_defaults(
    tree: Tree, broken: str
) -> None:
    tree.write("profexd.toml", "account_id = 'acme'\n[defaults]\nformat.type = 'csv'\n")
    tree.write("pipelines/a.toml", "source = 'warehouse'\nsink = 'lake'\npath = 'a.csv'\n")
    good = tree.load()
    assert good.problems == ()
    if "separator" in broken:
        broken += "\nformat.type = 'csv'"
    tree.write("profexd.toml", "account_id = 'other'\n" + broken)
    bad = tree.load(good)
    assert {one["file"] for one in bad.problems} == {"profexd.toml"}
    assert bad.settings == good.settings
    assert bad.pipelines == good.pipelines
    assert tree.load(bad).pipelines == good.pipelines
    tree.write("profexd.toml", "account_id = 'other'\n[defaults]\nformat.type = 'json'\n")
    mended = tree.load(bad)
    assert mended.settings.account_id == "other"
    assert mended.pipelines["a"].pipeline != good.pipelines["a"].pipeline


def test_defaults_merge_key_by_key_and_lists_are_replaced(tree: Tree) -> None:
    tree.write(
        "profexd.toml",
        """
        [defaults]
        source = "warehouse"
        order_by = ["a", "b"]
        folder = "date"
        compression = "gzip"
        [defaults.format]
        type = "csv"
        separator = ";"
        [defaults.retry]
        attempts = 9
        backoff = "1s"
        """,
    )
    pipeline = tree.pipeline(
        """
        sink = "lake"
        order_by = ["c"]
        filename = "x"
        format = { header = false }
        retry = { backoff = "2s" }
        """
    )
    assert pipeline.order_by == (("c", False),)
    assert pipeline.path.text == "${date}/x.csv.gz"
    assert (pipeline.retry.attempts, pipeline.retry.backoff) == (9, 2.0)
    assert pipeline.documents["pipeline"]["format"] == {
        "type": "csv",
        "separator": ";",
        "header": False,
    }


def test_what_a_file_says_in_other_words_is_not_taken_from_the_defaults(tree: Tree) -> None:
    tree.write(
        "profexd.toml",
        """
        [defaults]
        sinks = ["lake"]
        folder = "date"
        format = { type = "csv", separator = ";", as_string = true }
        """,
    )
    pipeline = tree.pipeline(
        """
        source = "warehouse"
        sink = "lake"
        path = "a.json"
        format = { type = "json" }
        """
    )
    assert pipeline.path.text == "a.json"
    assert pipeline.documents["pipeline"]["format"] == {"type": "json", "as_string": True}


def test_a_draft_anywhere_is_checked_as_a_pipeline(tree: Tree, tmp_path: Path) -> None:
    draft = tree.write("drafts/new.toml", PIPELINE + "nope = 1\n")
    directory = tree.root
    (problem,) = check_file(draft, directory, tree.catalog)
    assert told(problem) == "drafts/new.toml:5:1: nope: unknown key"
    outside = tmp_path.parent / "outside.toml"
    outside.write_text(PIPELINE)
    assert check_file(outside, directory, tree.catalog) == ()
    pipeline = load_pipeline_file(outside, directory, tree.catalog).pipeline
    assert pipeline is not None
    assert pipeline.name == "outside"


def test_a_file_of_the_tree_is_checked_as_what_it_is(tree: Tree) -> None:
    sink = tree.write("sinks/lake.toml", "type = 'file'\n")
    settings = tree.write("profexd.toml", "nope = 1\n")
    tree.write("pipelines/a.toml", "nope = 1\n")
    assert [told(one) for one in check_file(sink, tree.root, tree.catalog)] == [
        "sinks/lake.toml:1:1: root: is missing"
    ]
    assert [told(one) for one in check_file(settings, tree.root, tree.catalog)] == [
        "profexd.toml:1:1: nope: unknown key"
    ]


def test_a_draft_with_a_name_that_cannot_be_one_is_told_so(tree: Tree) -> None:
    draft = tree.write("drafts/My Draft.toml", PIPELINE)
    (problem,) = check_file(draft, tree.root, tree.catalog)
    assert problem["message"] == '"My Draft" cannot be a name'


def test_a_literal_secret_in_a_file_that_everybody_may_read_is_refused(vault_tree: Tree) -> None:
    file = vault_tree.write(
        "sinks/vault.toml", "type = 'vault'\npassword = 'hunter2'\n[headers]\nX-Key = 'abc'\n"
    )
    assert vault_tree.load().problems == ()
    file.chmod(0o644)
    problems = vault_tree.load().problems
    assert [(one["line"], one["key"]) for one in problems] == [
        (2, "password"),
        (4, "headers.X-Key"),
    ]
    assert "hunter2" not in repr(problems)
    assert "chmod o-r" in problems[0]["hint"]


def test_references_to_secrets_may_stand_in_any_file(vault_tree: Tree) -> None:
    file = vault_tree.write(
        "sinks/vault.toml",
        "type = 'vault'\npassword = { env = 'P' }\nheaders.X = { credential = 'x' }\n",
    )
    file.chmod(0o644)
    pipeline = vault_tree.load().pipelines["a"].pipeline
    assert pipeline is not None
    assert pipeline.secrets == (Secret("env", "P"), Secret("credential", "x"))


def test_a_secret_written_wrongly_is_told_without_being_shown(vault_tree: Tree) -> None:
    vault_tree.write(
        "sinks/vault.toml", "type = 'vault'\nheaders = {}\npassword = { envv = 'hunter2' }\n"
    )
    (problem,) = vault_tree.load().problems
    assert problem["key"] == "password"
    assert "hunter2" not in repr(problem)
    assert '{ env = "…" }' in problem["message"]


def test_a_secret_never_prints_itself(vault_tree: Tree) -> None:
    vault_tree.write("sinks/vault.toml", "type = 'vault'\npassword = 'hunter2'\nheaders = {}\n")
    pipeline = vault_tree.load().pipelines["a"].pipeline
    assert pipeline is not None
    assert "hunter2" not in repr(pipeline)


def test_system_mode_refuses_what_everybody_may_write(tree: Tree) -> None:
    tree.write("pipelines/a.toml", PIPELINE)
    tree.write("pipelines/b.toml", PIPELINE.replace("customers", "b"))
    good = tree.load(system_mode=True)
    assert good.problems == ()
    (tree.root / "pipelines/a.toml").chmod(0o666)
    bad = tree.load(good, system_mode=True)
    (problem,) = bad.problems
    assert problem["file"] == "pipelines/a.toml"
    assert problem["message"] == "everybody may write it, so it is not used"
    assert problem["hint"].startswith("chmod o-w ")
    assert bad.pipelines["a"].pipeline == good.pipelines["a"].pipeline
    assert bad.pipelines["a"].invalid
    assert not bad.pipelines["b"].invalid
    assert tree.load().problems == ()


def test_system_mode_refuses_all_of_a_directory_that_everybody_may_write(tree: Tree) -> None:
    tree.write("pipelines/a.toml", PIPELINE)
    (tree.root / "sinks").chmod(0o777)
    configuration = tree.load(system_mode=True)
    assert [told(one) for one in configuration.problems] == [
        "sinks/:1:1: : everybody may write it, so it is not used"
    ]
    assert configuration.pipelines["a"].pipeline is None


def test_system_mode_refuses_a_profexd_toml_that_everybody_may_write(tree: Tree) -> None:
    tree.write("profexd.toml", "account_id = 'acme'").chmod(0o666)
    configuration = tree.load(system_mode=True)
    assert configuration.settings.account_id == "default"
    assert configuration.problems[0]["file"] == "profexd.toml"


def test_a_file_of_a_stranger_is_refused_and_one_of_an_admin_is_not(tree: Tree) -> None:
    file = tree.write("pipelines/a.toml", PIPELINE)
    me = pwd.getpwuid(os.geteuid())
    (problem,) = refused(file, "pipelines/a.toml", frozenset({me.pw_uid + 1}))
    assert problem["message"] == f'belongs to user "{me.pw_name}", so it is not used'
    assert "[access] admin" in problem["hint"]
    group = f"@{grp.getgrgid(me.pw_gid).gr_name}"
    for admin in (me.pw_name, group):
        assert refused(file, "pipelines/a.toml", members([admin, "nobody-at-all"])) == ()


def test_a_file_too_large_to_be_a_configuration_is_refused(tree: Tree) -> None:
    tree.write("pipelines/a.toml", "# " + "x" * (5 * 2**20))
    (problem,) = tree.load().problems
    assert problem["message"] == "is larger than 4 MiB"

"""What a valid file becomes, and what a worker makes of its documents."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from profexd.api.errors import ConfigurationInvalid
from profexd.config.loading import pipeline_from_documents
from profexd.config.model import Retry
from tests.config.tree import PIPELINE, Tree

FULL = """\
description = "Active customers in Italy"
enabled = false
sinks = ["lake", { type = "file", root = "/srv/a" }, { type = "file", root = "/srv/b" }]
folder = "{{date}}/run-{{export-id}}"
filename = "customers-{{export-id}}"
timezone = "America/New_York"
order_by = ["email", "-signup_at"]
mode = "full"
compression = "gzip"
on_existing = "fail"
where = "visits > 3"
timeout = "90m"

[source]
query = "SELECT 1 AS a"
kind = "events"
lock_wait = "1m"

[schedule]
when = "0 3 * * mon-fri"
timezone = "Europe/Rome"
start = 2026-12-01
end = 2027-06-01T12:00:00Z
jitter = "5m"
catch_up = "all"
overlap = "queue"

[format]
type = "json"
layout = "lines"

[retry]
attempts = 2
"""


def test_the_smallest_pipeline_has_the_documented_defaults(tree: Tree) -> None:
    pipeline = tree.pipeline(PIPELINE)
    assert pipeline.name == "newsletter"
    assert pipeline.description == ""
    assert pipeline.enabled
    assert pipeline.source.name == "warehouse"
    assert pipeline.source.key == "profile_id"
    assert [sink.name for sink in pipeline.sinks] == ["lake"]
    assert pipeline.path.text == "customers.csv"
    assert pipeline.schedule.kind == "manual"
    assert pipeline.schedule.frequency == "manual"
    assert pipeline.timezone == "UTC"
    assert pipeline.compression == "none"
    assert pipeline.order_by == ()
    assert pipeline.where is None
    assert pipeline.on_existing == "overwrite"
    assert pipeline.timeout == 7200
    assert pipeline.retry == Retry(attempts=5, backoff=10, max_backoff=600)


def test_everything_a_file_says_is_in_the_model(tree: Tree) -> None:
    pipeline = tree.pipeline(FULL)
    assert not pipeline.enabled
    assert pipeline.source.name == "(inline)"
    assert (pipeline.source.query, pipeline.source.kind) == ("SELECT 1 AS a", "events")
    assert pipeline.source.lock_wait == 60
    assert [sink.name for sink in pipeline.sinks] == ["lake", "(inline)", "(inline 3)"]
    assert [sink.options.root for sink in pipeline.sinks] == ["/srv/exports", "/srv/a", "/srv/b"]
    assert pipeline.path.text == "{{date}}/run-{{export-id}}/customers-{{export-id}}.json.gz"
    assert pipeline.timezone == "Europe/Rome"
    assert pipeline.schedule.start == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert pipeline.schedule.end == datetime(2027, 6, 1, 12, tzinfo=UTC)
    assert (pipeline.schedule.catch_up, pipeline.schedule.overlap) == ("all", "queue")
    assert pipeline.schedule.jitter == 300
    assert pipeline.schedule.text == "0 3 * * mon-fri"
    assert pipeline.order_by == (("email", False), ("signup_at", True))
    assert pipeline.timeout == 5400
    assert pipeline.retry.attempts == 2


@pytest.mark.parametrize("text", [PIPELINE, FULL])
def test_a_worker_makes_the_same_pipeline_of_the_documents(tree: Tree, text: str) -> None:
    tree.write("profexd.toml", "account_id = 'acme'\ntimezone = 'Asia/Tokyo'\n")
    pipeline = tree.pipeline(text)
    documents = json.loads(json.dumps(pipeline.documents))
    assert pipeline_from_documents("newsletter", documents, tree.catalog) == pipeline


def test_documents_that_no_longer_fit_say_what_is_wrong(tree: Tree) -> None:
    documents = json.loads(json.dumps(tree.pipeline(PIPELINE).documents))
    documents["pipeline"]["format"]["type"] = "fixed-width"
    with pytest.raises(ConfigurationInvalid, match='unknown format "fixed-width"') as refused:
        pipeline_from_documents("newsletter", documents, tree.catalog)
    assert refused.value.hint


def test_the_revision_changes_with_anything_the_pipeline_rests_on(tree: Tree) -> None:
    first = tree.pipeline(PIPELINE).revision
    assert tree.pipeline("# a comment\n" + PIPELINE).revision == first
    revisions = {first, tree.pipeline(PIPELINE + "where = 'x'\n").revision}
    for name, text in (
        ("sinks/lake.toml", "type = 'file'\nroot = '/srv/elsewhere'\n"),
        ("sources/warehouse.toml", "table = 'other'\n"),
        ("profexd.toml", "account_id = 'acme'\n"),
    ):
        tree.write(name, text)
        revisions.add(tree.pipeline(PIPELINE).revision)
    assert len(revisions) == 5


@pytest.mark.parametrize(
    ("written", "order"),
    [
        ("'email'", (("email", False),)),
        ("'-email'", (("email", True),)),
        ("[]", ()),
        ("['a b', '-c']", (("a b", False), ("c", True))),
    ],
)
def test_order_by_is_text_or_a_list(
    tree: Tree, written: str, order: tuple[tuple[str, bool], ...]
) -> None:
    assert tree.pipeline(f"order_by = {written}\n" + PIPELINE).order_by == order


@pytest.mark.parametrize(
    ("zones", "zone"),
    [
        (("", "", ""), "UTC"),
        (("Asia/Tokyo", "", ""), "Asia/Tokyo"),
        (("Asia/Tokyo", "Europe/Rome", ""), "Europe/Rome"),
        (("Asia/Tokyo", "Europe/Rome", "America/Lima"), "America/Lima"),
    ],
)
def test_the_zone_is_the_schedules_else_the_pipelines_else_the_settings(
    tree: Tree, zones: tuple[str, str, str], zone: str
) -> None:
    settings, pipeline, schedule = (f"timezone = '{one}'\n" if one else "" for one in zones)
    tree.write("profexd.toml", settings)
    made = tree.pipeline(f"{pipeline}{PIPELINE}\n[schedule]\nwhen = 'hourly'\n{schedule}")
    assert made.timezone == made.schedule.timezone == zone


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        ("folder = 'root'", "${account_id}-${run_id}-${timestamp}-${instance_id}.parquet.zst"),
        ("filename = 'a'", "a.parquet.zst"),
        ("filename = 'a.parquet'", "a.parquet.parquet.zst"),
        ("folder = 'type'\nfilename = 'a'", "profile/a.parquet.zst"),
        ("folder = 'date'\nfilename = 'a'", "${date}/a.parquet.zst"),
        ("folder = 'export-id'\nfilename = 'a'", "${export_id}/a.parquet.zst"),
        ("folder = 'x/${today}'\nfilename = 'a'", "x/${today}/a.parquet.zst"),
        ("folder = 'x/'\nfilename = 'a'", "x/a.parquet.zst"),
    ],
)
def test_folder_and_filename_make_the_path_with_its_extension(
    tree: Tree, lines: str, path: str
) -> None:
    pipeline = tree.pipeline(
        f"""\
source = "warehouse"
sink = "lake"
compression = "zstd"
format.type = "parquet"
{lines}
"""
    )
    assert pipeline.path.text == path


def test_the_folder_by_type_of_events_is_events(tree: Tree) -> None:
    tree.write("sources/warehouse.toml", "table = 'events'\nkind = 'events'\n")
    text = PIPELINE.replace("path", "folder = 'type'\nfilename")
    assert tree.pipeline(text).path.text == "events/customers.csv.csv"

"""Every mistake is named: file, line, column, key, what is wrong, what to do."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.config.tree import PIPELINE, Tree, told


def test_an_unknown_key_is_named_with_its_place_and_the_nearest_key(tree: Tree) -> None:
    tree.write(
        "pipelines/newsletter.toml",
        """\
        source = "warehouse"
        sink = "lake"
        path = "customers.csv"

        [format]
        type = "csv"
          seperator = ";"
        """,
    )
    assert tree.problems() == [
        'pipelines/newsletter.toml:7:3: format.seperator: unknown key; did you mean "separator"?'
    ]


def test_every_problem_of_every_file_is_told_at_once(tree: Tree) -> None:
    tree.write("profexd.toml", "timezone = 'Mars/Olympus'\ncolour = 1\n")
    tree.write("sources/events.toml", "tabel = 'events'\n")
    tree.write("sinks/partner.toml", "type = 'file'\n")
    tree.write("pipelines/a.toml", "source = 'werehouse'\nsink = 'lake'\nenabled = 'yes'\n")
    tree.write("pipelines/b.toml", "= 1\n")
    assert [(told(one).split(": ")[0], one["key"]) for one in tree.load().problems] == [
        ("profexd.toml:1:1", "timezone"),
        ("profexd.toml:2:1", "colour"),
        ("pipelines/a.toml:1:1", "format"),
        ("pipelines/a.toml:1:1", "source"),
        ("pipelines/a.toml:1:1", "path"),
        ("pipelines/a.toml:3:1", "enabled"),
        ("pipelines/b.toml:1:1", ""),
        ("sinks/partner.toml:1:1", "root"),
        ("sources/events.toml:1:1", "tabel"),
    ]


def test_missing_keys_are_told_with_what_to_write(tree: Tree) -> None:
    found = {one["key"]: (one["message"], one["hint"]) for one in tree.mistakes("\n")}
    assert found == {
        "source": ("is missing", 'add source = "NAME", or a [source] table'),
        "sink": ("is missing", 'add sink = "NAME", or a [sink] table'),
        "path": (
            "is missing",
            'add path = "customers-${today}.csv", or folder = "date" and filename = "…"',
        ),
        "format": ("is missing", 'add [format] with type = "csv"'),
    }


def test_a_missing_key_points_at_the_header_of_its_table(tree: Tree) -> None:
    text = dedent(
        """\
        source = "warehouse"
        sink = "lake"
        path = "a.csv"

        [format]
        header = true
        """
    )
    (problem,) = tree.mistakes(text)
    assert told(problem) == "pipelines/newsletter.toml:5:1: format.type: is missing"
    assert problem["hint"].startswith('add type = "csv", ')


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("enabled = 'yes'", "must be true or false, not text", "write true, without quotes"),
        ("enabled = 1", "must be true or false, not a number", ""),
        ("description = 5", "must be text, not a number", 'write it in quotes: "5"'),
        ("description = true", "must be text, not true or false", 'write it in quotes: "true"'),
        ("where = ['a']", "must be text, not a list", ""),
        ("where = '  '", "must not be empty", ""),
        ("timeout = 30", "must be text, not a number", 'write it in quotes: "30"'),
        (
            "timeout = 'soon'",
            '"soon" is not a duration; write a number and s, m, h or d, as in "30s"',
            "",
        ),
        ("timeout = '0'", 'must be at least "1s"', ""),
        (
            "mode = 'change'",
            '"change" is not known here; did you mean "changed"?',
            'write "full" or "changed"',
        ),
        (
            "on_existing = 'overwite'",
            '"overwite" is not known here; did you mean "overwrite"?',
            'write "overwrite", "fail" or "suffix"',
        ),
        (
            "on_existing = true",
            'must be "overwrite", "fail" or "suffix", not true or false',
            "",
        ),
        (
            "compression = 'gz'",
            'unknown compression "gz"; did you mean "gzip"?',
            None,
        ),
        (
            "timezone = 'Europe/Roma'",
            '"Europe/Roma" is not a time zone; did you mean "Europe/Rome"?',
            'write the name of a region and city, as "Europe/Rome", or "UTC"',
        ),
        (
            "order_by = 1",
            "must be text or a list, not a number",
            'as order_by = ["email", "-signup_at"]',
        ),
        ("order_by = ['email', 3]", "must be text, not a number", 'write it in quotes: "3"'),
        ("order_by = '-'", "names no column", 'as order_by = ["email", "-signup_at"]'),
        ("retry = 3", "must be a table, not a number", ""),
        ("retry = { attempts = 0 }", "must be at least 1", ""),
        (
            "retry = { attempts = '5' }",
            "must be a whole number, not text",
            "write it without quotes: 5",
        ),
        ("retry = { attempts = 1.5 }", "must be a whole number, not a fraction", ""),
        ("schedule = 5", "must be text or a table, not a number", None),
        ("sinks = ['lake']", "cannot stand beside sink", "name all sinks in sinks = [ … ]"),
        ("folder = 'date'", "cannot stand beside path", None),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(
    tree: Tree, line: str, message: str, hint: str | None
) -> None:
    found = tree.with_lines(line)
    assert [one[0] for one in found] == [message]
    if hint is not None:
        assert found[0][1] == hint


def test_a_key_below_the_wrong_header_is_told_where_it_belongs(tree: Tree) -> None:
    text = dedent(
        """\
        source = "warehouse"
        sink = "lake"
        path = "a.csv"
        separator = ";"
        attempts = 3

        [format]
        type = "csv"
        schedule = "hourly"
        """
    )
    hints = {one["key"]: (one["message"], one["hint"]) for one in tree.mistakes(text)}
    assert hints == {
        "separator": ("unknown key", '"separator" belongs to [format]'),
        "attempts": ("unknown key", '"attempts" belongs to [retry]'),
        "format.schedule": (
            "unknown key",
            '"schedule" does not belong to [format]: write it above the first [table] of the file',
        ),
    }


def test_unknown_names_of_sources_and_sinks_are_told_with_the_nearest(tree: Tree) -> None:
    text = """\
    source = "warehous"
    sinks = ["lake", "lakes", "lake", 5]
    path = "a.csv"
    format = { type = "cvs" }
    """
    assert [told(one) for one in tree.mistakes(text)] == [
        "pipelines/newsletter.toml:1:1: source: "
        'unknown source "warehous"; did you mean "warehouse"?',
        'pipelines/newsletter.toml:2:18: sinks: unknown sink "lakes"; did you mean "lake"?',
        'pipelines/newsletter.toml:2:27: sinks: "lake" is there twice',
        "pipelines/newsletter.toml:2:35: sinks: "
        "must be the name of a file or a table, not a number",
        'pipelines/newsletter.toml:4:12: format.type: unknown format "cvs"; did you mean "csv"?',
    ]


@pytest.mark.parametrize(
    ("lines", "keys"),
    [
        (
            "[schedule]\nwhen = 'dayly'\njitter = 5\ncatch_up = 'some'\nstart = '2026-01-32'",
            ["schedule.when", "schedule.jitter", "schedule.catch_up", "schedule.start"],
        ),
        (
            "[schedule]\ntimezone = 'Mars'\nstart = 2026-02-01\nend = 2026-01-01",
            ["schedule.when", "schedule.timezone", "schedule.end"],
        ),
        ("sinks = ['lake', 'nope']", ["sinks", "sinks"]),
        ("folder = '../${nope}'", ["path", "folder", "folder", "folder"]),
    ],
)
def test_one_mistake_hides_no_other(tree: Tree, lines: str, keys: list[str]) -> None:
    top, tables = ("", lines) if lines.startswith("[") else (lines, "")
    text = PIPELINE.replace("customers.csv", "${nada}.csv" if "folder" in lines else "a.csv")
    found = tree.mistakes(f"{top}\n{text}{tables}")
    assert sorted(one["key"] for one in found) == sorted(keys)


def test_the_options_of_a_sink_are_checked_where_its_type_is_missing_or_misspelt(
    tree: Tree,
) -> None:
    tree.write("sinks/lake.toml", "type = 'flie'\nroot = 'srv'\nconcurrency = 0\n")
    assert [one["key"] for one in tree.load().problems] == ["type", "root", "concurrency"]
    tree.write("sinks/lake.toml", "root = 'srv'\nconcurrency = 0\n")
    assert sorted(one["key"] for one in tree.load().problems) == ["concurrency", "type"]


def test_the_options_that_all_sinks_have_are_checked_where_the_type_is_unknown(tree: Tree) -> None:
    tree.write(
        "sinks/lake.toml", "type = 'gopher'\nroot = 5\nport = 70\ntimeout = '0s'\nbandwidth = 'x'\n"
    )
    assert [one["key"] for one in tree.load().problems] == ["type", "root", "timeout", "bandwidth"]


def test_rules_across_options_are_checked_beside_another_mistake(tree: Tree) -> None:
    text = PIPELINE.replace('"csv" }', '"csv", null = "a,b", nope = 1 }')
    assert [one["key"] for one in tree.mistakes(text)] == ["format.null", "format.nope"]
    # What the separator was meant to be is not known: nothing can be said against the comma.
    text = PIPELINE.replace('"csv" }', '"csv", null = "a,b", separator = ";;" }')
    assert [one["key"] for one in tree.mistakes(text)] == ["format.separator"]


@pytest.mark.parametrize(
    ("path", "messages"),
    [
        (
            "../x/${nope}",
            [
                '".." is not allowed as the name of a folder or file',
                'unknown placeholder "${nope}"',
            ],
        ),
        (
            "/x//${nope}/${}",
            [
                'a folder or file has no name: "//", or "/" at the end',
                'must be relative to the root of the sink, without "/" in front',
                'placeholder "${}" is empty',
                'unknown placeholder "${nope}"',
            ],
        ),
        (
            "./${column:a}",
            [
                'becomes "./x": "." is not allowed as the name of a folder or file',
                'placeholder "${column:a}" needs partitions, and there is no partition_by',
            ],
        ),
    ],
)
def test_everything_wrong_with_a_path_is_told(tree: Tree, path: str, messages: list[str]) -> None:
    found = tree.mistakes(PIPELINE.replace("customers.csv", path))
    assert sorted(one["message"] for one in found) == messages


def test_a_bad_compression_hides_no_bad_path(tree: Tree) -> None:
    found = tree.mistakes("compression = 'nope'\n" + PIPELINE.replace("customers.csv", "/a"))
    assert [one["key"] for one in found] == ["compression", "path"]


def test_an_option_of_a_plugin_is_checked_by_its_own_rule(tree: Tree) -> None:
    text = PIPELINE.replace('"csv" }', '"csv", separator = "||" }')
    (problem,) = tree.mistakes(text)
    assert told(problem) == (
        "pipelines/newsletter.toml:4:26: format.separator: must be exactly one character"
    )


def test_rules_across_options_of_a_plugin_are_checked(tree: Tree) -> None:
    text = PIPELINE.replace('"csv" }', '"csv", null = "a,b" }')
    (problem,) = tree.mistakes(text)
    assert problem["key"] == "format.null"


def test_a_mistake_in_an_inline_sink_points_into_the_pipeline(tree: Tree) -> None:
    text = """\
    path = "a.csv"
    format.type = "csv"

    [source]
    database = "warehouse.duckdb"
    table = "profiles"
    query = "SELECT 1"

    [sink]
    type = "file"
    root = "srv"
    """
    assert [told(one) for one in tree.mistakes(text)] == [
        "pipelines/newsletter.toml:5:1: source.database: "
        '"warehouse.duckdb" is not an absolute path',
        "pipelines/newsletter.toml:7:1: source.query: cannot stand beside table",
        'pipelines/newsletter.toml:11:1: sink.root: must be an absolute path, as in "/srv/exports"',
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("database = '/a.duckdb'", "says neither table nor query"),
        ("table = 'a'\nquery = 'SELECT 1'", "cannot stand beside table"),
        ("type = 'postgres'\ntable = 'a'", 'must be "duckdb", not "postgres"'),
        ("table = 'a'\nkind = 'profile'", '"profile" is not known here; did you mean "profiles"?'),
        ("table = ''", "must not be empty"),
        (
            "table = 'a'\n[profiles]\nidentity = 'a'",
            'unknown key; did you mean "identities"?',
        ),
    ],
)
def test_a_source_is_checked(tree: Tree, source: str, message: str) -> None:
    tree.write("sources/warehouse.toml", source)
    assert [one["message"] for one in tree.load().problems] == [message]


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ("[limits]\nconcurrent_runs = 0", "limits.concurrent_runs", "must be at least 1"),
        (
            "[limits]\nmemory = '1 gigabyte'",
            "limits.memory",
            '"1 gigabyte" is not a size; write a number and B, KB, MB, GB, MiB or GiB',
        ),
        (
            "[metrics]\nlisten = '9187'",
            "metrics.listen",
            'must be an address and a port, as "127.0.0.1:9187", or ""',
        ),
        ("[access]\nadmin = 'root'", "access.admin", "must be a list, not text"),
        ("account_id = ''", "account_id", "must not be empty"),
        (
            "[defaults]\nschedul = 'hourly'",
            "defaults.schedul",
            'unknown key; did you mean "schedule"?',
        ),
        ("[defaults.retry]\nattempts = 0", "defaults.retry.attempts", "must be at least 1"),
        (
            "[defaults]\npath = '${todey}'",
            "defaults.path",
            'unknown placeholder "${todey}"; did you mean ${today}?',
        ),
        ("defaults = 1", "defaults", "must be a table, not a number"),
    ],
)
def test_settings_are_checked(tree: Tree, settings: str, key: str, message: str) -> None:
    tree.write("profexd.toml", settings)
    (problem,) = tree.load().problems
    assert (problem["file"], problem["key"], problem["message"]) == ("profexd.toml", key, message)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a = 1\nb = \n", "2:5", "is not TOML: invalid value"),
        ("a = 1\n\n[b\n", "3:3", "is not TOML: expected ']' at the end of a table declaration"),
        ("a = 'x", "1:7", 'is not TOML: expected "\'"'),
        ("a = 1\n  a = 2\n", "2:3", "this key or table was there already"),
        ("[a]\nb = 1\n[a]\n", "3:1", "this key or table was there already"),
        ("enabled = True\n", "1:11", "is not TOML: invalid value"),
    ],
)
def test_a_file_that_is_not_toml_is_told_with_line_and_column(
    tree: Tree, text: str, place: str, message: str
) -> None:
    (problem,) = tree.mistakes(text)
    assert f"{problem['line']}:{problem['column']}" == place
    assert problem["message"] == message
    assert problem["key"] == ""


def test_a_text_without_quotes_is_told_to_have_some_and_not_repeated(tree: Tree) -> None:
    (problem,) = tree.mistakes("password = hunter2\n")
    assert problem["hint"] == 'text stands in quotes: password = "…"'
    assert "hunter2" not in repr(problem)


def test_a_file_that_is_not_utf_8_is_told_with_line_and_column(tree: Tree) -> None:
    file = tree.write("pipelines/newsletter.toml", "")
    file.write_bytes(b"source = 'a'\ndescription = 'Caff\xe8'\n")
    (problem,) = tree.load().problems
    assert told(problem) == "pipelines/newsletter.toml:2:20: : is not UTF-8: byte 0xE8"


def test_windows_line_ends_move_no_line(tree: Tree) -> None:
    file = tree.write("pipelines/newsletter.toml", "")
    file.write_bytes(PIPELINE.replace("\n", "\r\n").encode() + b"nope = 1\r\n")
    assert tree.problems() == ["pipelines/newsletter.toml:5:1: nope: unknown key"]


def test_a_mistake_in_the_defaults_points_at_profexd_toml_and_is_told_once(tree: Tree) -> None:
    tree.write("profexd.toml", "account_id = 'a'\n\n[defaults.format]\nseparator = ';;'\n")
    for name in ("a", "b"):
        tree.write(
            f"pipelines/{name}.toml",
            "source = 'warehouse'\nsink = 'lake'\npath = '${pipeline}.csv'\nformat.type = 'csv'\n",
        )
    configuration = tree.load()
    assert [told(one) for one in configuration.problems] == [
        "profexd.toml:4:1: defaults.format.separator: must be exactly one character"
    ]
    assert all(entry.invalid for entry in configuration.pipelines.values())


def test_a_directory_that_is_not_there_is_told(tmp_path: Path, tree: Tree) -> None:
    tree.root = tmp_path / "nowhere"
    (problem,) = tree.load().problems
    assert problem["message"] == "there is no such directory"
    assert "profexd init" in problem["hint"]


def test_a_misspelt_key_is_not_missing_too(tree: Tree) -> None:
    text = """\
    Source = "warehouse"
    snik = "lake"
    file_name = "a"
    [fromat]
    type = "csv"
    """
    assert [one["message"] for one in tree.mistakes(text)] == [
        'unknown key; did you mean "source"?',
        'unknown key; did you mean "sink"?',
        'unknown key; did you mean "filename"?',
        'unknown key; did you mean "format"?',
    ]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a = True", "write a = true"),
        ("a: 1", "a value stands behind an equals sign: KEY = VALUE"),
        ("hello", "each line is KEY = VALUE, [table] or # comment"),
        ('a = "C:\\exports"', "write \\\\ for \\, or put the text into single quotes"),
        ('a = "b\n', "close the quotation mark"),
        ("\ufeffa = 1", "the file starts with a byte order mark"),
    ],
)
def test_a_slip_in_the_syntax_is_told_with_its_remedy(tree: Tree, text: str, hint: str) -> None:
    (problem,) = tree.mistakes(text)
    assert problem["hint"].startswith(hint)


def test_an_unreadable_profexd_toml_is_the_problem_not_what_its_defaults_would_say(
    tree: Tree,
) -> None:
    tree.write("profexd.toml", "[defaults\nsource = 'warehouse'\n")
    tree.write("pipelines/a.toml", "sink = 'lake'\npath = 'a'\nformat.type = 'csv'\n")
    configuration = tree.load()
    assert [one["file"] for one in configuration.problems] == ["profexd.toml"]
    assert configuration.pipelines["a"].invalid
    tree.write("pipelines/b.toml", PIPELINE)
    assert not tree.load().pipelines["b"].invalid


def test_a_mistake_within_an_inline_sink_of_a_list_names_which(tree: Tree) -> None:
    text = PIPELINE.replace('sink = "lake"', 'sinks = ["lake", { type = "file", rot = "/a" }]')
    (problem,) = tree.mistakes(text)
    assert (problem["key"], problem["line"], problem["column"]) == ("sinks[1].rot", 2, 35)
    assert problem["message"] == 'unknown key; did you mean "root"?'

"""tui.toml: other keys, hosts and accents; what cannot be is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from profexd.tui.actions import Place, by_id, help_sections, resolve
from profexd.tui.preferences import (
    Host,
    Preferences,
    PreferencesInvalid,
    preferences_file,
    read_preferences,
)
from profexd.tui.reasons import Context
from tests.tui.fakes import pipeline


def read(tmp_path: Path, text: str) -> Preferences:
    file = tmp_path / "tui.toml"
    file.write_text(text, encoding="utf-8")
    return read_preferences(file)


def test_without_a_file_everything_is_as_the_table_says(tmp_path: Path) -> None:
    assert read_preferences(tmp_path / "tui.toml") == Preferences()


def test_the_file_is_looked_for_where_configuration_belongs() -> None:
    assert preferences_file({"HOME": "/home/a"}) == Path("/home/a/.config/profexd/tui.toml")
    assert preferences_file({"HOME": "/home/a", "XDG_CONFIG_HOME": "/c"}) == Path(
        "/c/profexd/tui.toml"
    )


def test_an_action_gets_other_keys_and_the_help_shows_them(tmp_path: Path) -> None:
    chosen = read(tmp_path, '[keys]\nrun = "F5"\nlog = ["o", "ctrl+o"]\n').actions
    context = Context(connected=True, targets=(pipeline("a"),))
    found = resolve("f5", Place.LIST, context, chosen)
    assert found is not None
    assert found[0].id == "run"
    assert by_id("log", chosen).keys == ("o", "ctrl+o")
    rows = [keys for _, section in help_sections(chosen) for keys, _ in section]
    assert "f5" in rows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[keys]\nrunn = "r"', 'keys.runn: unknown id "runn"; did you mean "run"?'),
        ('[keys]\nrun = "ctrl+b"', 'keys.run: "ctrl+b" is reserved'),
        ('[keys]\nrun = "hyper"', 'keys.run: "hyper" is no key'),
        ('[keys]\nrun = "x"', 'keys.run: "x" is the key of stop too'),
        ('[keys]\nrun = "?"', 'keys.run: "?" is the key of help too'),
        ('them = "a"', 'unknown key "them"; did you mean "theme"?'),
        ('list = ["prd"]\n[hosts.prod]', 'there is no [hosts.prd]; did you mean "prod"?'),
        ('list = "prod"\n[hosts.prod]', "list: must be names of [hosts.NAME]"),
        ('[hosts.prod]\naccent = "pink"', 'hosts.prod.accent: "pink" is none of red'),
        ('[hosts.prod]\nadress = "a"', 'hosts.prod: unknown key "adress"; did you mean "address"?'),
        ('[hosts.prod]\naddress = "-oProxyCommand=x"', "hosts.prod.address: must be text"),
        ("theme = ", "Invalid value"),
    ],
)
def test_what_cannot_be_is_named_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PreferencesInvalid) as raised:
        read(tmp_path, text)
    assert words in str(raised.value)
    assert str(tmp_path / "tui.toml") in str(raised.value)


def test_a_daemon_is_known_by_its_address_or_as_the_one_of_this_machine(tmp_path: Path) -> None:
    chosen = read(
        tmp_path,
        '[hosts.prod]\naddress = "ops@prod"\naccent = "red"\n[hosts.here]\naccent = "green"\n',
    )
    prod, here = chosen.hosts
    assert prod == Host("prod", address="ops@prod", accent="red")
    assert chosen.host_of("ops@prod") is prod
    assert chosen.host_of("/run/profexd/profexd.sock") is here
    assert chosen.host_of("ops@elsewhere") is None
    assert chosen.named("prod") is prod
    assert chosen.named("here") == Host("here", address="here", accent="green")
    assert chosen.named("ops@db") == Host("db", address="ops@db")


def test_the_documented_file_is_one(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "tui.md").read_text(encoding="utf-8")
    block = text.split("```toml\n", 1)[1].split("```", 1)[0]
    chosen = read(tmp_path, block)
    assert by_id("log", chosen.actions).keys == ("o", "ctrl+o")
    assert [host.name for host in chosen.hosts] == ["prod", "here"]
    assert chosen.listed == chosen.hosts

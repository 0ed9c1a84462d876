"""Where everything is, by flags, variables, systemd and defaults, in both modes."""

from __future__ import annotations

import pwd
from collections.abc import Mapping
from pathlib import Path

import pytest

from profexd.config.paths import PathFlags, Paths, client_socket, resolve

HOME = {"HOME": "/home/ada"}
USER = 1000


def places(
    flags: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    uid: int = USER,
) -> tuple[str, str, str, str]:
    paths = resolve(PathFlags(**(flags or {})), environ if environ is not None else HOME, uid)
    return str(paths.config), str(paths.state), str(paths.spool), str(paths.socket)


SYSTEM = (
    "/etc/profexd",
    "/var/lib/profexd",
    "/var/cache/profexd",
    "/run/profexd/profexd.sock",
)


def test_root_is_system_mode() -> None:
    assert places(uid=0) == SYSTEM
    assert resolve(PathFlags(), {}, 0).system_mode


def test_a_user_has_the_xdg_directories() -> None:
    environ = {
        "XDG_CONFIG_HOME": "/x/config",
        "XDG_STATE_HOME": "/x/state",
        "XDG_CACHE_HOME": "/x/cache",
        "XDG_RUNTIME_DIR": "/run/user/1000",
    }
    assert places(environ=environ) == (
        "/x/config/profexd",
        "/x/state/profexd",
        "/x/cache/profexd",
        "/run/user/1000/profexd/profexd.sock",
    )
    assert not resolve(PathFlags(), environ, USER).system_mode


def test_unset_xdg_variables_have_their_defaults_and_the_socket_is_private() -> None:
    assert places() == (
        "/home/ada/.config/profexd",
        "/home/ada/.local/state/profexd",
        "/home/ada/.cache/profexd",
        "/home/ada/.local/state/profexd/run/profexd.sock",
    )


def test_a_relative_xdg_variable_is_ignored() -> None:
    assert places(environ={**HOME, "XDG_CONFIG_HOME": "here"})[0] == "/home/ada/.config/profexd"


def test_without_home_the_password_file_knows() -> None:
    uid = pwd.getpwnam("nobody").pw_uid
    home = pwd.getpwuid(uid).pw_dir
    assert places(environ={}, uid=uid)[0] == f"{home}/.config/profexd"
    assert places(environ={}, uid=4_000_000)[0] == "/.config/profexd"


def test_the_configuration_directory_of_the_system_makes_system_mode() -> None:
    assert places({"config": "/etc/profexd"}) == SYSTEM
    assert places(environ={**HOME, "PROFEXD_CONFIG": "/etc/profexd/"}) == SYSTEM


def test_config_alone_moves_nothing_else() -> None:
    assert places({"config": "/srv/p"}, uid=0) == ("/srv/p", *SYSTEM[1:])
    assert places({"config": "/srv/p"})[1:] == places()[1:]


@pytest.mark.parametrize(
    ("flag", "index"), [("config", 0), ("state", 1), ("spool", 2), ("socket", 3)]
)
def test_flags_beat_variables_beat_systemd(flag: str, index: int) -> None:
    systemd = {
        "CONFIGURATION_DIRECTORY": "/systemd/config",
        "STATE_DIRECTORY": "/systemd/state",
        "CACHE_DIRECTORY": "/systemd/spool",
        "RUNTIME_DIRECTORY": "/systemd/socket",
    }
    variable = {f"PROFEXD_{flag.upper()}": "/variable"}
    tail = "/profexd.sock" if flag == "socket" else ""
    assert places(environ=systemd)[index] == f"/systemd/{flag}{tail}"
    assert places(environ={**systemd, **variable})[index] == "/variable"
    assert places({flag: "/flag"}, {**systemd, **variable})[index] == "/flag"


def test_of_several_directories_of_systemd_the_first_counts() -> None:
    assert places(environ={"STATE_DIRECTORY": "/a:/b"}, uid=0)[1] == "/a"


def test_systemds_configuration_directory_makes_system_mode_even_beside_a_flag() -> None:
    environ = {"CONFIGURATION_DIRECTORY": "/etc/other"}
    paths = resolve(PathFlags(config="/srv/p"), environ, USER)
    assert paths == Paths(
        config=Path("/srv/p"),
        state=Path("/var/lib/profexd"),
        spool=Path("/var/cache/profexd"),
        socket=Path("/run/profexd/profexd.sock"),
        system_mode=True,
    )


def test_relative_paths_are_taken_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert places({"config": "etc/../c"})[0] == str(tmp_path / "c")


def test_an_empty_variable_says_nothing() -> None:
    assert places(environ={**HOME, "PROFEXD_STATE": ""})[1] == "/home/ada/.local/state/profexd"


def test_a_client_takes_the_flag_then_the_variable_then_the_socket_that_exists(
    tmp_path: Path,
) -> None:
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    own = tmp_path / "profexd" / "profexd.sock"
    assert client_socket(None, environ, USER) == own
    assert client_socket(None, environ, 0) == Path("/run/profexd/profexd.sock")
    own.parent.mkdir()
    own.touch()
    assert client_socket(None, environ, 0) == own
    environ["PROFEXD_SOCKET"] = "/variable"
    assert client_socket(None, environ, USER) == Path("/variable")
    assert client_socket("/flag", environ, USER) == Path("/flag")

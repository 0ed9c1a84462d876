"""Starts the terminal interface: the environment first, because Textual reads it on import."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from profexd.wire import Exit

if TYPE_CHECKING:
    from profexd.client import Client
    from profexd.tui.preferences import Host

Color = Literal["auto", "truecolor", "256", "16", "none"]

_COLOR_SYSTEMS: Mapping[str, str] = {"truecolor": "truecolor", "256": "256", "16": "standard"}


@dataclass(frozen=True, slots=True)
class LaunchOptions:
    """What the command line asked for. ``theme`` is None where profexd may choose."""

    read_only: bool = False
    filter: str = ""
    mouse: bool = True
    ascii: bool = False
    color: Color = "auto"
    theme: str | None = None


@dataclass(frozen=True, slots=True)
class Appearance:
    """What was decided about the terminal."""

    ascii: bool
    theme: str


def environment(options: LaunchOptions, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that Textual has to find when it is imported.

    No animations anywhere; fewer frames where every frame crosses a network or a multiplexer.
    What the user has set already is kept, but for the colours asked for on the command line.
    """
    wanted = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_SMOOTH_SCROLL": "0"}
    if any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "TMUX", "STY")):
        wanted["TEXTUAL_FPS"] = "15"
    kept = {name: value for name, value in wanted.items() if name not in environ}
    if options.color == "none":
        kept["NO_COLOR"] = "1"
    elif options.color != "auto":
        kept["TEXTUAL_COLOR_SYSTEM"] = _COLOR_SYSTEMS[options.color]
    elif environ.get("TERM") == "linux":
        kept["TEXTUAL_COLOR_SYSTEM"] = "standard"
    return kept


def appearance(
    options: LaunchOptions,
    environ: Mapping[str, str],
    *,
    encoding: str,
    preferred: str | None = None,
) -> Appearance:
    """Return glyphs and theme: the terminal's own 16 colours and ASCII where it has no more.

    ``preferred`` is the theme of tui.toml, for terminals with more colours.
    """
    plain = options.color in ("16", "none") or environ.get("TERM") in ("linux", "dumb", "vt100")
    unicode = encoding.lower().replace("-", "").startswith("utf")
    ascii_only = options.ascii or not unicode or environ.get("TERM") in ("linux", "dumb", "vt100")
    return Appearance(
        ascii=ascii_only,
        theme=options.theme or ("ansi-dark" if plain else preferred or "profexd"),
    )


def launch(options: LaunchOptions, client: Client) -> int:
    """Show the terminal interface until the user leaves it; return the exit code."""
    from profexd.tui.preferences import PreferencesInvalid, preferences_file, read_preferences

    try:
        preferences = read_preferences(preferences_file(os.environ))
    except PreferencesInvalid as error:
        sys.stderr.write(f"profexctl: {error}\n")
        return Exit.USAGE
    os.environ.update(environment(options, os.environ))
    for frozen in ("COLUMNS", "LINES"):  # where they are exported they hide a change of size
        os.environ.pop(frozen, None)
    looks = appearance(
        options,
        os.environ,
        encoding=sys.stdout.encoding or "ascii",
        preferred=preferences.theme,
    )

    from textual.theme import BUILTIN_THEMES

    from profexd.tui.app import ProfexdApp
    from profexd.tui.glyphs import ASCII, UNICODE
    from profexd.tui.theme import PROFEXD_THEME

    themes = sorted({*BUILTIN_THEMES, PROFEXD_THEME.name})
    if looks.theme not in themes:
        known = ", ".join(themes)
        sys.stderr.write(f"profexctl: unknown theme {looks.theme}; there are: {known}\n")
        return Exit.USAGE

    while True:
        app = ProfexdApp(
            client,
            read_only=options.read_only,
            filter_text=options.filter,
            glyphs=ASCII if looks.ascii else UNICODE,
            theme_name=looks.theme,
            preferences=preferences,
        )
        host = app.run(mouse=options.mouse)
        if host is None:
            return app.return_code or 0
        client = client_of(host, os.environ)


def client_of(host: Host, environ: Mapping[str, str]) -> Client:
    """Return a client of the daemon of a configured host; touches nothing yet."""
    from profexd.client import Client, SshTransport, connect

    if host.address:
        return Client(SshTransport(host.address, remote_socket=host.socket, environ=environ))
    from profexd.config.paths import client_socket

    return connect(client_socket(host.socket, environ, os.getuid()))

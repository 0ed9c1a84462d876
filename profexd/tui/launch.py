"""Starts the terminal interface: the environment first, because Textual reads it on import."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from profexd.wire import Exit

if TYPE_CHECKING:
    from profexd.client import Client
    from profexd.tui.fleet import Fleet
    from profexd.tui.preferences import Host, Preferences

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
    hosts: tuple[str, ...] = ()
    """Whom to watch, by names of tui.toml or addresses; none: the client that is given."""
    socket: str | None = None
    """The daemon's socket at the one host that is named."""
    all_hosts: bool = False
    any_host: bool = False
    """Whether nobody was named, so that tui.toml may say who shares the list."""


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
        # A connection that breaks would leave the terminal in the protocol: keys print garbage.
        wanted["TEXTUAL_DISABLE_KITTY_KEY"] = "1"
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
    plain = options.color == "16" or environ.get("TERM") in ("linux", "dumb", "vt100")
    colorless = options.color == "none" or bool(environ.get("NO_COLOR"))
    unicode = encoding.lower().replace("-", "").startswith("utf")
    ascii_only = options.ascii or not unicode or environ.get("TERM") in ("linux", "dumb", "vt100")
    theme = options.theme or ("ansi-dark" if plain else preferred or "profexd")
    # Without colours there are shades of grey; the terminal's own colours would all be black.
    if colorless and theme.startswith(("ansi", "textual-ansi")):
        theme = "profexd"
    return Appearance(ascii=ascii_only, theme=theme)


def launch(options: LaunchOptions, client: Client) -> int:
    """Show the terminal interface until the user leaves it; return the exit code."""
    import gc
    from concurrent.futures import ThreadPoolExecutor

    from profexd.client import ClientError
    from profexd.tui.preferences import PreferencesInvalid, preferences_file, read_preferences

    try:
        preferences = read_preferences(preferences_file(os.environ))
    except PreferencesInvalid as error:
        sys.stderr.write(f"profexctl: {error}\n")
        return Exit.USAGE
    if options.all_hosts and not preferences.hosts:
        sys.stderr.write(f"profexctl: {preferences_file(os.environ)} has no [hosts.NAME]\n")
        return Exit.USAGE
    os.environ.update(environment(options, os.environ))
    for frozen in ("COLUMNS", "LINES"):  # where they are exported they hide a change of size
        os.environ.pop(frozen, None)
    # ssh has its time to log in while the libraries load, and nobody looks for garbage in them.
    gc.disable()
    with ThreadPoolExecutor(1) as beside:
        choosing = beside.submit(_chosen, options, preferences, client)
        from textual.theme import BUILTIN_THEMES

        from profexd.tui.app import ProfexdApp
    gc.enable()
    watched = choosing.result()
    looks = appearance(
        options,
        os.environ,
        encoding=sys.stdout.encoding or "ascii",
        preferred=preferences.theme,
    )

    from profexd.tui.glyphs import ASCII, UNICODE
    from profexd.tui.theme import PROFEXD_THEME

    themes = sorted({*BUILTIN_THEMES, PROFEXD_THEME.name})
    if looks.theme not in themes:
        known = ", ".join(themes)
        sys.stderr.write(f"profexctl: unknown theme {looks.theme}; there are: {known}\n")
        return Exit.USAGE

    while True:
        app = ProfexdApp(
            watched,
            read_only=options.read_only,
            filter_text=options.filter,
            glyphs=ASCII if looks.ascii else UNICODE,
            theme_name=looks.theme,
            preferences=preferences,
        )
        hosts = app.run(mouse=options.mouse)
        if hosts is None:
            return app.return_code or 0
        with suppress(ClientError):  # the screen says it too, and tries again
            _log_in(hosts, os.environ)
        watched = _watched(hosts, os.environ)


def _chosen(options: LaunchOptions, preferences: Preferences, client: Client) -> Fleet:
    """Return whom the command line means, or tui.toml where it names nobody.

    Raises ClientError where the one host that was named does not answer.
    """
    from profexd.tui.fleet import alone

    named = [preferences.named(name) for name in dict.fromkeys(options.hosts)]
    hosts = tuple(replace(host, socket=options.socket or host.socket) for host in named)
    if options.all_hosts:
        hosts = tuple(dict.fromkeys((*preferences.hosts, *hosts)))
    elif options.any_host and not hosts:
        hosts = preferences.listed
    if not hosts:
        return alone(client, preferences.host_of(client.where))
    _log_in(hosts, os.environ)
    return _watched(hosts, os.environ)


def _log_in(hosts: Sequence[Host], environ: Mapping[str, str]) -> None:
    """Let ssh ask the one host's password, which is no question for a full screen."""
    if len(hosts) == 1 and hosts[0].address:
        client_of(hosts[0], environ, ask=True).info()


def _watched(hosts: Sequence[Host], environ: Mapping[str, str]) -> Fleet:
    """Return one host alone, or several in one list."""
    from profexd.tui.fleet import alone, together

    watched = [(host, client_of(host, environ)) for host in hosts]
    [(host, client), *others] = watched
    return together(watched) if others else alone(client, host)


def client_of(host: Host, environ: Mapping[str, str], *, ask: bool = False) -> Client:
    """Return a client of the daemon of a configured host; touches nothing yet.

    Only with ``ask`` ssh may ask for a password: that is no question for a full screen.
    """
    from profexd.client import Client, SshTransport, connect

    if host.address:
        return Client(
            SshTransport(host.address, remote_socket=host.socket, environ=environ, ask=ask)
        )
    from profexd.config.paths import client_socket

    return connect(client_socket(host.socket, environ, os.getuid()))

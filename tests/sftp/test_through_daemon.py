"""Deliveries over SFTP as a sysadmin meets them: processes killed, servers gone, secrets kept."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.site import Answer, Site
from tests.servers.proxy import Proxy, proxy
from tests.servers.sshd import PASSWORD, Sshd

CANARY = "canary-7f3a91"


@pytest.fixture
def between(server: Sshd) -> Iterator[Proxy]:
    with proxy(server.port) as running:
        yield running


def partner(site: Site, server: Sshd, folder: str, port: int = 0, **keys: str) -> None:
    """Write the sink ``partner`` and the pipeline ``out`` that delivers to it."""
    table = {
        "type": '"sftp"',
        "host": '"127.0.0.1"',
        "port": str(port or server.port),
        "username": f'"{server.user}"',
        "password": f'"{PASSWORD}"',
        "host_key": f'"{server.line()}"',
        "root": f'"{folder}"',
        **keys,
    }
    path = site.write("sinks/partner.toml", "".join(f"{k} = {v}\n" for k, v in table.items()))
    path.chmod(0o600)
    site.pipeline("out", sink='"partner"', path='"a/out.csv"', retry='{ backoff = "1s" }')


def hidden(server: Sshd, folder: str) -> list[str]:
    return [name for name in server.files(folder) if Path(name).name.startswith(".")]


def started(site: Site) -> str:
    site.start()
    site.until(lambda: site.listed().get("out", {}).get("state") == "pending", "it is listed")
    run_id: str = site.profexctl("run", "out", "--json").json["run_id"]
    return run_id


def test_a_run_delivers_and_says_where(site: Site, server: Sshd, folder: str) -> None:
    partner(site, server, folder)
    answer = site.profexd("export", "out", "--json")
    assert answer.code == 0, answer.err
    [file] = answer.json["files"]
    where = f"sftp://{server.user}@127.0.0.1:{server.port}/~/{folder}/a/out.csv"
    assert (file["status"], file["uri"]) == ("published", where)
    assert server.files(folder) == ["a/out.csv"]
    assert (server.home / folder / "a/out.csv").stat().st_size == file["bytes"]


def test_on_existing_fail_and_suffix_never_replace(site: Site, server: Sshd, folder: str) -> None:
    partner(site, server, folder)
    site.pipeline("out", sink='"partner"', on_existing='"fail"')
    assert site.profexd("export", "out").code == 0
    again = site.profexd("export", "out", "--json")
    assert (again.code, again.json["error"]["code"]) == (1, "target_exists")
    assert server.files(folder) == ["out.csv"]
    site.pipeline("out", sink='"partner"', on_existing='"suffix"')
    assert site.profexd("export", "out").code == 0
    assert len(server.files(folder)) == 2
    assert hidden(server, folder) == []


def test_a_connection_cut_half_way_is_tried_again(
    site: Site, server: Sshd, folder: str, between: Proxy
) -> None:
    between.cut_after = 60_000
    partner(site, server, folder, between.port)
    run_id = started(site)
    site.until(lambda: between.connections > 1 or hidden(server, folder), "it is cut")
    between.heal()
    run = site.finished(run_id)
    assert run["status"] == "done", run["error"]
    assert run["attempt"] > 1
    assert server.files(folder) == ["a/out.csv"]


def test_a_worker_killed_while_it_sends_leaves_nothing(
    site: Site, server: Sshd, folder: str
) -> None:
    partner(site, server, folder, bandwidth='"20KB"')
    run_id = started(site)
    site.until(lambda: hidden(server, folder), "bytes are staged")
    [worker] = site.workers()
    os.kill(worker, signal.SIGKILL)
    run = site.finished(run_id)
    assert (run["status"], run["error"]["code"]) == ("failed", "worker_died")
    site.until(lambda: server.files(folder) == [], "what was staged is removed")


def test_a_stopped_run_leaves_nothing(site: Site, server: Sshd, folder: str) -> None:
    partner(site, server, folder, bandwidth='"20KB"')
    run_id = started(site)
    site.until(lambda: hidden(server, folder), "bytes are staged")
    assert site.profexctl("stop", run_id).code == 0
    assert site.finished(run_id)["status"] == "stopped"
    assert server.files(folder) == []


def test_a_daemon_killed_while_it_sends_leaves_nothing_after_the_next_start(
    site: Site, server: Sshd, folder: str
) -> None:
    partner(site, server, folder, bandwidth='"20KB"')
    started(site)
    site.until(lambda: hidden(server, folder), "bytes are staged")
    site.kill()
    assert hidden(server, folder)
    site.start()
    site.until(lambda: server.files(folder) == [], "what was staged is removed")


@pytest.mark.parametrize("answered", [False, True])
def test_a_daemon_killed_around_the_rename_delivers_once_or_not_at_all(
    site: Site, server: Sshd, folder: str, between: Proxy, *, answered: bool
) -> None:
    partner(site, server, folder, between.port, bandwidth='"200KB"', timeout='"30s"')
    run_id = started(site)
    size = site.until(lambda: _complete(site, run_id, server, folder), "all bytes are there")
    between.mute = not answered
    between.frozen = answered
    site.kill()
    between.cut()
    between.heal()
    site.start()
    run = site.finished(run_id)
    if run["status"] == "done":
        assert server.files(folder) == ["a/out.csv"]
        assert (server.home / folder / "a/out.csv").stat().st_size == size
    else:
        site.until(lambda: server.files(folder) == [], "nothing is left")


def _complete(site: Site, run_id: str, server: Sshd, folder: str) -> int:
    """Return the size of the file once all of it is at the server, under whatever name."""
    size = int(site.run(run_id)["bytes"] or 0)
    sizes = [(server.home / folder / name).stat().st_size for name in server.files(folder)]
    return size if size and size in sizes else 0


def test_a_full_disk_and_a_changed_key_end_the_run_at_once(
    site: Site, server: Sshd, folder: str
) -> None:
    partner(site, server, folder, host_key='"SHA256:' + "A" * 43 + '"')
    run = site.profexd("export", "out", "--json")
    assert (run.code, run.json["status"], run.json["attempt"]) == (1, "failed", 1)
    assert run.json["error"]["code"] == "sink_auth"
    assert f'host_key = "{server.line()}"' in run.json["error"]["hint"]


def assert_nowhere(site: Site, answers: list[Answer], *secrets: str) -> None:
    """Look into all that was said and written for what must be in the configuration alone."""
    said = [answer.out + answer.err for answer in answers]
    places = [site.state, site.spool, site.folder / "daemon.log"]
    files = [p for place in places for p in (place, *place.rglob("*")) if p.is_file()]
    said += [path.read_bytes().decode(errors="replace") for path in files]
    assert len(said) > len(answers)
    for text in said:
        for secret in secrets:
            assert secret not in text


def test_no_secret_of_an_export_is_anywhere_but_in_the_configuration(
    site: Site, server: Sshd, folder: str, tmp_path: Path
) -> None:
    key = server.key.read_text().strip().splitlines()
    secret = tmp_path / "key"
    secret.write_text("\n".join([*key[:-1], CANARY, key[-1]]))
    answers: list[Answer] = []
    for keys, code in (
        ({"private_key": f'{{ file = "{secret}" }}', "passphrase": f'"{CANARY}"'}, 2),
        ({}, 0),
    ):
        partner(site, server, folder, **keys)
        answers.append(site.profexd("export", "out", "--json"))
        assert answers[-1].code == code
    assert_nowhere(site, answers, CANARY, PASSWORD, key[1])


def test_no_secret_of_a_daemon_is_anywhere_but_in_the_configuration(
    site: Site, server: Sshd, folder: str
) -> None:
    partner(site, server, folder, password=f'"{CANARY}"')
    site.start()
    site.until(lambda: "out" in site.listed(), "it is listed")
    answers = [
        site.profexctl(*words)
        for words in (("run", "out", "--wait", "--json"), ("logs", "out"), ("show", "out"))
    ]
    assert [answer.code for answer in answers] == [1, 0, 0]
    assert site.stop() == 0
    assert_nowhere(site, answers, CANARY)


def test_no_child_has_a_secret_in_its_arguments_or_environment(
    site: Site, server: Sshd, folder: str
) -> None:
    partner(site, server, folder, bandwidth='"20KB"')
    started(site)
    site.until(lambda: hidden(server, folder), "bytes are staged")
    [worker] = site.workers()
    for name in ("cmdline", "environ"):
        assert PASSWORD not in Path(f"/proc/{worker}/{name}").read_bytes().decode()


def test_check_online_says_what_the_server_says(site: Site, server: Sshd, folder: str) -> None:
    partner(site, server, folder)
    good = site.profexd("check", "--online")
    assert good.code == 0, good.err
    assert server.files(folder) == []
    partner(site, server, folder, password='"wrong"')
    bad = site.profexd("check", "--online")
    assert bad.code != 0
    assert f"refuses {server.user} with password" in bad.out + bad.err

"""The page of results: its sections are replaced one by one."""

from __future__ import annotations

from pathlib import Path

_TITLES = {
    "peers": "## Beside other tools",
    "own": "## Beside COPY of the same text",
    "memory": "## Memory",
    "split": "## Several files",
    "changed": "## Changed rows",
    "sftp": "## Over SFTP",
    "s3": "## To S3",
    "many": "## Many pipelines",
    "terminal": "## The terminal",
    "soak": "## Thousands of runs in a row",
}
_INTRODUCTION = """# Benchmarks

`make bench` (`python -m benchmarks`) wrote this page; `--peers`, `--own`, `--memory` and `--split`
measure one section alone and leave the others as they are. Each measurement is a process of its
own, without the start of the interpreter and the loading of libraries; the ways of one export
alternate, and times are medians. All read the same made-up rows of 20 columns, nested ones too.
profexd's time is that of its own build: source, SQL, format, codec, SHA-256, spool.
`--sftp` measures the sftp sink, as root, `--s3 AWS` the s3 sink beside the AWS command line,
`--changed` a second run in mode `changed`, `--many` a daemon with 1,000 pipelines, and `make soak`
(`--soak`) one with thousands of runs in a row, `--terminal` the interface in tmux, over sshd and so
as root, each only where it is asked for.
"""


def put(page: Path, key: str, text: str) -> None:
    """Replace one section of the page, or add it; all sections stand in their order."""
    sections = _sections(page.read_text(encoding="utf-8")) if page.exists() else {}
    sections[key] = text
    parts = [f"{title}\n\n{sections[key]}" for key, title in _TITLES.items() if key in sections]
    page.write_text("\n".join([_INTRODUCTION, *parts]), encoding="utf-8")


def _sections(text: str) -> dict[str, str]:
    keys = {title: key for key, title in _TITLES.items()}
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if line.startswith("## "):
            current = []
            if line in keys:
                found[keys[line]] = current
            continue
        current.append(line)
    return {key: "\n".join(lines).strip() + "\n" for key, lines in found.items()}

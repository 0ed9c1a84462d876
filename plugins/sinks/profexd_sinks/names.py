"""What file systems, here and behind a server, take as the name of a folder or file."""

from __future__ import annotations

_LONGEST = 255


def name_fault(target: str) -> str:
    """Return which name in a path is longer than file systems take, or nothing."""
    for name in target.split("/"):
        size = len(name.encode(errors="surrogatepass"))
        if size > _LONGEST:
            shown = name if len(name) <= 80 else f"{name[:79]}…"
            return f'the name "{shown}" is {size} bytes long; {_LONGEST} are the most'
    return ""

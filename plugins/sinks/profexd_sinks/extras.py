"""Sinks whose libraries are not always installed: they say how to install them."""

from __future__ import annotations

from importlib.util import find_spec


def require(extra: str, *modules: str) -> None:
    """Raise ImportError, in words for people, unless the modules of an extra are there.

    It only looks: importing them takes long, and a run that has no use for them must not.
    """
    for module in modules:
        try:
            found = find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise ImportError(
                f"the sink {extra} needs libraries that are not installed:"
                f" pip install 'profexd[{extra}]'"
            )

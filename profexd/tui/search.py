"""The grammar of the filter line: text to a predicate over pipelines.

Words are joined by *and*. ``word`` is a substring of name, description, export id or last run
id; ``~word`` matches its letters in order; ``key:value`` compares one property; a leading ``!``
turns any of them round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from profexd.tui.naming import bare, host_of
from profexd.wire import PipelineJson, PipelineState

Predicate = Callable[[PipelineJson], bool]

KEYS = ("host", "state", "sink", "format", "kind", "freq", "schedule", "source", "id")

PROBLEM_STATES = frozenset(
    {
        PipelineState.INVALID,
        PipelineState.HELD,
        PipelineState.FAILED,
        PipelineState.STOPPED,
    }
)


def compile_filter(text: str) -> Predicate:
    """Return the predicate that ``text`` asks for; an empty text matches everything."""
    predicates = [_word(word) for word in text.split() if word not in ("!", "~", "!~")]
    return lambda pipeline: all(predicate(pipeline) for predicate in predicates)


def is_problem(pipeline: PipelineJson) -> bool:
    """Whether somebody should look at the pipeline: broken, held, or its last run went wrong."""
    last = pipeline["last_run"]
    return (
        pipeline["state"] in PROBLEM_STATES
        or bool(pipeline["problems"])
        or (last is not None and last["error"] is not None)
    )


def _word(word: str) -> Predicate:
    if word.startswith("!"):
        wanted = _word(word[1:])
        return lambda pipeline: not wanted(pipeline)
    if word.startswith("~"):
        letters = word[1:].lower()
        return lambda pipeline: _in_order(letters, bare(pipeline["name"]).lower())
    key, colon, value = word.partition(":")
    if colon and key.lower() in KEYS:
        return _property(key.lower(), value)
    needle = word.lower()
    return lambda pipeline: (
        any(needle in text.lower() for text in _texts(pipeline))
        or ("/" in needle and needle in pipeline["name"].lower())
    )


def _property(key: str, value: str) -> Predicate:
    if key == "state" and len(value) == 1 and value.isupper():
        return lambda pipeline: PipelineState(pipeline["state"]).letter == value
    wanted = tuple(part for part in value.lower().split(",") if part)
    read = _READERS[key]
    if key in ("id", "schedule"):
        return lambda pipeline: any(part in text for part in wanted for text in read(pipeline))
    return lambda pipeline: (
        not wanted
        or any(text.startswith(part) for part in wanted for text in map(str.lower, read(pipeline)))
    )


def _ids(pipeline: PipelineJson) -> list[str]:
    ids = [pipeline["export_id"].lower()]
    if pipeline["last_run"]:
        ids.append(pipeline["last_run"]["run_id"].lower())
    if pipeline["running"]:
        ids.append(pipeline["running"]["run_id"].lower())
    return ids


_READERS: Mapping[str, Callable[[PipelineJson], list[str]]] = {
    "host": lambda pipeline: [host_of(pipeline["name"])],
    "state": lambda pipeline: [pipeline["state"]],
    "sink": lambda pipeline: list(pipeline["sinks"]),
    "format": lambda pipeline: [pipeline["format"]],
    "kind": lambda pipeline: [pipeline["kind"]],
    "freq": lambda pipeline: [pipeline["frequency"]],
    "schedule": lambda pipeline: [pipeline["schedule"].lower()],
    "source": lambda pipeline: [pipeline["source"]],
    "id": _ids,
}


def _texts(pipeline: PipelineJson) -> list[str]:
    return [bare(pipeline["name"]), pipeline["description"], *_ids(pipeline)]


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)

"""Pipelines of more than one step: held, sent again, vouched for, and several of one file."""

from __future__ import annotations

from profexd.torture.promises import ASIDE, MAIN, Changed, Full

_PART_ROWS = 45

_RECEIPTS = """\
[manifest]
path = "{name}/${{run_id}}.manifest.json"
done = "{name}/${{run_id}}.done"
"""


class Vouched(Full):
    """Many files at two sinks, then a signature, a manifest, and a marker."""

    name = "vouched"
    sinks = (MAIN, ASIDE)
    vouched = True
    text = f"""\
path = "vouched/${{run_id}}-${{column:country}}-${{part}}.csv"
partition_by = ["country"]
split = {{ max_rows = {_PART_ROWS} }}
[format]
type = "csv"
{_RECEIPTS.format(name="vouched")}"""


class Held(Changed):
    """Changes that somebody has to approve or reject, every time."""

    name = "held"
    held = True
    vouched = True
    text = f"""\
{Changed.text.replace("changed/", "held/")}\
[checks]
max_rows = 1
{_RECEIPTS.format(name="held")}"""


class Resent(Full):
    """A delivery that is taken away, and then sent again."""

    name = "resent"
    resent = True
    vouched = True
    text = f"""\
path = "resent/${{run_id}}-${{part}}.csv"
split = {{ max_rows = 60 }}
[format]
type = "csv"
{_RECEIPTS.format(name="resent")}"""


_RIVAL = """\
path = "rival/customers.csv"
schedule = { when = "manual", overlap = "queue" }
[format]
type = "csv"
"""


class Rival(Full):
    """The first of several runs that write one file, each with newer rows."""

    name = "rival"
    followers = ("rival-again", "rival")
    text = _RIVAL


class RivalAgain(Full):
    """Another pipeline that writes the same file."""

    name = "rival-again"
    text = _RIVAL

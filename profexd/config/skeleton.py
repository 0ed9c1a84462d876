"""The commented files that ``profexd init`` writes."""

from __future__ import annotations

from collections.abc import Mapping

FILES: Mapping[str, str] = {
    "profexd.toml": """\
# The daemon's own settings. Every key may be left out.

timezone = "UTC"   # of schedules and of dates in paths
""",
    "sources/warehouse.toml": """\
# Where rows come from. Its name is the file's: source = "warehouse".

type     = "duckdb"
database = "/srv/warehouse.duckdb"   # opened read-only, only while rows are read
table    = "profiles"                # or query = "SELECT …"

[profiles]
key = "profile_id"                   # one row per key; makes every order total
""",
    "sinks/lake.toml": """\
# Where files go. Its name is the file's: sink = "lake".

type = "file"
root = "/srv/exports"                # absolute
""",
    "pipelines/customers.toml": """\
# What is exported, how, where and when. Its name is the file's: customers.

description = "All customers"
enabled     = false                  # set to true once it says what you want
source      = "warehouse"
sink        = "lake"
path        = "customers/customers-${today}.csv.gz"
schedule    = "manual"               # or "every 6h", "daily at 03:00", "0 3 * * mon-fri"
compression = "gzip"

[format]
type = "csv"
""",
}

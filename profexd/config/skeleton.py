"""The commented files that ``profexd init`` writes; ``etc/`` shows the same."""

from __future__ import annotations

from collections.abc import Mapping

_SETTINGS = """\
# The daemon's own settings. Every key may be left out: each stands here with its default.
# A mistake in this file leaves the settings in force that were read before.
# "profexd check" tells every mistake in every file.

account_id     = "default"   # becomes ${account_id} in paths
instance_id    = "0"         # becomes ${instance_id} in paths
timezone       = "UTC"       # of schedules, and of dates in paths
shutdown_grace = "60s"       # on SIGTERM, running runs have so long to finish

[limits]
concurrent_runs = 2          # the rest queue, oldest first
memory          = "1GB"      # DuckDB's limit for one run; beyond it, it spills to disk
threads         = 0          # of one run; 0 is one per core

[spool]                      # where files are built before they are delivered
keep     = "2d"              # built files are kept so long; "0": until delivered
max_size = "20GB"

[history]
keep = "90d"                 # finished runs are remembered so long

[log]
format = "auto"              # auto | text | logfmt | json
level  = "info"              # debug | info | warning | error

[metrics]
listen = ""                  # as "127.0.0.1:9187"; they are always served on the socket

[access]                     # users and "@groups"; root and the daemon's user are admin
admin    = []                # + approve, reject, resend, reload
operator = ["@profexd"]      # + run, stop, pause, resume, logs, preview, check
viewer   = []                # list, show, status, runs, events, plugins

[signing]
key = ""                     # an SSH Ed25519 private key: signs manifests

[defaults]                   # any pipeline key, for every pipeline that does not say otherwise
# compression = "gzip"
# retry = { attempts = 5 }
"""

_SOURCE = """\
# Where rows come from. A pipeline names it by this file's name: source = "warehouse".

type     = "duckdb"
database = "/srv/warehouse.duckdb"   # opened read-only, and only while rows are read
table    = "profiles"                # or query = "SELECT …"
kind     = "profiles"                # profiles | events

# When another process holds the write lock: wait so long, then fail and name it.
lock_wait = "30s"

[profiles]
key = "profile_id"                   # one row per key; it breaks ties in order_by

# What other columns mean, for [identity] and [columns] of pipelines. The rest are properties.
# identities  = ["email", "phone"]
# id          = "clevertap_id"       # the system's own id
# ids         = "clevertap_ids"      # all its ids, a list
# device      = { token = "device_token" }
# preferences = { MSG-push = "msg_push", MSG-email = "msg_email" }
# system      = ["Name", "Gender"]
"""

_SINK = """\
# Where files go. A pipeline names it by this file's name: sink = "lake".
# A file that holds a secret must not be readable by everybody: chmod 0640.

type = "file"
root = "/srv/exports"     # absolute; no file is ever written outside of it
mode = "0640"             # of the files delivered

timeout         = "30s"   # fail when nothing moves for so long
connect_timeout = "10s"
concurrency     = 4       # transfers at a time
bandwidth       = ""      # per second, as "10MB"; empty: no limit
"""

_PIPELINE = """\
# What is exported, how, where and when. The pipeline has this file's name: customers.

description = "All customers, for the newsletter"
enabled     = false                  # true once the rest says what you want
source      = "warehouse"            # sources/warehouse.toml
sink        = "lake"                 # sinks/lake.toml; or sinks = ["lake", "partner"]

# Below the root of the sink. ${today} is the day of the run, as 2025-10-29.
path        = "customers/customers-${today}.csv.gz"
compression = "gzip"                 # none | gzip | zstd | zip | snappy | bzip2 | xz
# on_existing = "fail"               # overwrite | fail | suffix

# "manual", "once", "once at 2026-12-01T03:00", "every 6h", "hourly", "daily at 03:00",
# or cron: "0 3 * * mon-fri". A [schedule] table says more.
schedule    = "manual"

# mode      = "changed"              # only what differs from the last delivered run
# where     = "visits > 3"           # a DuckDB expression
# order_by  = ["email", "-signup_at"]
# timeout   = "2h"

[format]
type = "csv"                         # csv | excel | json | parquet | xml

# [filter]                           # which rows
# match      = "all"                 # all | any
# conditions = [ { property = "country", operator = "is one of", values = ["IT", "FR"] } ]

# [identity]                         # which identifiers
# columns = ["email", "phone"]       # the first that is present
# export  = "first"                  # first | all

# [columns]                          # which other columns
# preferences = ["MSG-email"]
# properties  = "all"                # all | system | ["Name", …]
# exclude     = ["ssn"]
# rename      = { phone = "Phone Number" }

# [changes]                          # with mode = "changed"
# deletes    = "ignore"              # ignore | include | separate-file
# full_every = "7d"

# [split]                            # several files, customers-…-001.csv.gz and so on
# max_size    = "100MB"              # of a file as delivered
# max_rows    = 1_000_000

# [checks]                           # before anything is published
# min_rows     = 1
# max_row_drop = "20%"               # since the last delivered run
# max_null     = { email = "5%" }
# on_failure   = "hold"              # hold | fail | warn

# [retry]                            # after errors that can pass
# attempts    = 5
# backoff     = "10s"
# max_backoff = "10m"
"""

FILES: Mapping[str, str] = {
    "profexd.toml": _SETTINGS,
    "sources/warehouse.toml": _SOURCE,
    "sinks/lake.toml": _SINK,
    "pipelines/customers.toml": _PIPELINE,
}
"""Relative path to commented text."""

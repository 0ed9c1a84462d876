"""A made-up warehouse of customer profiles and events, the same for the same arguments."""

from __future__ import annotations

from pathlib import Path

import duckdb

_PROFILES = """
CREATE OR REPLACE TABLE profiles AS
SELECT
    'p' || lpad(i::VARCHAR, 9, '0') AS profile_id,
    CASE WHEN i % 7 <> 0 THEN 'user' || i || '@example.com' END AS email,
    CASE WHEN i % 5 <> 0 THEN '+39' || (3200000000 + i) END AS phone,
    CASE WHEN i % 11 <> 0 THEN 'customer ' || (hash(i, 1) % 1000) END AS identity,
    ['Ada', 'Zoë', 'Søren', '李', 'O''Hara', 'Maria, "Mia"'][1 + (hash(i, 2) % 6)::INTEGER]
        AS "Name",
    ['IT', 'FR', 'DE', 'US', 'JP', NULL][1 + (hash(i, 3) % 6)::INTEGER] AS country,
    (hash(i, 4) % 50)::INTEGER AS visits,
    ((hash(i, 5) % 1000000)::DECIMAL(12, 2) / 100)::DECIMAL(12, 2) AS revenue,
    (hash(i, 6) % 10007)::DOUBLE / 7 AS score,
    hash(i, 7) % 2 = 0 AS active,
    DATE '1950-01-01' + (hash(i, 8) % 20000)::INTEGER AS born,
    TIMESTAMP '2020-01-01' + INTERVAL (hash(i, 9) % 150000000) SECOND AS signup_at,
    TIMESTAMPTZ '2024-01-01 00:00:00Z' + INTERVAL (hash(i, 10) % 50000000) SECOND AS seen_at,
    9007199254740993 + i AS legacy_number,
    md5(i::VARCHAR)::UUID AS token,
    CASE WHEN i % 3 = 0 THEN 'line one' || chr(10) || 'line two' ELSE '' END AS notes,
    ['tag' || (hash(i, 11) % 9), 'tag' || (hash(i, 12) % 9)] AS tags,
    {
        'city': ['Roma', 'Lyon', 'Köln'][1 + (hash(i, 13) % 3)::INTEGER],
        'zip': (hash(i, 14) % 99999)::INTEGER
    } AS address,
    MAP {'newsletter': (hash(i, 15) % 2) = 0, 'sms': (hash(i, 16) % 2) = 0} AS groups,
    json_object('os', 'linux', 'build', i % 9) AS device
FROM range(?) r(i)
"""

_EVENTS = """
CREATE OR REPLACE TABLE events AS
SELECT
    i AS event_id,
    ['Charged', 'App Launched', 'Product Viewed'][1 + (hash(i, 21) % 3)::INTEGER] AS event_name,
    TIMESTAMPTZ '2026-01-01 00:00:00Z' + INTERVAL (hash(i, 22) % 20000000) SECOND AS event_time,
    'p' || lpad((hash(i, 23) % ?)::VARCHAR, 9, '0') AS profile_id,
    ((hash(i, 24) % 100000)::DECIMAL(12, 2) / 100)::DECIMAL(12, 2) AS amount,
    ['web', 'ios', 'android'][1 + (hash(i, 25) % 3)::INTEGER] AS platform
FROM range(?) r(i)
"""


def create_warehouse(database: Path, *, profiles: int, events: int = 0) -> None:
    """Write tables ``profiles`` (20 columns, nested ones too) and ``events`` into ``database``.

    Creates the file when it is absent and replaces the two tables when it is not.
    Raises ``duckdb.Error`` when the file cannot be written.
    """
    with duckdb.connect(str(database)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(_PROFILES, [profiles])
        connection.execute(_EVENTS, [max(profiles, 1), events])

"""Real servers on loopback: installed by scripts/test-tools, started by the first test that asks.

A server is a session fixture in a module of its own (``s3.py``, …), which ``tests/conftest.py``
names under ``pytest_plugins``. It picks free ports, starts a ``Server``, waits until it answers,
and yields what a test needs to reach it; leaving the fixture stops it. Each pytest-xdist worker
has its own.
"""

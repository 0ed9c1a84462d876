"""Tests of ``[checks]``: what is held, failed, skipped, approved and rejected."""

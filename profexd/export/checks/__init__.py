"""Checks: the profile of what was built, and its limits."""

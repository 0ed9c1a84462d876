"""Ends workers and daemons at every step, and proves what is promised of recovery."""

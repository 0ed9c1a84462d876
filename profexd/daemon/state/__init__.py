"""Run state: the database, what it remembers, and who writes it."""

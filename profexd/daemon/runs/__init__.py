"""The lives of runs: children, turns, folders and logs, and what is decided on them."""

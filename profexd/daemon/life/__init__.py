"""One life of the process: start, configuration, signals, housekeeping, end."""

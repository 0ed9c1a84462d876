"""The parts of a run: rows into files in the spool, split, partitioned, kept."""

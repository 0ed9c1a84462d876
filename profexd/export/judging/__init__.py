"""A configuration judged by the real columns of its source, before any run."""

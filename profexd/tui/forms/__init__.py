"""The guided form for pipelines, sources and sinks, and files opened in the caller's editor."""

"""Measures profexd's builds against DuckDB's own COPY: ``python -m benchmarks``."""

"""The source: opened read-only, and what its columns are and mean."""

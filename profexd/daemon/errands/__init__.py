"""Errands: children that answer a question beside the runs, and move nothing."""

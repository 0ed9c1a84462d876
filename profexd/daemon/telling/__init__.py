"""Who is told of a run, what they were told, and what they are still owed."""

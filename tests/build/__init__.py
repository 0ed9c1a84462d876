"""From a source to parts in the spool."""

"""What of the source goes into the file, as SQL: who, which columns, which changes."""

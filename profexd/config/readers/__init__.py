"""Readers: each takes the tables of one subject and returns valid values, or says what is wrong."""

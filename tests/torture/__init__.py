"""Torture, tortured."""

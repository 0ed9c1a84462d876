"""The daemon: one asyncio process that decides what runs when, and lets children do the work."""

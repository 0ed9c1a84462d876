"""Receipts: the manifest, its signature, and the proof that delivered files are those."""

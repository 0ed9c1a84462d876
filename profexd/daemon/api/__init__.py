"""The control API: its doors, who may do what, its routes, and what clients see."""

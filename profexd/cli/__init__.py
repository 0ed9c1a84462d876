"""The commands: one module per verb, each loaded only when it is called."""

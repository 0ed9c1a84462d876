"""The terminal interface: it watches the daemon and holds no state of its own."""

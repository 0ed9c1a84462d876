"""What fills the whole terminal, or lies over it."""

"""From files to documents: TOML with positions, problems with places, and files to be trusted."""

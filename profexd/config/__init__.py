"""From files to a valid model and a list of problems: pure, no network, no daemon."""

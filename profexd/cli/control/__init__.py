"""The verbs of profexctl, which speak to the daemon through profexd.client alone."""

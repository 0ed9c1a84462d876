"""Conformance kits and fakes for plugin authors and tests; imported only on purpose."""

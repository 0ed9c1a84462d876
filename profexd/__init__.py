"""profexd delivers customer profiles and events as files; this module holds its version."""

__version__ = "0.1.0"

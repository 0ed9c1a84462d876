"""The built-in sinks of profexd, found through entry points like anyone's."""

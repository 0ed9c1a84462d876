"""The built-in formats of profexd, found through entry points like anyone's."""

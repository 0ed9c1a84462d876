"""A format and a sink for profexd: fixed-width text, and WebDAV."""

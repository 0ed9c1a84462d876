"""The notifiers that come with profexd; each registers as anyone's does."""

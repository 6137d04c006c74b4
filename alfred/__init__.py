"""Alfred keeps one trustworthy index of a TV library."""

__version__ = "0.1.0"

"""Format 2 of the `.alfred` folders."""

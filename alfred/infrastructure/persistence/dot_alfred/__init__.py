"""The `.alfred` folders."""

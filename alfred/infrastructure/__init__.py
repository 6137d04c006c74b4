"""Adapters: the file system, SQLite, HTTP."""

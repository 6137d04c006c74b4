"""The Movie Database, version 3 of its API."""

"""Use cases on the library as a whole."""

"""Use cases on shows."""

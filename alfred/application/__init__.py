"""Use cases; they know their collaborators as Protocols."""

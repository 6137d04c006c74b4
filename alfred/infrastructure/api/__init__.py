"""Adapters to metadata providers."""

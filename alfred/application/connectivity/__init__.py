"""Knowing when the provider is the problem, and acting on it."""

"""What this machine remembers of its dealings with providers, whatever the library."""

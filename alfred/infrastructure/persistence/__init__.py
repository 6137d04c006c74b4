"""What Alfred writes: marker, sidecars, index."""

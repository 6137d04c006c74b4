"""A made-up library and a local stand-in for TMDB."""

"""A show as the provider lists it, and when it is worth asking again."""

"""Rules of the TV library: pure values and policies, standard library only."""

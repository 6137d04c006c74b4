"""Value objects that every part of the domain uses."""

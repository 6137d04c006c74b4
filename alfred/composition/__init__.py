"""The one place that knows every concrete class, and puts them together."""

from alfred.composition.health import check, diagnose
from alfred.composition.library import Library, episode_name_reader, initialise, open_library
from alfred.composition.places import find_library
from alfred.composition.provider import Connectivity, open_connectivity

__all__ = [
    "Connectivity",
    "Library",
    "check",
    "diagnose",
    "episode_name_reader",
    "find_library",
    "initialise",
    "open_connectivity",
    "open_library",
]

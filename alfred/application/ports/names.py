"""What reads the names that no certain shape explains."""

from __future__ import annotations

from typing import Protocol

from alfred.domain.library.episode_name import EpisodeName


class NameGuesser(Protocol):
    """Knows many more shapes of names than the certain ones, and takes its time."""

    def guess(self, path: str, /) -> EpisodeName:
        """Read a path relative to the show folder, with ``/``; an empty reading where nothing is found.

        No text raises an error.
        """
        ...

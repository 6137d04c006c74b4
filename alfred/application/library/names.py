"""Reading the names of episode files: the certain shapes first, a guess only where they are not sure."""

from __future__ import annotations

from dataclasses import replace

from alfred.application.ports.names import NameGuesser
from alfred.domain.library.air_dates import is_believable
from alfred.domain.library.certainty import is_worth_asking
from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.episode_names import read_episode_name


class EpisodeNameReader:
    """Reads names; calling it reads one.

    Args:
        guesser: asked where no certain shape explains a name.
    """

    def __init__(self, guesser: NameGuesser) -> None:
        self._guesser = guesser

    def __call__(self, path: str, /) -> EpisodeName:
        """Read a path relative to the show folder, with ``/``; no text raises an error."""
        reading = read_episode_name(path)
        if reading.episodes or not is_worth_asking(path, reading):
            return reading
        guessed = self._guesser.guess(path)
        if guessed.air_date and not is_believable(guessed.air_date, path):
            guessed = replace(guessed, air_date=None)
        return guessed if guessed.is_found or guessed.seasons or reading.season is None else reading

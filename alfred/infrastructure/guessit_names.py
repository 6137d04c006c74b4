"""Asks guessit for what a file name means; it knows many shapes and needs milliseconds for each name.

It is imported with the first name that is asked for, since importing it alone takes longer than most commands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any

from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.domain.library.layout import LARGEST_SEASON
from alfred.domain.library.numbering import MOST_ABSOLUTE

_LARGEST_NUMBER = 99_999
_NOTHING = EpisodeName()
_OPTIONS = {"type": "episode"}


class GuessitNames:
    """The names that guessit can read."""

    def guess(self, path: str, /) -> EpisodeName:
        """Read a path relative to the show folder, with ``/``; an empty reading where guessit finds nothing."""
        if not path.isprintable():
            path = "".join(character if character.isprintable() else " " for character in path)
        try:
            found = self._guessit(path, _OPTIONS)
        except Exception:  # noqa: BLE001 - it raises its own errors for any defect of its rules, and no name may stop a rescan
            return _NOTHING
        return _to_name(found, path)

    @cached_property
    def _guessit(self) -> Any:
        from guessit import guessit  # noqa: PLC0415 - see above

        return guessit


def _to_name(found: Mapping[str, Any], path: str) -> EpisodeName:
    seasons = _numbers(found.get("season"), most=LARGEST_SEASON)
    episodes = _numbers(found.get("episode"), most=_LARGEST_NUMBER)
    absolute = _numbers(found.get("absolute_episode"), most=_LARGEST_NUMBER)
    day = found.get("date")
    if isinstance(day, datetime) or not isinstance(day, date):
        day = None
    if len(seasons) > 1:
        return EpisodeName(season=seasons[0], seasons=seasons, decided_by=DecidedBy.GUESSIT)
    season = seasons[0] if seasons else None
    if season is None and episodes:
        is_told = len(episodes) == 1 or _is_range(episodes, path)
        episodes, absolute = (), absolute or (episodes if is_told else ())
    if not (seasons or episodes or absolute or day):
        return _NOTHING
    return EpisodeName(season, episodes, absolute, day, DecidedBy.GUESSIT)


def _is_range(numbers: tuple[int, ...], path: str) -> bool:
    """Say whether numbers are a range as in ``01-03``; other loose numbers are as likely a season or a volume."""
    written = rf"(?<![0-9])(0{{0,3}}{numbers[0]})[\s._]?[-~][\s._]?(0{{0,3}}{numbers[-1]})(?![0-9])"
    match = re.search(written, path)
    return match is not None and len(match[1]) == len(match[2])


def _numbers(value: object, *, most: int) -> tuple[int, ...]:
    """Return whole numbers in order; () where one of them makes no sense, or they are too many."""
    values = value if isinstance(value, list) else [value]
    numbers = tuple(sorted({number for number in values if isinstance(number, int)}))
    is_sane = len(numbers) <= MOST_ABSOLUTE and all(0 <= number <= most for number in numbers)
    return numbers if is_sane else ()

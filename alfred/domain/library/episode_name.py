"""What the name of an episode file says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class DecidedBy(StrEnum):
    """Which shape of name settled the reading."""

    SEASON_EPISODE = "season_episode"  # S01E02
    CROSS = "cross"  # 1x02
    AIR_DATE = "air_date"  # 2026-01-31
    FOLDER_NUMBER = "folder_number"  # Season 1/02 - Title
    ABSOLUTE = "absolute"  # [Group] Title - 012
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class EpisodeName:
    """The reading of one file name: season and episodes, or an air date, or absolute numbers, or nothing.

    Attributes:
        season: season number, 0 for specials; None where neither name nor folder gives one.
        episodes: episode numbers within the season, in order; several for a multi-episode file.
        absolute: numbers that run on across seasons, as anime releases use them.
        air_date: the day an episode of a daily show aired.
        decided_by: the shape that was recognised.
    """

    season: int | None = None
    episodes: tuple[int, ...] = ()
    absolute: tuple[int, ...] = ()
    air_date: date | None = None
    decided_by: DecidedBy = DecidedBy.NOTHING

"""What the name of an episode file says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class DecidedBy(StrEnum):
    """Which shape of name settled the reading."""

    SEASON_EPISODE = "season_episode"  # S01E02
    CROSS = "cross"  # 1x02
    AIR_DATE = "air_date"  # 2026-01-31
    FOLDER_NUMBER = "folder_number"  # Season 1/02 - Title
    ABSOLUTE = "absolute"  # [Group] Title - 012
    SEASON_DIGITS = "season_digits"  # Title.102.720p
    EPISODE_ALONE = "episode_alone"  # Title.E02.720p: the first season is taken
    PART = "part"  # Title.Part.2, Title (2 of 6): the first season is taken
    GUESSIT = "guessit"  # no certain shape; guessit was asked
    SEASON = "season"  # a whole season: its folder, or a pack of it
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class ReleaseDetails:
    """What a name says of the release beside its episodes.

    Attributes:
        resolution: lines, with ``p`` or ``i``: ``1080p``.
        source: what the release was made from: ``WEB-DL``, ``BluRay``, ...
        codec: how the picture is coded: ``H.265``, ...
        languages: ISO 639-1 codes in the order named, each once; ``multi`` where several are told but not named.
        release_group: who made it.
        proper: how often it was made anew: 0 for a first release, 1 for PROPER or REPACK, 2 for REAL PROPER.
        version: of a numbered release (``02v2``); 1 where the name gives none.
        part: which part of a story in several episodes it is.
    """

    resolution: str | None = None
    source: str | None = None
    codec: str | None = None
    languages: tuple[str, ...] = ()
    release_group: str | None = None
    proper: int = 0
    version: int = 1
    part: int | None = None


@dataclass(frozen=True, slots=True)
class EpisodeName:
    """The reading of one file name: season and episodes, or an air date, or absolute numbers, or nothing.

    Attributes:
        season: season number, 0 for specials; None where neither name nor folder gives one.
        episodes: episode numbers within the season, in order; several for a multi-episode file.
        absolute: numbers that run on across seasons, as anime releases use them.
        air_date: the day an episode of a daily show aired.
        decided_by: the shape that was recognised.
        seasons: all seasons where the name is that of a pack of several; else (). Not recorded.
        folder_season: the season of the folder where the file has another, which is believed. Not recorded.
        details: quality, languages and the like, where they were asked for. Not recorded.
    """

    season: int | None = None
    episodes: tuple[int, ...] = ()
    absolute: tuple[int, ...] = ()
    air_date: date | None = None
    decided_by: DecidedBy = DecidedBy.NOTHING
    seasons: tuple[int, ...] = field(default=(), compare=False)
    folder_season: int | None = field(default=None, compare=False)
    details: ReleaseDetails | None = field(default=None, compare=False)

    @property
    def is_found(self) -> bool:
        """Whether anything was found that an episode can be told by."""
        return bool(self.episodes or self.absolute or self.air_date)

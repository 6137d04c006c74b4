"""What readers see of a show: its seasons, slots and files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from alfred.domain.library.placement import Drift, SlotState, Unmatched
from alfred.domain.library.release import EpisodeFile
from alfred.domain.shared.value_objects import TmdbId


@dataclass(frozen=True, slots=True)
class SlotView:
    """One episode slot.

    Attributes:
        title: "" where the provider gives none, or for a placeholder.
    """

    number: int
    title: str
    air_date: date | None
    state: SlotState
    files: tuple[EpisodeFile, ...] = ()


@dataclass(frozen=True, slots=True)
class SeasonView:
    """One season with its slots, in the provider's order."""

    number: int
    name: str
    episodes: tuple[SlotView, ...]


@dataclass(frozen=True, slots=True)
class ShowView:
    """A show's seasons, and what there is to say of its files.

    Attributes:
        unmatched: files that fill no slot, with the reason.
        drifted: files that keep an episode that has another number now than their names say.
    """

    seasons: tuple[SeasonView, ...]
    unmatched: tuple[Unmatched, ...] = ()
    drifted: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True)
class DriftedFile:
    """A file that keeps an episode that has another number now than its name says.

    Attributes:
        path: relative to the library root.
        season, number: where the provider lists the episode now.
    """

    tmdb_id: TmdbId
    path: str
    season: int
    number: int


@dataclass(frozen=True, slots=True)
class WantedEpisode:
    """A slot that has aired and has no file."""

    tmdb_id: TmdbId
    name: str
    season: int
    episode: int
    title: str
    air_date: date

"""Which files fill which episode slots.

A file is placed by what its name says the first time, and then keeps the episode that it was: the provider's
episode ids are remembered with it, and a renumbering moves the slot under the file instead of the file to another
episode. ``docs/states.md`` tells the rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.release import EpisodeFile, FileStatus

UNLISTED = 0
"""Stands among remembered ids for an episode that the provider did not list; it never is an id."""


class ListedEpisode(NamedTuple):
    """What placing needs of an episode that the provider lists."""

    episode_id: int
    season: int
    number: int
    air_date: date | None


class UnmatchedReason(StrEnum):
    """Why a file fills no slot."""

    NO_NUMBER = "no_number"
    NO_SEASON = "no_season"
    SEASON_NOT_LISTED = "season_not_listed"
    EPISODE_NOT_LISTED = "episode_not_listed"
    DATE_NOT_LISTED = "date_not_listed"
    ABSOLUTE_NOT_LISTED = "absolute_not_listed"
    EPISODE_GONE = "episode_gone"
    NOT_SYNCED = "not_synced"


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A file that fills no slot.

    Attributes:
        message: the reason, for people.
    """

    file: EpisodeFile
    reason: UnmatchedReason
    message: str


@dataclass(frozen=True, slots=True)
class Drift:
    """A file whose name and whose episode do not agree any more, since the provider renumbered.

    Attributes:
        season, number: where the provider lists the episode now.
    """

    file: EpisodeFile
    episode_id: int
    season: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Files on slots.

    Attributes:
        files: all of them, in the order given, with the episodes to remember.
        filled: episode id -> the files that carry it; an episode without files has no key.
        unmatched: files that fill no slot; :meth:`Listing.explain` says why.
        drifted: files that keep an episode that has another number now.
        replaced: files whose remembered episode is gone and that took the new one under its number.
    """

    files: tuple[EpisodeFile, ...]
    filled: Mapping[int, tuple[EpisodeFile, ...]]
    unmatched: tuple[EpisodeFile, ...]
    drifted: tuple[Drift, ...]
    replaced: tuple[EpisodeFile, ...]


def place_files(
    files: Iterable[EpisodeFile], episodes: Collection[ListedEpisode], *, new_ids: Collection[int] = ()
) -> Placement:
    """Place files on slots: by the episodes remembered with them, else by what their names say.

    A file with several episodes fills all of them; several files may fill one slot.

    Args:
        files: of one show.
        episodes: what the provider lists; none at all changes nothing that is remembered.
        new_ids: ids that were not listed before. Only such an episode may take the place of a remembered one that
            is gone, and only where no other file remembers it: any other that has its number now was an episode
            of its own all along.
    """
    files = tuple(files)
    if not episodes:
        return Placement(files=files, filled={}, unmatched=files, drifted=(), replaced=())
    listing = Listing(episodes)
    free = frozenset(new_ids).difference(one for file in files for one in file.episode_ids) if new_ids else ()
    placed: list[EpisodeFile] = []
    filled: dict[int, list[EpisodeFile]] = {}
    unmatched: list[EpisodeFile] = []
    drifted: list[Drift] = []
    replaced: list[EpisodeFile] = []
    for file in files:
        named = listing.ids_named_by(file.name)
        remembered = _renew(file.episode_ids, named, listing, free)
        after = file if remembered == file.episode_ids else file.with_episodes(remembered)
        placed.append(after)
        slots = [number for number in dict.fromkeys(after.episode_ids) if number in listing.by_id]
        for episode_id in slots:
            filled.setdefault(episode_id, []).append(after)
            if episode_id not in named:
                listed = listing.by_id[episode_id]
                drifted.append(Drift(after, episode_id, listed.season, listed.number))
        if not slots:
            unmatched.append(after)
        if any(old and old not in listing.by_id and old not in after.episode_ids for old in file.episode_ids):
            replaced.append(after)
    return Placement(
        files=tuple(placed),
        filled={key: tuple(value) for key, value in filled.items()},
        unmatched=tuple(unmatched),
        drifted=tuple(drifted),
        replaced=tuple(replaced),
    )


def _renew(
    remembered: Sequence[int], named: Sequence[int], listing: Listing, free: Collection[int]
) -> tuple[int, ...]:
    """Return the episodes to remember, each in the place of the number that it was read from.

    Args:
        remembered: until now; () for a file that was never placed.
        named: what the name says by today's numbers.
        listing: what is listed today.
        free: ids that may take the place of one that is gone.
    """
    if not any(remembered):
        return tuple(named) if any(named) else ()
    if len(remembered) != len(named):  # an air date that has more episodes now, or fewer
        there = tuple(one for one in remembered if one in listing.by_id)
        return there or tuple(one for one in named if one in free) or tuple(remembered)
    return tuple(
        now if now and (before == UNLISTED or (before not in listing.by_id and now in free)) else before
        for before, now in zip(remembered, named, strict=True)
    )


class Listing:
    """The episodes that the provider lists, found by any kind of number.

    Args:
        episodes: in any order.
    """

    def __init__(self, episodes: Collection[ListedEpisode]) -> None:
        self.by_id = {episode.episode_id: episode for episode in episodes}
        self._by_number = {(episode.season, episode.number): episode.episode_id for episode in episodes}

    @cached_property
    def _seasons(self) -> Mapping[int, tuple[int, int]]:
        """Season -> its first and its last number; specials are one of them."""
        spans: dict[int, tuple[int, int]] = {}
        for season, number in self._by_number:
            first, last = spans.get(season, (number, number))
            spans[season] = (min(first, number), max(last, number))
        return spans

    @cached_property
    def _by_date(self) -> Mapping[date, tuple[int, ...]]:
        """Day -> what aired then; specials only where nothing else did."""
        regular: dict[date, list[int]] = {}
        special: dict[date, list[int]] = {}
        for episode in sorted(self.by_id.values(), key=lambda one: (one.season, one.number)):
            if episode.air_date is not None:
                days = regular if episode.season else special
                days.setdefault(episode.air_date, []).append(episode.episode_id)
        return {day: tuple(ids) for day, ids in (special | regular).items()}

    @cached_property
    def _by_absolute(self) -> Mapping[int, int]:
        """Absolute number -> episode, without specials.

        Where the provider's own numbers run on across the seasons they are the absolute ones; else it is the place
        in the provider's order.
        """
        numbers = sorted(number for number in self._by_number if number[0])
        runs_on = len({number for _, number in numbers}) == len(numbers)
        return {
            number if runs_on else place: self._by_number[season, number]
            for place, (season, number) in enumerate(numbers, start=1)
        }

    def ids_named_by(self, name: EpisodeName) -> tuple[int, ...]:
        """Return the episodes that a name says, one for each of its numbers, :data:`UNLISTED` among them."""
        if name.episodes:
            season = self._season_of(name)
            ids = tuple(self._by_number.get((season, number), UNLISTED) for number in name.episodes)
            if any(ids) or len(name.absolute) != len(ids):
                return ids
            counted = tuple(self._by_absolute.get(number, UNLISTED) for number in name.absolute)
            fits = all(one == UNLISTED or self.by_id[one].season == season for one in counted)
            return counted if fits else ids
        if name.air_date is not None:
            return self._by_date.get(name.air_date, ())
        return tuple(self._by_absolute.get(number, UNLISTED) for number in name.absolute)

    def _season_of(self, name: EpisodeName) -> int:
        """Return the season of a name; one that gives none means the only season of a show that has one."""
        if name.season is not None:
            return name.season
        regular = [season for season in self._seasons if season]
        return regular[0] if len(regular) == 1 else -1

    def explain(self, file: EpisodeFile) -> Unmatched:
        """Say why a file fills no slot."""
        reason, message = self._reason(file)
        return Unmatched(file, reason, message)

    def _reason(self, file: EpisodeFile) -> tuple[UnmatchedReason, str]:
        name = file.name
        if not (name.episodes or name.absolute or name.air_date):
            return UnmatchedReason.NO_NUMBER, "its name gives no episode number and no air date"
        if not self.by_id:
            return UnmatchedReason.NOT_SYNCED, "TMDB's episodes are not known yet: sync the show"
        if any(file.episode_ids):
            return UnmatchedReason.EPISODE_GONE, "TMDB does not list the episode any more that it was"
        if name.episodes:
            return self._reason_of_number(name)
        if name.air_date is not None:
            return UnmatchedReason.DATE_NOT_LISTED, f"TMDB lists no episode that aired on {name.air_date}"
        held = f"TMDB lists {len(self._by_absolute)} episodes that are no specials"
        return UnmatchedReason.ABSOLUTE_NOT_LISTED, f"{held}, and no number {_listed(name.absolute)}"

    def _reason_of_number(self, name: EpisodeName) -> tuple[UnmatchedReason, str]:
        season = self._season_of(name)
        if name.season is None and season not in self._seasons:
            return UnmatchedReason.NO_SEASON, "its name gives an episode and no season, and the show has several"
        if season not in self._seasons:
            return UnmatchedReason.SEASON_NOT_LISTED, f"TMDB lists no season {season}"
        first, last = self._seasons[season]
        return (
            UnmatchedReason.EPISODE_NOT_LISTED,
            f"TMDB lists episodes {first} to {last} of season {season}, and not {_listed(name.episodes)}",
        )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def same_reading(one: EpisodeName, other: EpisodeName) -> bool:
    """Say whether two names mean the same episodes, whatever else they say."""
    return (one.season, one.episodes, one.absolute, one.air_date) == (
        other.season,
        other.episodes,
        other.absolute,
        other.air_date,
    )


def with_known_episodes(files: Iterable[EpisodeFile], known: Iterable[EpisodeFile]) -> tuple[EpisodeFile, ...]:
    """Fill in the remembered episodes of files that have none from another copy of their record."""
    copies = {(file.folder, file.path): file for file in known if file.episode_ids}
    filled = []
    for file in files:
        copy = None if file.episode_ids else copies.get((file.folder, file.path))
        is_same = copy is not None and same_reading(copy.name, file.name)
        filled.append(file.with_episodes(copy.episode_ids) if copy is not None and is_same else file)
    return tuple(filled)


def without_episodes(files: Iterable[EpisodeFile]) -> tuple[EpisodeFile, ...]:
    """Forget the remembered episodes, so that the files are placed by their names again."""
    return tuple(file.with_episodes(()) if file.episode_ids else file for file in files)


class SlotState(StrEnum):
    """How an episode slot stands; the first that applies."""

    ON_DISK = "on_disk"
    PROCESSING = "processing"
    FAILED = "failed"
    MISSING = "missing"
    WANTED = "wanted"
    UPCOMING = "upcoming"


_STATE_OF_STATUS = {
    FileStatus.READY: SlotState.ON_DISK,
    FileStatus.PROCESSING: SlotState.PROCESSING,
    FileStatus.FAILED: SlotState.FAILED,
    FileStatus.MISSING: SlotState.MISSING,
}


def state_from_files(statuses: Iterable[FileStatus]) -> SlotState | None:
    """Return the state that the files of a slot give it; None where there are no files."""
    present = frozenset(statuses)
    return next((state for status, state in _STATE_OF_STATUS.items() if status in present), None)


def slot_state(statuses: Iterable[FileStatus], air_date: date | None, *, today: date) -> SlotState:
    """Derive the state of a slot from the status of its files and the day it airs."""
    if state := state_from_files(statuses):
        return state
    return SlotState.WANTED if air_date is not None and air_date <= today else SlotState.UPCOMING

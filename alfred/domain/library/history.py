"""What changed on an entry, as events.

Each is worked out from what was known before and after; nothing ever decides by them. A show's first adoption
and its first sync are one event each, however much came with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from alfred.domain.library.entry import Outcome, SyncRecord
from alfred.domain.library.failure import SIDECAR_FAILURE
from alfred.domain.library.release import EpisodeFile, FileStatus, UserMetadata
from alfred.domain.shared.value_objects import TmdbId

EVENTS_KEPT = 200
"""An entry keeps so many events; older ones go."""

PATHS_NAMED = 5
"""An event about files counts them all and names so many."""

LONGEST_EXCERPT = 200
"""Characters of a note that an event keeps."""


class EventKind(StrEnum):
    """What an event tells, each with what its detail holds."""

    ADDED = "added"  # path
    SYNCED = "synced"  # seasons and episodes, as counts; only the first sync
    RENAMED = "renamed"  # from, to
    STATUS_CHANGED = "status_changed"  # from, to
    SEASON_ADDED = "season_added"  # seasons, as numbers
    SEASON_REMOVED = "season_removed"  # seasons, as numbers
    EPISODES_ADDED = "episodes_added"  # count
    EPISODES_REMOVED = "episodes_removed"  # count
    FOLDER_MOVED = "folder_moved"  # from, to
    FILES_GAINED = "files_gained"  # count, paths
    FILES_LOST = "files_lost"  # count, paths
    FILES_RESTORED = "files_restored"  # count, paths
    FILES_FAILED = "files_failed"  # count, paths
    FILES_RENUMBERED = "files_renumbered"  # count, paths; they keep the episodes they were
    FILES_REPLACED = "files_replaced"  # count, paths; their episodes are gone, others came under their numbers
    FILES_UNPLACED = "files_unplaced"  # count, paths; their episodes are gone
    IDENTIFIED = "identified"  # path, from and to, as ids; None where there is none
    MARKED_MISSING = "marked_missing"
    RESTORED = "restored"
    SYNC_FAILED = "sync_failed"  # error_class, message
    SYNC_RECOVERED = "sync_recovered"  # error_class
    DELISTED = "delisted"  # message
    TAGGED = "tagged"  # added, removed
    NOTED = "noted"  # from, to


Detail = str | int | tuple[str, ...] | tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Event:
    """One change.

    Attributes:
        kind: an :class:`EventKind`, or what a newer Alfred calls one.
        detail: what :class:`EventKind` says of this kind.
    """

    kind: str
    detail: Mapping[str, Detail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PastEvent:
    """One change of one show.

    Attributes:
        name: what the show is called now.
        at: aware, UTC.
    """

    tmdb_id: TmdbId
    name: str
    at: datetime
    event: Event


class ShowFacts(NamedTuple):
    """What is told of a change in a show's facts.

    Attributes:
        seasons: the numbers of the listed seasons.
    """

    name: str
    status: str
    seasons: frozenset[int]


class Slot(NamedTuple):
    """Where an episode is listed."""

    season: int
    number: int


def adoption(path: str) -> Event:
    """Tell that a show became an entry, with its folder."""
    return Event(EventKind.ADDED, {"path": path})


def first_sync(*, seasons: int, episodes: int) -> Event:
    """Tell that a show has facts now."""
    return Event(EventKind.SYNCED, {"seasons": seasons, "episodes": episodes})


def changes_of_folder(before: str, after: str) -> tuple[Event, ...]:
    """Compare the folder that stands for a show."""
    return _moved(EventKind.FOLDER_MOVED, before, after)


def changes_of_facts(before: ShowFacts, after: ShowFacts) -> tuple[Event, ...]:
    """Compare what the provider said of a show; its episodes are compared apart."""
    return (
        *_moved(EventKind.RENAMED, before.name, after.name),
        *_moved(EventKind.STATUS_CHANGED, before.status, after.status),
        *_listed(EventKind.SEASON_ADDED, after.seasons - before.seasons),
        *_listed(EventKind.SEASON_REMOVED, before.seasons - after.seasons),
    )


def changes_of_episodes(before: Mapping[int, Slot], after: Mapping[int, Slot]) -> tuple[Event, ...]:
    """Compare the listed episodes.

    An episode is new only where both its id and its slot are: one that was renumbered, or whose id was replaced,
    is neither added nor removed.

    Args:
        before: episode id -> slot.
        after: the same.
    """
    return (
        *_counted(EventKind.EPISODES_ADDED, _not_in(after, before)),
        *_counted(EventKind.EPISODES_REMOVED, _not_in(before, after)),
    )


def changes_of_files(before: Iterable[EpisodeFile], after: Iterable[EpisodeFile]) -> tuple[Event, ...]:
    """Compare the files of a show.

    A file counts as on disk while it is ready. One that was renamed or went to another folder is the same file:
    it has the path below its show folder that another one had that is not in the record any more, or its size and
    time.

    Args:
        before: the files, or only those that changed.
        after: the same.
    """
    old = {(file.folder, file.path): file for file in before}
    new = {(file.folder, file.path): file for file in after}
    vanished = [file for key, file in old.items() if key not in new]
    appeared = [file for key, file in new.items() if key not in old]
    earlier, lost = _pair_moved(vanished, appeared)

    told: dict[EventKind, list[str]] = {
        EventKind.FILES_GAINED: [],
        EventKind.FILES_LOST: [file.library_path for file in lost if file.status is FileStatus.READY],
        EventKind.FILES_RESTORED: [],
        EventKind.FILES_FAILED: [],
    }
    for key, file in new.items():
        known = old.get(key) or earlier.get(file.library_path)
        if kind := _file_change(known.status if known else None, file.status):
            told[kind].append(file.library_path)
    return tuple(_about_files(kind, paths) for kind, paths in told.items() if paths)


def changes_of_placing(
    *, renumbered: Iterable[EpisodeFile], replaced: Iterable[EpisodeFile], unplaced: Iterable[EpisodeFile]
) -> tuple[Event, ...]:
    """Tell what the provider's renumbering did to files that had been placed.

    Args:
        renumbered: they keep their episodes, which have other numbers now.
        replaced: they have new episodes, under the numbers of those that are gone.
        unplaced: their episodes are gone.
    """
    told = (
        (EventKind.FILES_RENUMBERED, renumbered),
        (EventKind.FILES_REPLACED, replaced),
        (EventKind.FILES_UNPLACED, unplaced),
    )
    paths_of = [(kind, {file.library_path for file in files}) for kind, files in told]
    return tuple(_about_files(kind, paths) for kind, paths in paths_of if paths)


def identification(path: str, *, before: TmdbId | None, after: TmdbId) -> Event:
    """Tell that a folder was given an id, or another one."""
    ids: dict[str, Detail] = {"from": before.value if before else None, "to": after.value}
    return Event(EventKind.IDENTIFIED, {"path": path, **ids})


def changes_of_sync(before: SyncRecord, after: SyncRecord) -> tuple[Event, ...]:
    """Compare how syncs ended; a failure of the same class again is no change, and a broken sidecar no failure."""
    was, now = _trouble(before), _trouble(after)
    if was == now:
        return ()
    if now is None:
        return (Event(EventKind.SYNC_RECOVERED, {"error_class": before.error_class}),)
    if after.outcome is Outcome.DELISTED:
        return (Event(EventKind.DELISTED, {"message": after.status_message}),)
    detail: dict[str, Detail] = {"error_class": after.error_class, "message": after.status_message}
    return (Event(EventKind.SYNC_FAILED, detail),)


def changes_of_user(before: UserMetadata, after: UserMetadata) -> tuple[Event, ...]:
    """Compare tags and note."""
    events = []
    added = tuple(sorted(set(after.tags) - set(before.tags)))
    removed = tuple(sorted(set(before.tags) - set(after.tags)))
    if added or removed:
        events.append(Event(EventKind.TAGGED, {"added": added, "removed": removed}))
    if before.note != after.note:
        events.append(Event(EventKind.NOTED, {"from": _excerpt(before.note), "to": _excerpt(after.note)}))
    return tuple(events)


def _about_files(kind: EventKind, paths: Collection[str]) -> Event:
    return Event(kind, {"count": len(paths), "paths": tuple(sorted(paths)[:PATHS_NAMED])})


def _moved(kind: EventKind, before: str, after: str) -> tuple[Event, ...]:
    return () if before == after else (Event(kind, {"from": before, "to": after}),)


def _listed(kind: EventKind, seasons: Iterable[int]) -> tuple[Event, ...]:
    numbers = tuple(sorted(seasons))
    return (Event(kind, {"seasons": numbers}),) if numbers else ()


def _counted(kind: EventKind, count: int) -> tuple[Event, ...]:
    return (Event(kind, {"count": count}),) if count else ()


def _not_in(these: Mapping[int, Slot], others: Mapping[int, Slot]) -> int:
    taken = set(others.values())
    return sum(episode_id not in others and slot not in taken for episode_id, slot in these.items())


def _pair_moved(
    vanished: Sequence[EpisodeFile], appeared: Sequence[EpisodeFile]
) -> tuple[dict[str, EpisodeFile], list[EpisodeFile]]:
    """Pair files under a new path with what they were before; each counts once.

    Returns:
        The new library path -> the file before; and the files that nothing was paired with.
    """
    left = {file.library_path: file for file in vanished}
    earlier: dict[str, EpisodeFile] = {}
    for mark in (_path, _stamp):
        by_mark = {mark(file): path for path, file in left.items()}
        for file in appeared:
            if file.library_path not in earlier and (path := by_mark.pop(mark(file), None)):
                earlier[file.library_path] = left.pop(path)
    return earlier, list(left.values())


def _path(file: EpisodeFile) -> object:
    return file.path


def _stamp(file: EpisodeFile) -> object:
    return file.size, file.mtime_ns


def _file_change(before: FileStatus | None, after: FileStatus) -> EventKind | None:
    if before is after:
        return None
    if after is FileStatus.READY:
        return EventKind.FILES_RESTORED if before is FileStatus.MISSING else EventKind.FILES_GAINED
    if after is FileStatus.FAILED:
        return EventKind.FILES_FAILED
    return EventKind.FILES_LOST if before is FileStatus.READY and after is FileStatus.MISSING else None


def _trouble(record: SyncRecord) -> tuple[Outcome, str | None] | None:
    if record.outcome in (None, Outcome.OK) or record.error_class == SIDECAR_FAILURE:
        return None
    return record.outcome, record.error_class


def _excerpt(text: str | None) -> str | None:
    if text is None or len(text) <= LONGEST_EXCERPT:
        return text
    return text[: LONGEST_EXCERPT - 1] + "…"

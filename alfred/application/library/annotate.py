"""Tags and notes: what the user says of a show goes to the index and to the sidecar, each the other's copy."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from alfred.application.exceptions import ShowNotFoundInLibrary, SidecarUnreadable, UsageError
from alfred.application.ports.clock import system_clock
from alfred.application.ports.index import PresenceIndex
from alfred.application.ports.releases import Sidecars
from alfred.domain.library.release import SeriesRelease, UserMetadata, newest
from alfred.domain.shared.value_objects import TmdbId

log = logging.getLogger(__name__)

LONGEST_TAG = 100
LONGEST_NOTE = 10_000

_LEAST_STEP = timedelta(microseconds=1)


def tag_show(
    tmdb_id: TmdbId,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    index: PresenceIndex,
    sidecars: Sidecars,
    now: Callable[[], datetime] = system_clock,
) -> UserMetadata:
    """Add and remove tags, and return what the user has said of the show then.

    Raises:
        ShowNotFoundInLibrary: the index does not know the show.
        UsageError: a tag is empty, too long, or has control characters.
    """
    added = {_checked_tag(name) for name in add}
    removed = {name.strip() for name in remove}
    return _change(
        tmdb_id,
        lambda user: replace(user, tags=tuple(sorted((set(user.tags) | added) - removed))),
        index=index,
        sidecars=sidecars,
        now=now,
    )


def note_show(
    tmdb_id: TmdbId,
    text: str,
    *,
    index: PresenceIndex,
    sidecars: Sidecars,
    now: Callable[[], datetime] = system_clock,
) -> UserMetadata:
    """Write the note of a show, or remove it with an empty one.

    Raises:
        ShowNotFoundInLibrary: the index does not know the show.
        UsageError: the note is too long.
    """
    note = text.strip()
    if len(note) > LONGEST_NOTE:
        raise UsageError(f"a note has at most {LONGEST_NOTE:,} characters, not {len(note):,}")
    return _change(tmdb_id, lambda user: replace(user, note=note or None), index=index, sidecars=sidecars, now=now)


def _checked_tag(name: str) -> str:
    tag = name.strip()
    if not tag or len(tag) > LONGEST_TAG or not tag.isprintable():
        raise UsageError(f"a tag is 1 to {LONGEST_TAG} printable characters, not {name!r}")
    return tag


def _change(
    tmdb_id: TmdbId,
    change: Callable[[UserMetadata], UserMetadata],
    *,
    index: PresenceIndex,
    sidecars: Sidecars,
    now: Callable[[], datetime],
) -> UserMetadata:
    """Change index and sidecars as one, with every other writer kept out."""
    with index.exclusive():
        release = index.recorded_release(tmdb_id)
        if release is None:
            raise ShowNotFoundInLibrary(tmdb_id)
        folders = index.known_shows()[tmdb_id].paths
        copies = {folder: _read_sidecar(folder, tmdb_id, sidecars) for folder in folders}
        known = newest(release.user, *(copy.user for copy in copies.values() if copy is not None))
        user = change(known)
        if user == known:
            return user
        user = replace(user, changed_at=later_than(known.changed_at, now()))
        index.write_user(tmdb_id, user)
        for folder, copy in copies.items():
            stamp = "" if copy is None else _write_sidecar(folder, replace(copy, user=user), sidecars)
            index.note_sidecar(folder, stamp)
        return user


def later_than(before: datetime | None, now: datetime) -> datetime:
    """Return a moment after the last change even where the clock went back, so that the new copy wins."""
    return now if before is None else max(now, before + _LEAST_STEP)


def _read_sidecar(folder: str, tmdb_id: TmdbId, sidecars: Sidecars) -> SeriesRelease | None:
    """Return what a show's sidecar has; None where it is left to a rescan: gone, unreadable, or another show's."""
    try:
        recorded = sidecars.read(folder)
    except (OSError, SidecarUnreadable) as error:
        _say_waiting(folder, error)
        return None
    return recorded if recorded is not None and recorded.tmdb_id == tmdb_id else None


def _write_sidecar(folder: str, release: SeriesRelease, sidecars: Sidecars) -> str:
    """Write a folder's sidecar and return its stamp; "" where that has to wait for a rescan."""
    try:
        return sidecars.write(folder, release)
    except (OSError, SidecarUnreadable) as error:
        _say_waiting(folder, error)
        return ""


def _say_waiting(folder: str, error: Exception) -> None:
    log.warning("%s: the sidecar waits for the next rescan (%s)", folder, error)

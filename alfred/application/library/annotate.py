"""Tags and notes: what the user says of a show goes to the index and to the sidecar, each the other's copy."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from alfred.application.exceptions import ShowNotFoundInLibrary, SidecarUnreadable, UsageError
from alfred.application.ports.clock import system_clock
from alfred.application.ports.index import PresenceIndex
from alfred.application.ports.releases import Sidecars
from alfred.domain.library.release import SeriesRelease, UserMetadata
from alfred.domain.shared.value_objects import TmdbId

log = logging.getLogger(__name__)

LONGEST_TAG = 100
LONGEST_NOTE = 10_000


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
        user = change(release.user)
        if user == release.user:
            return user
        user = replace(user, changed_at=now())
        index.write_user(tmdb_id, user)
        for folder in index.folders_of(tmdb_id):
            index.note_sidecar(folder, _write_sidecar(folder, replace(release, user=user), sidecars))
        return user


def _write_sidecar(folder: str, release: SeriesRelease, sidecars: Sidecars) -> str:
    """Write a folder's sidecar and return its stamp; "" where that has to wait for a rescan."""
    try:
        recorded = sidecars.read(folder) or release
        return sidecars.write(folder, replace(recorded, user=release.user))
    except (OSError, SidecarUnreadable) as error:
        log.warning("%s: the sidecar waits for the next rescan (%s)", folder, error)
        return ""

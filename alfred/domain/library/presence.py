"""Which shows vanished and which came back, and when too many vanished at once to be believed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from alfred.domain.shared.value_objects import TmdbId

BREAKER_LEAST = 5
"""Fewer shows than this may always vanish in one rescan."""

BREAKER_SHARE = 5
"""More than one in so many must not: one disk of several going away looks just like this."""


@dataclass(frozen=True, slots=True)
class KnownShow:
    """An entry as the index has it.

    Attributes:
        paths: its show folders, relative to the root.
        missing_since: when they were first not there; None while they are.
    """

    name: str
    paths: tuple[str, ...]
    missing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """What one look at the library changes in the presence of its shows.

    Attributes:
        vanished: present until now, and nowhere to be seen.
        restored: missing until now, and seen.
    """

    vanished: tuple[TmdbId, ...] = ()
    restored: tuple[TmdbId, ...] = ()


def compare_presence(
    known: Mapping[TmdbId, KnownShow], seen: Collection[TmdbId], *, unreadable: Collection[str]
) -> PresenceChange:
    """Compare what was known with what is there.

    Args:
        known: the entries.
        seen: the shows that have a folder that is there.
        unreadable: paths that could not be read or followed; whatever is known at or below one stays as it is,
            since only "not there" is missing.
    """
    hidden = tuple(path.rstrip("/") for path in unreadable)
    return PresenceChange(
        vanished=tuple(
            sorted(
                tmdb_id
                for tmdb_id, show in known.items()
                if show.missing_since is None
                and tmdb_id not in seen
                and not any(is_at_or_below(path, hidden) for path in show.paths)
            )
        ),
        restored=tuple(
            sorted(tmdb_id for tmdb_id in seen if tmdb_id in known and known[tmdb_id].missing_since is not None)
        ),
    )


def is_too_much(*, present: int, vanished: int, left: int) -> bool:
    """Say whether so much vanished at once that a rescan must not believe it by itself.

    Args:
        present: shows that were there until now.
        vanished: how many of them are not there any more.
        left: shows that are there now; none at all is never believed.
    """
    if vanished == 0:
        return False
    return left == 0 or (vanished >= BREAKER_LEAST and vanished * BREAKER_SHARE > present)


def is_at_or_below(path: str, folders: Collection[str]) -> bool:
    """Say whether a path is one of some folders, or below one; "" is the root."""
    return any(not folder or path == folder or path.startswith(folder + "/") for folder in folders)

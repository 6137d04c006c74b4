"""The events of entries, in the transaction of the change they tell of.

They live in the index alone: a lost index takes them with it, as nothing on disk holds a second copy. Each entry
keeps a bounded number, numbered from 1 up, so that the oldest are found without counting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from alfred.domain.library.history import EVENTS_KEPT, Event, EventKind, PastEvent
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.sqlite import statements as sql
from alfred.infrastructure.persistence.sqlite.codec import decoder, from_micros, to_micros
from alfred.infrastructure.persistence.sqlite.database import Database, Row

_THE_BEGINNING = datetime.min.replace(tzinfo=UTC)


class Written(NamedTuple):
    """What a write came to.

    Attributes:
        moved: whether the files of the show have to be placed on its episodes again.
        events: what there is to tell of it.
        new_ids: episodes that were not listed before.
    """

    moved: bool
    events: tuple[Event, ...] = ()
    new_ids: frozenset[int] = frozenset()


def add_events(database: Database, key: tuple[int, int], events: Sequence[Event], *, at: datetime) -> None:
    """Add events of one entry, the first one first, inside the caller's transaction."""
    if not events:
        return
    row = database.one(sql.LAST_EVENT, key)
    last = (row[0] if row else None) or 0
    moment = to_micros(at)
    rows = [
        (*key, number, moment, str(event.kind), json.dumps(event.detail))
        for number, event in enumerate(events, start=last + 1)
    ]
    database.execute_many(sql.ADD_EVENT, rows)
    last += len(rows)
    if last > EVENTS_KEPT:
        database.execute(sql.DROP_OLD_EVENTS, (*key, last - EVENTS_KEPT))


def add_events_everywhere(database: Database, tmdb_id: int, events: Sequence[Event], *, at: datetime) -> None:
    """Add events of a show's facts to its entry in every library of the index, since they share the facts."""
    if events:
        for (library,) in database.all(sql.LIBRARIES_OF_SHOW, (tmdb_id,)):
            add_events(database, (library, tmdb_id), events, at=at)


def add_events_of_marked(database: Database, library: int, kind: EventKind, *, at: datetime) -> None:
    """Add one event for each entry in ``marked_show`` whose presence is about to change."""
    statement = sql.NOTE_MARKED_MISSING if kind is EventKind.MARKED_MISSING else sql.NOTE_MARKED_PRESENT
    if database.execute(statement, (to_micros(at), kind.value, library)):
        database.execute(sql.DROP_OLD_EVENT_OF_MARKED, (library, library, EVENTS_KEPT))


def read_events(
    database: Database, library: int, tmdb_id: TmdbId | None, *, since: datetime | None
) -> Iterator[PastEvent]:
    """Yield the events of one entry, or of all, the newest first."""
    start = to_micros(since or _THE_BEGINNING)
    if tmdb_id is None:
        rows = database.stream(sql.EVENTS, (library, start))
    else:
        rows = database.stream(sql.EVENTS_OF_SHOW, (library, tmdb_id.value, start))
    for row in rows:
        yield _to_event(row)


@decoder
def _to_event(row: Row) -> PastEvent:
    tmdb_id, name, at, kind, detail = row
    return PastEvent(TmdbId(tmdb_id), name, from_micros(at), Event(kind, _from_json(detail)))


def _from_json(text: str) -> dict[str, str | int | tuple[str, ...] | tuple[int, ...] | None]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(text).items()}

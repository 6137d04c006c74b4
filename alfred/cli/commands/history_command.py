"""``alfred history``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from alfred.application.exceptions import ShowNotFoundInLibrary
from alfred.cli.command import TMDB_ID, alfred_command
from alfred.cli.session import Session
from alfred.cli.shapes import event_shape
from alfred.cli.spans import SinceParameter, moment_of
from alfred.cli.tables import Column
from alfred.cli.text import clock_time, plural
from alfred.domain.library.history import Event, EventKind, PastEvent
from alfred.domain.shared.value_objects import TmdbId

if TYPE_CHECKING:
    from alfred.composition import Library

ON_A_SCREEN = 50
"""A terminal gets so many where it asks for no number; other programs get all."""

COLUMNS = (
    Column("When"),
    Column("Show", shrinks=True),
    Column("What changed", shrinks=True),
    Column("TMDB", right=True, optional=True),
)


@alfred_command(
    "history",
    examples="""
    alfred history
    alfred history 1396
    alfred history --since 7d
    alfred history --since 2026-05-31 --limit 20 --json
    """,
)
@click.argument("tmdb_id", type=TMDB_ID, required=False)
@click.option(
    "--since", type=SinceParameter(), metavar="TIME", help="A date or time (UTC), or a span: 12h, 7d, 4w."
)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, the latest first.")
def command(
    session: Session, tmdb_id: TmdbId | None, *, since: timedelta | datetime | None, limit: int | None
) -> None:
    """Tell what rescans, syncs and you changed on a show, or on all, the latest first.

    An entry keeps its last 200 events. They live in the index alone: where it is lost, history begins again.
    """

    def work(library: Library) -> None:
        if tmdb_id is not None and library.index.find_by_tmdb_id(tmdb_id) is None:
            raise ShowNotFoundInLibrary(tmdb_id)
        start = moment_of(since, now=library.now()) if since else None
        to_a_screen = session.stdout_is_terminal and not session.as_json
        most = limit or (ON_A_SCREEN if to_a_screen else None)
        past = library.index.history(tmdb_id, since=start)
        found = list(islice(past, most))
        more = limit is None and next(past, None) is not None
        session.answer(
            lambda: {"events": [event_shape(one) for one in found]}, lambda: _tell(session, found, more=more)
        )

    session.with_library(work, queries_only=True)


def _tell(session: Session, found: list[PastEvent], *, more: bool) -> None:
    if not found:
        session.say("Nothing changed.")
        return
    session.table(
        COLUMNS, [[clock_time(one.at), one.name, describe(one.event), str(one.tmdb_id)] for one in found]
    )
    if session.stdout_is_terminal:
        session.say("There is more: --limit N shows as many as you like." if more else plural(len(found), "event"))


def describe(event: Event) -> str:
    """Render an event for people, in a few words."""
    words = _WORDS.get(event.kind)
    return words(event.detail) if words else event.kind.replace("_", " ")


def _seasons(detail: Mapping[str, Any]) -> str:
    numbers = detail["seasons"]
    return f"season{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def _files(detail: Mapping[str, Any]) -> str:
    count, paths = detail["count"], detail["paths"]
    more = f" and {count - len(paths):,} more" if count > len(paths) else ""
    return f"{plural(count, 'file')}: {', '.join(paths)}{more}"


def _tags(detail: Mapping[str, Any]) -> str:
    changes = [f"+{name}" for name in detail["added"]] + [f"-{name}" for name in detail["removed"]]
    return f"tags: {' '.join(changes)}"


def _identified(detail: Mapping[str, Any]) -> str:
    before = f" instead of {detail['from']}" if detail["from"] else ""
    return f"identified {detail['path']} as {detail['to']}{before}"


_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    EventKind.ADDED: lambda detail: f"added: {detail['path']}",
    EventKind.SYNCED: lambda detail: (
        f"first synced: {plural(detail['seasons'], 'season')}, {plural(detail['episodes'], 'episode')}"
    ),
    EventKind.RENAMED: lambda detail: f"renamed from {detail['from']} to {detail['to']}",
    EventKind.STATUS_CHANGED: lambda detail: f"status from {detail['from']} to {detail['to']}",
    EventKind.SEASON_ADDED: lambda detail: f"added: {_seasons(detail)}",
    EventKind.SEASON_REMOVED: lambda detail: f"removed: {_seasons(detail)}",
    EventKind.EPISODES_ADDED: lambda detail: f"added: {plural(detail['count'], 'episode')}",
    EventKind.EPISODES_REMOVED: lambda detail: f"removed: {plural(detail['count'], 'episode')}",
    EventKind.FOLDER_MOVED: lambda detail: f"folder moved from {detail['from']} to {detail['to']}",
    EventKind.FILES_GAINED: lambda detail: f"gained {_files(detail)}",
    EventKind.FILES_LOST: lambda detail: f"lost {_files(detail)}",
    EventKind.FILES_RESTORED: lambda detail: f"got back {_files(detail)}",
    EventKind.FILES_FAILED: lambda detail: f"never finished {_files(detail)}",
    EventKind.FILES_RENUMBERED: lambda detail: f"TMDB renumbered the episodes of {_files(detail)}",
    EventKind.FILES_REPLACED: lambda detail: f"TMDB replaced the episodes of {_files(detail)}",
    EventKind.FILES_UNPLACED: lambda detail: f"TMDB does not list the episodes any more of {_files(detail)}",
    EventKind.IDENTIFIED: _identified,
    EventKind.MARKED_MISSING: lambda _: "marked as missing: its folder is gone",
    EventKind.RESTORED: lambda _: "restored: its folder is back",
    EventKind.SYNC_FAILED: lambda detail: f"sync failed ({detail['error_class']}): {detail['message']}",
    EventKind.SYNC_RECOVERED: lambda detail: f"sync works again (was {detail['error_class']})",
    EventKind.DELISTED: lambda detail: f"delisted by TMDB: {detail['message']}",
    EventKind.TAGGED: _tags,
    EventKind.NOTED: lambda detail: f"note: {detail['to']}" if detail["to"] else "note removed",
}

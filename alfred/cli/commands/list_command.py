"""``alfred list``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from alfred.cli.command import alfred_command
from alfred.cli.session import Session
from alfred.cli.shapes import entry_shape
from alfred.cli.tables import Column
from alfred.cli.text import age, plural
from alfred.domain.library.entry import EntryState, derive_state
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry

if TYPE_CHECKING:
    from alfred.composition import Library

STATE_STYLE = {
    EntryState.MISSING: "red",
    EntryState.BROKEN: "red",
    EntryState.DELISTED: "magenta",
    EntryState.PROCESSING: "cyan",
    EntryState.PLACEHOLDER: "yellow",
    EntryState.STALE: "yellow",
}

COLUMNS = (
    Column("TMDB", right=True),
    Column("Name", shrinks=True),
    Column("State"),
    Column("On disk", right=True),
    Column("Aired", right=True),
    Column("Total", right=True),
    Column("Status", optional=True),
    Column("Fetched", optional=True),
    Column("Folder", shrinks=True, optional=True),
)

_STATES = click.Choice([state.value for state in EntryState])


@alfred_command(
    "list",
    examples="""
    alfred list
    alfred list --state broken --state stale
    alfred list --tag kids --tag "rainy day"
    alfred list --all --skip fresh --json
    """,
)
@click.option("--state", "states", multiple=True, type=_STATES, help="Only entries in this state; repeatable.")
@click.option("--skip", "skipped", multiple=True, type=_STATES, help="No entries in this state; repeatable.")
@click.option("--tag", "tags", multiple=True, metavar="NAME", help="Only shows with this tag; repeatable.")
@click.option("--all", "everything", is_flag=True, help="Entries whose folder is missing, too.")
def command(
    session: Session,
    states: tuple[str, ...],
    skipped: tuple[str, ...],
    tags: tuple[str, ...],
    *,
    everything: bool,
) -> None:
    """List the shows of the library by name, each with its state.

    Shows whose folder is missing are left out unless --all or --state missing asks for them.
    """
    chosen = frozenset(EntryState(state) for state in states or [state.value for state in EntryState])
    chosen -= {EntryState(state) for state in skipped}
    include_missing = everything or EntryState.MISSING.value in states
    session.with_library(
        lambda library: _list(session, library, chosen, frozenset(tags), include_missing=include_missing),
        queries_only=True,
    )


def _list(
    session: Session,
    library: Library,
    chosen: frozenset[EntryState],
    tags: frozenset[str],
    *,
    include_missing: bool,
) -> None:
    now, ttl_days = library.now(), library.settings.tmdb_cache_ttl_days
    policy = library.ttl_policy
    found = [
        (entry, state)
        for entry in library.index.entries(include_missing=include_missing)
        if tags <= set(entry.user.tags)
        and (state := derive_state(entry.standing, ttl_days=ttl_days, policy=policy, now=now)) in chosen
    ]

    def tell() -> None:
        if not found:
            session.say("No shows to list. 'alfred rescan' reads the disk; 'alfred list --all' hides nothing.")
            return
        session.table(
            COLUMNS,
            [_row(entry, state, age(entry.metadata.fetched_at, now=now)) for entry, state in found],
            styles=[STATE_STYLE.get(state, "") for _, state in found],
        )
        if session.stdout_is_terminal:
            session.say(plural(len(found), "show"))

    def document() -> dict[str, Any]:
        return {"shows": [entry_shape(entry, ttl_days=ttl_days, now=now, policy=policy) for entry, _ in found]}

    session.answer(document, tell)


def _row(entry: ShowIndexEntry, state: EntryState, fetched: str) -> list[str]:
    counts = entry.episodes
    return [
        str(entry.tmdb_id),
        entry.name,
        state.value,
        str(counts.on_disk),
        str(counts.aired),
        str(counts.total),
        entry.status,
        fetched,
        entry.metadata.path,
    ]

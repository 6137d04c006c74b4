"""``alfred wanted``."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

import click

from alfred.application.exceptions import ShowNotFoundInLibrary
from alfred.cli.command import TMDB_ID, alfred_command
from alfred.cli.session import Session
from alfred.cli.shapes import wanted_shape
from alfred.cli.tables import Column
from alfred.cli.text import plural
from alfred.domain.library.placement import SlotState
from alfred.domain.library.views import WantedEpisode
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.show import PLACEHOLDER_STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alfred.composition import Library

COLUMNS = (
    Column("Aired"),
    Column("Show", shrinks=True),
    Column("Episode"),
    Column("Title", shrinks=True),
    Column("TMDB", right=True, optional=True),
)


@alfred_command(
    "wanted",
    examples="""
    alfred wanted
    alfred wanted 1396 --no-specials
    alfred wanted --limit 20 --json
    """,
)
@click.argument("tmdb_ids", nargs=-1, type=TMDB_ID, metavar="[TMDB_ID]...")
@click.option("--no-specials", is_flag=True, help="Leave season 0 out.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, the latest first.")
def command(session: Session, tmdb_ids: tuple[TmdbId, ...], *, no_specials: bool, limit: int | None) -> None:
    """List the episodes that have aired and have no file, the latest first.

    Episodes whose file is missing, in processing or failed are not wanted: 'alfred show' has them as such.
    """

    def work(library: Library) -> None:
        episodes = (episode for episode in _wanted(library, tmdb_ids) if episode.season != 0 or not no_specials)
        found = list(islice(episodes, limit))
        session.answer(
            lambda: {"episodes": [wanted_shape(episode) for episode in found]},
            lambda: _tell(session, library, found, tmdb_ids, specials=not no_specials),
        )

    session.with_library(work, queries_only=True)


def _wanted(library: Library, tmdb_ids: tuple[TmdbId, ...]) -> Iterator[WantedEpisode]:
    if not tmdb_ids:
        yield from library.index.wanted()
        return
    found: list[WantedEpisode] = []
    for tmdb_id in dict.fromkeys(tmdb_ids):
        if library.index.find_by_tmdb_id(tmdb_id) is None:
            raise ShowNotFoundInLibrary(tmdb_id)
        found += library.index.wanted(tmdb_id)
    yield from sorted(found, key=lambda episode: episode.air_date, reverse=True)


def _tell_nothing(session: Session, library: Library, tmdb_ids: tuple[TmdbId, ...], *, specials: bool) -> None:
    """Say why nothing is wanted, and what has no ready file all the same."""
    ids = tuple(dict.fromkeys(tmdb_ids))
    held: Counter[SlotState] = Counter()
    for tmdb_id in ids or (None,):
        held.update(library.index.held(tmdb_id, specials=specials))
    found = map(library.index.find_by_tmdb_id, ids) if ids else library.index.entries(include_missing=False)
    entries = [entry for entry in found if entry is not None]
    gone = [entry for entry in entries if entry.metadata.missing_since is not None]
    if held:
        counts = ", ".join(f"{held[state]:,} {state}" for state in SlotState if held[state])
        session.say(f"Nothing is wanted, but not every episode has a ready file: {counts}; see 'alfred show'.")
    elif gone:
        session.say("Nothing is wanted.")
    else:
        session.say("Nothing is wanted: every episode that is known to have aired has a file.")
    for entry in gone:
        session.say(f"{entry.name} ({entry.tmdb_id}) is missing, with all its files: see 'alfred show'.")
    if unasked := sum(entry.status == PLACEHOLDER_STATUS for entry in entries):
        session.say(f"TMDB has not been asked about {plural(unasked, 'show')} yet: 'alfred refresh' does.")


def _tell(
    session: Session,
    library: Library,
    found: list[WantedEpisode],
    tmdb_ids: tuple[TmdbId, ...],
    *,
    specials: bool,
) -> None:
    if not found:
        _tell_nothing(session, library, tmdb_ids, specials=specials)
        return
    session.table(
        COLUMNS,
        [
            [
                episode.air_date.isoformat(),
                episode.name,
                f"S{episode.season:02d}E{episode.episode:02d}",
                episode.title,
                str(episode.tmdb_id),
            ]
            for episode in found
        ],
    )
    if session.stdout_is_terminal:
        session.say(plural(len(found), "episode"))

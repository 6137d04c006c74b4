"""``alfred tag``."""

from __future__ import annotations

import click

from alfred.cli.command import TMDB_ID, alfred_command
from alfred.cli.session import Session
from alfred.cli.shapes import user_shape
from alfred.domain.shared.value_objects import TmdbId


@alfred_command(
    "tag",
    examples="""
    alfred tag 1396 --add favourite --add rewatch
    alfred tag 1396 --remove rewatch
    """,
)
@click.argument("tmdb_id", type=TMDB_ID)
@click.option("--add", "added", multiple=True, metavar="NAME", help="Add a tag; repeatable.")
@click.option("--remove", "removed", multiple=True, metavar="NAME", help="Remove a tag; repeatable.")
def command(session: Session, tmdb_id: TmdbId, added: tuple[str, ...], removed: tuple[str, ...]) -> None:
    """Add tags to a show, remove them, or without either list them.

    Tags are kept in the index and in the show's sidecar; no scan, sync or rebuild loses them.
    """
    user = session.with_library(lambda library: library.tag(tmdb_id, add=added, remove=removed))
    session.answer(
        lambda: user_shape(tmdb_id, user), lambda: session.say(f"{tmdb_id}: {', '.join(user.tags) or 'no tags'}")
    )

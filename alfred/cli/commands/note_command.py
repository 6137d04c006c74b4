"""``alfred note``."""

from __future__ import annotations

import click

from alfred.cli.command import TMDB_ID, alfred_command
from alfred.cli.session import Session
from alfred.cli.shapes import user_shape
from alfred.domain.shared.value_objects import TmdbId


@alfred_command(
    "note",
    examples="""
    alfred note 1396 "the remastered box"
    alfred note 1396 ""
    """,
)
@click.argument("tmdb_id", type=TMDB_ID)
@click.argument("text")
def command(session: Session, tmdb_id: TmdbId, text: str) -> None:
    """Write a note on a show; an empty TEXT removes it."""
    user = session.with_library(lambda library: library.note(tmdb_id, text))
    session.answer(lambda: user_shape(tmdb_id, user), lambda: session.say(f"{tmdb_id}: {user.note or 'no note'}"))

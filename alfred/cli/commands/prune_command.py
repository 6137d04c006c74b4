"""``alfred prune``."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from alfred.application.exceptions import UsageError
from alfred.cli.command import alfred_command
from alfred.cli.session import Session
from alfred.cli.spans import SpanParameter
from alfred.cli.text import plural, since

if TYPE_CHECKING:
    from alfred.application.library.prune import PrunePlan
    from alfred.composition import Library


@alfred_command(
    "prune",
    examples="""
    alfred prune --missing-for 90d --dry-run
    alfred prune --missing-for 26w --yes
    """,
)
@click.option("--missing-for", type=SpanParameter(), required=True, metavar="DURATION", help="Such as 90d.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
def command(session: Session, *, missing_for: timedelta, yes: bool, dry_run: bool) -> None:
    """Forget entries whose folder has been missing for so long; the only command that deletes.

    Lists what it would delete, and asks. Never touches an entry whose folder is there, or one in a library that is
    offline; never touches a file on disk.
    """
    session.with_library(lambda library: _prune(session, library, missing_for, yes=yes, dry_run=dry_run))


def _prune(session: Session, library: Library, missing_for: timedelta, *, yes: bool, dry_run: bool) -> None:
    plan = library.plan_prune(missing_for)
    if not session.as_json:
        _tell(session, library, plan)
    if plan.shows and not dry_run:
        if not yes:
            _ask(session, len(plan.shows))
        library.prune(plan)
    session.answer(
        lambda: {"deleted": [tmdb_id.value for tmdb_id in plan.shows]},
        lambda: session.say("Nothing was deleted." if dry_run or not plan.shows else "Deleted."),
    )


def _tell(session: Session, library: Library, plan: PrunePlan) -> None:
    session.say(f"{plural(len(plan.shows), 'entry')} to delete")
    for tmdb_id, show in plan.shows.items():
        if show.missing_since is not None:
            session.say(f"  {tmdb_id}  {show.name}  missing {since(show.missing_since, now=library.now())}")


def _ask(session: Session, count: int) -> None:
    if session.as_json or not sys.stdin.isatty():
        raise UsageError(f"{plural(count, 'entry')} would be deleted for good: say --yes to do it")
    click.confirm("Delete them for good?", abort=True, err=True)

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
    alfred prune --failed --dry-run
    """,
)
@click.option("--missing-for", type=SpanParameter(), metavar="DURATION", help="Entries missing so long, as 90d.")
@click.option("--failed", is_flag=True, help="Records of downloads that failed; their episodes are wanted again.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
def command(session: Session, *, missing_for: timedelta | None, failed: bool, yes: bool, dry_run: bool) -> None:
    """Forget entries whose folder has been missing for so long; the only command that deletes.

    Lists what it would delete, and asks. Never touches an entry whose folder is there, or one in a library that is
    offline; never touches a video. With --failed it forgets the records of failed downloads instead.
    """
    if (missing_for is None) is not failed:
        raise UsageError("give either --missing-for DURATION, such as 90d, or --failed")
    if missing_for is None:
        session.with_library(lambda library: _prune_failed(session, library, yes=yes, dry_run=dry_run))
    else:
        session.with_library(lambda library: _prune(session, library, missing_for, yes=yes, dry_run=dry_run))


def _prune(session: Session, library: Library, missing_for: timedelta, *, yes: bool, dry_run: bool) -> None:
    plan = library.plan_prune(missing_for)
    if not session.as_json:
        _tell(session, library, plan)
    if plan.shows and not dry_run:
        if not yes:
            _ask(session, plural(len(plan.shows), "entry"))
        library.prune(plan)
    session.answer(
        lambda: {"deleted": [tmdb_id.value for tmdb_id in plan.shows]},
        lambda: session.say("Nothing was deleted." if dry_run or not plan.shows else "Deleted."),
    )


def _prune_failed(session: Session, library: Library, *, yes: bool, dry_run: bool) -> None:
    failed = library.failed_downloads()
    count = sum(map(len, failed.values()))
    if not session.as_json:
        session.say(f"{plural(count, 'record')} to delete")
        for tmdb_id, files in failed.items():
            for file in files:
                session.say(f"  {tmdb_id}  {file.library_path}: {file.status_message}")
    if failed and not dry_run:
        if not yes:
            _ask(session, plural(count, "record"))
        wished, failed = count, library.forget_failed(failed)
        count = sum(map(len, failed.values()))
        session.exit_code = int(count < wished)
    shapes = [
        {"tmdb_id": tmdb_id.value, "path": file.library_path}
        for tmdb_id, files in failed.items()
        for file in files
    ]
    session.answer(
        lambda: {"deleted": [], "files": shapes},
        lambda: session.say("Nothing was deleted." if dry_run or not count else f"Deleted {count:,}."),
    )


def _tell(session: Session, library: Library, plan: PrunePlan) -> None:
    session.say(f"{plural(len(plan.shows), 'entry')} to delete")
    for tmdb_id, show in plan.shows.items():
        if show.missing_since is not None:
            session.say(f"  {tmdb_id}  {show.name}  missing {since(show.missing_since, now=library.now())}")


def _ask(session: Session, what: str) -> None:
    if session.as_json or not sys.stdin.isatty():
        raise UsageError(f"{what} would be deleted for good: say --yes to do it")
    click.confirm("Delete them for good?", abort=True, err=True)

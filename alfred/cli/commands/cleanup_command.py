"""``alfred cleanup``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alfred.cli.command import alfred_command
from alfred.cli.session import Session
from alfred.cli.shapes import cleanup_shape
from alfred.cli.text import plural

if TYPE_CHECKING:
    from alfred.application.tv_shows.cleanup import CleanupPlan


@alfred_command(
    "cleanup",
    examples="""
    alfred cleanup --dry-run
    alfred cleanup --json
    """,
)
@click.option("--dry-run", is_flag=True, help="Say what would be ended, and change nothing.")
def command(session: Session, *, dry_run: bool) -> None:
    """End what got stuck.

    Downloads that were in processing for longer than an hour (ALFRED_ORPHAN_AGE_MINUTES) and whose file is gone
    become failed; claims that a killed batch left behind are released. Deletes nothing, never touches a file that
    is there, and can be run again and again.
    """
    plan = session.with_library(lambda library: library.cleanup(dry_run=dry_run))
    session.answer(lambda: cleanup_shape(plan), lambda: _tell(session, plan, dry_run=dry_run))


def _tell(session: Session, plan: CleanupPlan, *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    files, claims = plural(len(plan.orphans), "file"), plural(len(plan.abandoned), "claim")
    session.say(f"{files} {would}marked failed, {claims} {would}released.")
    for orphan in plan.orphans:
        failed = orphan.failed
        session.say(f"  failed    {orphan.tmdb_id}  {failed.library_path}: {failed.status_message}", style="red")
    for claim in plan.abandoned:
        session.say(f"  released  {claim.tmdb_id}  held by {claim.owner}", style="yellow")

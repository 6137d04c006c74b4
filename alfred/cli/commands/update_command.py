"""``alfred update``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from alfred.cli.batches import finish, run_batch, tell_batch
from alfred.cli.command import alfred_command
from alfred.cli.session import Session
from alfred.cli.shapes import refresh_shape, rescan_shape
from alfred.cli.text import plural

if TYPE_CHECKING:
    from alfred.application.tv_shows.rescan import RescanReport
    from alfred.composition import Library

_COUNT = click.IntRange(min=1)


@alfred_command(
    "update",
    examples="""
    alfred update
    alfred update --quiet
    alfred update --max-requests 500
    """,
)
@click.option("--max-requests", type=_COUNT, metavar="N", help="At most so many requests; the rest is left.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    metavar="N",
    help="So many shows at once; default: ALFRED_WORKERS.",
)
def command(session: Session, *, max_requests: int | None, workers: int | None) -> None:
    """Rescan the disk, then refresh what is due: the one command for cron and timers.

    Where so much vanished at once that the rescan refuses to mark it, nothing is refreshed either. A second run
    on the same machine while one is under way says so, does nothing, and ends with 0.
    """

    def work(library: Library) -> None:
        with library.only_update() as is_ours:
            if not is_ours:
                _say_running(session)
                return
            _update(session, library, max_requests, workers)

    session.with_library(work)


def _say_running(session: Session) -> None:
    session.answer(
        lambda: {"already_running": True, "rescan": None, "refresh": None},
        lambda: session.say("Another update of this library is under way; nothing was done."),
    )


def _update(session: Session, library: Library, max_requests: int | None, workers: int | None) -> None:
    rescan = library.rescan()
    if not (session.quiet or session.as_json):
        _tell_rescan(session, rescan)
    report = run_batch(session, library, library.refresh_rule(), max_requests=max_requests, workers=workers)
    session.answer(
        lambda: {"already_running": False, "rescan": rescan_shape(rescan), "refresh": refresh_shape(report)},
        lambda: tell_batch(session, report),
    )
    finish(session, report)
    for problem in rescan.broken:
        session.complain(f"{problem.path or '.'}: {problem.message}")
    if rescan.broken:
        session.exit_code = session.exit_code or 1


def _tell_rescan(session: Session, report: RescanReport) -> None:
    session.say(
        f"{plural(report.shows, 'show')} on disk: {len(report.added):,} added, {len(report.changed):,} changed, "
        f"{len(report.restored):,} restored, {len(report.missing):,} missing. {report.elapsed_seconds:.2f} s"
    )
    if report.unidentified:
        session.say(f"  {plural(len(report.unidentified), 'folder')} without an id: run 'alfred identify'")

"""What ``refresh`` and ``update`` share: running a batch under watch, and telling what came of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from alfred.cli.endings import ending_of
from alfred.cli.progress import shows_progress
from alfred.cli.session import Session
from alfred.cli.stopping import stops_on_request
from alfred.cli.text import plural

if TYPE_CHECKING:
    from alfred.application.tv_shows.refresh import RefreshReport
    from alfred.composition import Library
    from alfred.domain.library.refresh_plan import RefreshRule

NAMED_AT_MOST = 20
NOTHING_DUE = "Nothing to refresh: no show is due."


def run_batch(
    session: Session,
    library: Library,
    rule: RefreshRule,
    *,
    limit: int | None = None,
    max_requests: int | None = None,
    workers: int | None = None,
) -> RefreshReport:
    """Refresh, with progress on stderr; Ctrl-C and SIGTERM let the shows under way finish."""

    def say_stopping() -> None:
        if not session.quiet:
            sys.stderr.write("alfred: stopping when the shows under way are done; once more ends at once\n")
            sys.stderr.flush()

    with stops_on_request(say_stopping) as should_stop, shows_progress(session) as on_progress:
        report = library.refresh(
            rule,
            limit=limit,
            max_requests=max_requests,
            workers=workers,
            should_stop=should_stop,
            on_progress=on_progress,
        )
    if report.requests:
        library.roll_up()
    return report


def tell_batch(session: Session, report: RefreshReport) -> None:
    """Tell people what a batch did."""
    if not report.selected:
        session.say(NOTHING_DUE)
        return
    parts = [f"{report.refreshed:,} refreshed"]
    if report.unchanged:
        parts.append(f"{report.unchanged:,} unchanged")
    parts.append(f"{len(report.failed):,} failed")
    if report.skipped:
        parts.append(f"{report.skipped:,} done by another Alfred")
    if report.left:
        parts.append(f"{report.left:,} left")
    session.say(
        f"{plural(report.selected, 'show')}: {', '.join(parts)}. "
        f"{plural(report.requests, 'request')}, {report.elapsed_seconds:.2f} s"
    )
    if report.ending == "budget":
        session.say(f"  {plural(report.left, 'show')} did not fit into --max-requests.")
    if report.note:
        session.say(f"  {report.note}")
    for warning, count in report.warnings.items():
        session.say(f"  {plural(count, 'show')}: {warning}", style="yellow")


def name_failed(session: Session, report: RefreshReport) -> None:
    """Name on stderr the shows that failed, or so many of them as anyone reads."""
    for failed in report.failed[:NAMED_AT_MOST]:
        session.complain(f"{failed.tmdb_id} {failed.name}: {failed.error}")
    if len(report.failed) > NAMED_AT_MOST:
        session.complain(f"and {len(report.failed) - NAMED_AT_MOST:,} more: see 'alfred list --state broken'")


def finish(session: Session, report: RefreshReport) -> None:
    """Say on stderr what went wrong, and set the exit code."""
    name_failed(session, report)
    session.exit_code, _, message = ending_of(report)
    if message:
        session.complain(message)

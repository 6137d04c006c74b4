"""``alfred refresh``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from alfred.cli.batches import NOTHING_DUE, finish, run_batch, tell_batch
from alfred.cli.command import alfred_command
from alfred.cli.session import Session
from alfred.cli.shapes import plan_shape, refresh_shape
from alfred.cli.tables import Column
from alfred.cli.text import plural
from alfred.domain.library.entry import EntryState

if TYPE_CHECKING:
    from alfred.application.tv_shows.refresh import PlannedRefresh
    from alfred.composition import Library
    from alfred.domain.library.refresh_plan import RefreshRule

COLUMNS = (
    Column("TMDB", right=True),
    Column("Name", shrinks=True),
    Column("State"),
    Column("Reason"),
    Column("Requests", right=True),
)

_STATES = click.Choice([state.value for state in EntryState])
_COUNT = click.IntRange(min=1)


@alfred_command(
    "refresh",
    examples="""
    alfred refresh
    alfred refresh --dry-run
    alfred refresh --state broken
    alfred refresh --limit 100 --max-requests 150
    """,
)
@click.option("--state", "states", multiple=True, type=_STATES, help="Exactly this state; repeatable.")
@click.option("--skip", "skipped", multiple=True, type=_STATES, help="Not this state; repeatable.")
@click.option("--force", is_flag=True, help="Whatever the age, and without waiting after a failure.")
@click.option("--limit", type=_COUNT, metavar="N", help="At most so many shows.")
@click.option("--max-requests", type=_COUNT, metavar="N", help="At most so many requests; the rest is left.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    metavar="N",
    help="So many shows at once; default: ALFRED_WORKERS.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be refreshed and why, and send nothing.")
def command(
    session: Session,
    states: tuple[str, ...],
    skipped: tuple[str, ...],
    *,
    force: bool,
    limit: int | None,
    max_requests: int | None,
    workers: int | None,
    dry_run: bool,
) -> None:
    """Ask TMDB about every show that is due: placeholders first, then the oldest facts.

    Broken shows are due when their waiting time is over; missing and delisted ones only with --state. Several
    runs at once share the work. Ctrl-C lets the shows under way finish; the next run does only what is left.
    """

    def work(library: Library) -> None:
        rule = library.refresh_rule(
            states=[EntryState(state) for state in states],
            skipped=[EntryState(state) for state in skipped],
            force=force,
        )
        if dry_run:
            _plan(session, library, rule, limit, max_requests)
            return
        report = run_batch(session, library, rule, limit=limit, max_requests=max_requests, workers=workers)
        session.answer(lambda: refresh_shape(report), lambda: tell_batch(session, report))
        finish(session, report)

    session.with_library(work, queries_only=dry_run)


def _plan(
    session: Session, library: Library, rule: RefreshRule, limit: int | None, max_requests: int | None
) -> None:
    plan = list(library.plan_refresh(rule, limit=limit, max_requests=max_requests))

    def tell() -> None:
        if not plan:
            session.say(NOTHING_DUE)
            return
        session.table(COLUMNS, [_row(planned) for planned in plan])
        reasons = Counter(planned.reason.value for planned in plan)
        listed = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
        requests = sum(planned.candidate.requests for planned in plan)
        if session.stdout_is_terminal:
            session.say(f"{plural(len(plan), 'show')} ({listed}), {plural(requests, 'request')}")

    session.answer(lambda: plan_shape(plan), tell)


def _row(planned: PlannedRefresh) -> list[str]:
    candidate = planned.candidate
    return [
        str(candidate.tmdb_id),
        candidate.name,
        planned.state.value,
        planned.reason.value,
        str(candidate.requests),
    ]

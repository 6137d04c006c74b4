"""``alfred explain``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from alfred.application.exceptions import ShowNotFoundInLibrary
from alfred.cli.command import TMDB_ID, alfred_command
from alfred.cli.session import Session
from alfred.cli.shapes import explain_shape
from alfred.cli.text import age, clock_time, plural
from alfred.domain.library.entry import EntryState, RefreshForecast
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import TtlPolicy
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry

if TYPE_CHECKING:
    from alfred.composition import Library


@alfred_command("explain", examples="alfred explain 1396")
@click.argument("tmdb_id", type=TMDB_ID)
def command(session: Session, tmdb_id: TmdbId) -> None:
    """Say how a show stands, and why the next refresh would or would not take it."""

    def work(library: Library) -> None:
        entry = library.index.find_by_tmdb_id(tmdb_id)
        if entry is None:
            raise ShowNotFoundInLibrary(tmdb_id)
        now, ttl_days = library.now(), library.settings.tmdb_cache_ttl_days
        forecast, policy = library.forecast(entry), library.ttl_policy

        def tell() -> None:
            session.say(f"{entry.name} ({entry.tmdb_id}) is {_a(forecast.reason)}.", style="bold")
            session.say(f"  {_because(entry, forecast, _ttl(ttl_days, policy), now)}")
            answer = "would take it" if forecast.will_refresh else "would leave it alone"
            due = ""
            if forecast.next_refresh_at and forecast.next_refresh_at > now:
                due = f" until {clock_time(forecast.next_refresh_at)}"
            session.say(f"  The next refresh {answer}{due}.")

        session.answer(lambda: explain_shape(entry, forecast, ttl_days=ttl_days, now=now, policy=policy), tell)

    session.with_library(work, queries_only=True)


def _a(state: EntryState) -> str:
    return f"a {state}" if state is EntryState.PLACEHOLDER else state.value


def _since(moment: datetime | None) -> str:
    return clock_time(moment) if moment else "an unknown time"


def _ttl(ttl_days: int, policy: TtlPolicy) -> str:
    days = plural(ttl_days, "day")
    return days if policy is TtlPolicy.FIXED else f"{days}, fitted to the show"


def _because(entry: ShowIndexEntry, forecast: RefreshForecast, ttl: str, now: datetime) -> str:
    fetched = f"Its facts were fetched {age(entry.metadata.fetched_at, now=now)}"
    if entry.metadata.verified_at not in (None, entry.metadata.fetched_at):
        fetched += f" and verified {age(entry.metadata.verified_at, now=now)}"
    match forecast.reason:
        case EntryState.MISSING:
            since = _since(entry.metadata.missing_since)
            return f"Its folder has not been there since {since}: {entry.metadata.path}"
        case EntryState.PROCESSING:
            return f"A batch has held it since {_since(entry.metadata.claimed_at)}."
        case EntryState.BROKEN:
            return (
                f"The last sync failed ({entry.sync.error_class}, {entry.sync.attempts} in a row): "
                f"{entry.sync.status_message}"
            )
        case EntryState.DELISTED:
            return f"TMDB does not have this id: {entry.sync.status_message}"
        case EntryState.PLACEHOLDER:
            return f"TMDB has not been asked yet; 'alfred sync {entry.tmdb_id}' asks now."
        case EntryState.STALE:
            return f"{fetched}, and the TTL is {ttl}."
        case EntryState.FRESH:
            return f"{fetched}; they stay fresh for {ttl}."

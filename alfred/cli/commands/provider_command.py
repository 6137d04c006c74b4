"""``alfred provider``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from alfred.application.exceptions import ProviderError
from alfred.cli.command import alfred_command, alfred_group
from alfred.cli.session import Session
from alfred.cli.shapes import hour_shape, profile_shape, request_shape
from alfred.cli.spans import SinceParameter, moment_of
from alfred.cli.tables import Column
from alfred.cli.text import clock_time, iso, plural
from alfred.domain.connectivity import ConnectivityProfile, HourTally, ProviderStatus, next_step
from alfred.domain.connectivity.samples import UNKNOWN

if TYPE_CHECKING:
    from alfred.composition import Connectivity
    from alfred.infrastructure.persistence.state.logged_requests import LoggedRequest
    from alfred.infrastructure.persistence.state.profiles import Transition

ON_A_SCREEN = 50
"""A terminal gets so many requests where it asks for no number; other programs get all."""

BARS = "▁▂▃▄▅▆▇█"
NO_BAR = "·"

_STYLES = {
    ProviderStatus.HEALTHY: "green",
    ProviderStatus.DEGRADED: "yellow",
    ProviderStatus.FAILING: "red",
    ProviderStatus.QUARANTINED: "bold red",
}

COLUMNS = (
    Column("Provider"),
    Column("Status"),
    Column("Since"),
    Column("Why"),
    Column("1 h", right=True),
    Column("24 h", right=True, optional=True),
    Column("p50 ms", right=True, optional=True),
    Column("p95 ms", right=True, optional=True),
    Column("Last 24 hours", optional=True),
)

LOG_COLUMNS = (
    Column("When"),
    Column("Request"),
    Column("Outcome"),
    Column("HTTP", right=True),
    Column("ms", right=True),
    Column("Provider", optional=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """One provider with all that is shown of it."""

    profile: ConnectivityProfile
    failures: Mapping[str, int]
    hours: Sequence[HourTally]
    history: Sequence[Transition]

    @property
    def next_steps(self) -> dict[str, str]:
        """What can be done, the most frequent failure first."""
        classes = sorted(self.failures, key=lambda name: (-self.failures[name], name))
        if self.profile.is_quarantined and (own := self.profile.error_class) and own not in classes:
            classes.insert(0, own)  # what led to it may be longer ago
        return {name: next_step(name) for name in classes}


@alfred_group(
    "provider",
    examples="""
    alfred provider
    alfred provider --probe
    alfred provider --history --json
    alfred provider log --failed --since 12h
    """,
)
@click.option("--probe", is_flag=True, help="Ask TMDB once now, also while it is quarantined.")
@click.option("--history", is_flag=True, help="Also tell how the status changed, and how each hour went.")
def command(session: Session, *, probe: bool, history: bool) -> None:
    """Say how well TMDB can be reached from this machine: status, since when, why, and what can be done.

    The status comes from the requests of the last hour. While it is quarantined, batches send nothing; a probe
    that succeeds ends that. Ends with 4 where the probe failed.
    """
    from alfred.composition import open_connectivity

    with open_connectivity(session.settings) as connectivity:
        failure = _probe(connectivity) if probe else None
        reports = [_report(connectivity, profile) for profile in connectivity.refresh()]
    if failure is not None:
        session.exit_code = failure.exit_code
        session.complain(str(failure))
    session.answer(
        lambda: _shape(reports, failure, probed=probe, history=history),
        lambda: _tell(session, reports, history=history),
    )


def _probe(connectivity: Connectivity) -> ProviderError | None:
    try:
        connectivity.gate.probe()
    except ProviderError as error:
        return error
    return None


def _report(connectivity: Connectivity, profile: ConnectivityProfile) -> _Report:
    now, requests = profile.last_checked_at, connectivity.requests
    return _Report(
        profile=profile,
        failures=requests.summary(profile.provider, now=now).hour.failures,
        hours=requests.hours(profile.provider, now=now),
        history=connectivity.profiles.transitions(profile.provider),
    )


def _shape(
    reports: Sequence[_Report], failure: ProviderError | None, *, probed: bool, history: bool
) -> dict[str, Any]:
    document: dict[str, Any] = {"providers": [_provider_shape(report, history=history) for report in reports]}
    if probed:
        document["probe"] = {
            "succeeded": failure is None,
            "error_class": failure.error_class if failure else None,
            "message": str(failure) if failure else None,
        }
    return document


def _provider_shape(report: _Report, *, history: bool) -> dict[str, Any]:
    shape = profile_shape(report.profile, failures=report.failures, next_steps=report.next_steps)
    if history:
        shape["hours"] = [hour_shape(hour) for hour in report.hours]
        shape["history"] = [
            {"at": iso(one.at), "status": one.status.value, "error_class": one.error_class}
            for one in report.history
        ]
    return shape


def _tell(session: Session, reports: Sequence[_Report], *, history: bool) -> None:
    rows = [_cells(report) for report in reports]
    session.table(COLUMNS, rows, styles=[_STYLES[report.profile.status] for report in reports])
    for report in reports:
        _advise(session, report)
        if history:
            _tell_history(session, report)


def _cells(report: _Report) -> list[str]:
    profile = report.profile
    return [
        profile.provider,
        profile.status.value,
        clock_time(profile.status_since),
        _why(report),
        _percent(profile.success_rate_1h),
        _percent(profile.success_rate_24h),
        _milliseconds(profile.latency_p50_ms),
        _milliseconds(profile.latency_p95_ms),
        sparkline(report.hours),
    ]


def _why(report: _Report) -> str:
    """Name what is wrong, as far as the last hour shows it where the profile names nothing."""
    profile = report.profile
    if profile.error_class not in (None, UNKNOWN) or profile.status is ProviderStatus.HEALTHY:
        return profile.error_class or "-"
    if not profile.samples_1h:
        return "not asked in the last hour"
    return next(iter(report.next_steps), "slow")


def _advise(session: Session, report: _Report) -> None:
    profile = report.profile
    if profile.is_quarantined and profile.cooldown_until is not None:
        due = profile.is_probe_due(profile.last_checked_at)
        when = "the next batch sends a probe first" if due else f"until {clock_time(profile.cooldown_until)}"
        session.say(f"Batches send nothing: {when}. 'alfred provider --probe' asks at once.")
    for error_class, step in report.next_steps.items():
        count = report.failures.get(error_class, 0)
        session.say(f"{error_class}{f' ({count:,} in the last hour)' if count else ''}: {step}")


def _tell_history(session: Session, report: _Report) -> None:
    session.say("")
    for one in report.history:
        because = f" ({one.error_class})" if one.error_class not in (None, UNKNOWN) else ""
        session.say(f"{clock_time(one.at)}  {one.status.value}{because}", style=_STYLES[one.status])


def sparkline(hours: Sequence[HourTally]) -> str:
    """Draw the success rate of each hour, the oldest first; a dot stands for an hour without requests."""
    return "".join(
        NO_BAR if hour.success_rate is None else BARS[int(hour.success_rate * (len(BARS) - 1))] for hour in hours
    )


def _percent(rate: float | None) -> str:
    """Render a rate; 100 % is only said of all."""
    if rate is None:
        return "-"
    return f"{min(rate * 100, 99.9):.1f} %" if rate < 1 else "100 %"


def _milliseconds(latency: float | None) -> str:
    return "-" if latency is None else f"{latency:,.0f}"


@alfred_command(
    "log",
    examples="""
    alfred provider log
    alfred provider log --failed --since 12h
    alfred provider log --limit 1000 --json
    """,
)
@click.option("--failed", is_flag=True, help="Only requests that failed, or that our own limit held back.")
@click.option(
    "--since", type=SinceParameter(), metavar="TIME", help="A date or time (UTC), or a span: 12h, 7d, 4w."
)
@click.option("--limit", type=click.IntRange(min=1), help="At most so many, the latest first.")
def log_command(session: Session, *, failed: bool, since: timedelta | datetime | None, limit: int | None) -> None:
    """List the requests that left for TMDB, retries included, the latest first. They are kept for 7 days."""
    from alfred.application.ports.clock import system_clock
    from alfred.composition import open_connectivity

    start = moment_of(since, now=system_clock()) if since else None
    to_a_screen = session.stdout_is_terminal and not session.as_json
    most = limit or (ON_A_SCREEN if to_a_screen else None)
    with (
        open_connectivity(session.settings) as connectivity,
        closing(connectivity.requests.latest(failed=failed, since=start)) as listed,
    ):
        found = list(islice(listed, most))
        more = limit is None and next(listed, None) is not None
    session.answer(
        lambda: {"requests": [request_shape(one) for one in found]},
        lambda: _tell_requests(session, found, more=more, failed=failed),
    )


command.add_command(log_command)


def _tell_requests(session: Session, found: Sequence[LoggedRequest], *, more: bool, failed: bool) -> None:
    if not found:
        session.say("No request failed." if failed else "No request was sent.")
        return
    session.table(LOG_COLUMNS, [_request_cells(one) for one in found])
    if session.stdout_is_terminal:
        session.say(
            "There is more: --limit N shows as many as you like." if more else plural(len(found), "request")
        )


def _request_cells(one: LoggedRequest) -> list[str]:
    return [
        f"{one.started:%Y-%m-%d %H:%M:%S} UTC",
        one.request_type,
        one.error_class or one.outcome,
        str(one.http_status or "-"),
        f"{one.latency_ms:,.0f}",
        one.provider,
    ]

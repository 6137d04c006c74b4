"""Times on the command line: a span such as ``90d``, and a moment, which a span back from now also names."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def parse_span(text: str) -> timedelta | None:
    """Read a number of hours, days or weeks, such as ``12h``; None where it is none."""
    match = re.fullmatch(r"([0-9]{1,5})([hdw])", text.strip().lower())
    if match is None or int(match[1]) == 0:
        return None
    return int(match[1]) * _UNITS[match[2]]


def parse_moment(text: str) -> datetime | None:
    """Read an ISO 8601 date or time, in UTC where it names no zone; None where it is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class SpanParameter(click.ParamType[timedelta]):
    """A span of time such as ``90d``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read a number of hours, days or weeks."""
        span = parse_span(str(value))
        if span is None:
            self.fail(f"{value!r} is not a span of time such as 90d (h hours, d days, w weeks)", param, ctx)
        return span


class SinceParameter(click.ParamType["timedelta | datetime"]):
    """A moment, or how long ago it was."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta | datetime:
        """Read a span, a date, or a time."""
        found = parse_span(str(value)) or parse_moment(str(value))
        if found is None:
            self.fail(
                f"{value!r} is no time: give a date such as 2026-05-31, a time such as 2026-05-31T18:00Z, "
                "or a span such as 7d (h hours, d days, w weeks)",
                param,
                ctx,
            )
        return found


def moment_of(since: timedelta | datetime, *, now: datetime) -> datetime:
    """Return the moment that a span back from now, or a moment, names."""
    return since if isinstance(since, datetime) else now - since

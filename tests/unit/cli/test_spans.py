"""Spans and moments as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from alfred.cli.spans import moment_of, parse_moment, parse_span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        (" 2W ", timedelta(weeks=2)),
        ("90D", timedelta(90)),
    ],
)
def test_a_span_is_a_number_and_a_unit(text: str, span: timedelta) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize("text", ["", "d", "7", "0d", "-7d", "1.5d", "7 d", "7m", "100000d", "\u0667d"])
def test_anything_else_is_no_span(text: str) -> None:
    assert parse_span(text) is None


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-31", datetime(2026, 5, 31, tzinfo=UTC)),
        ("2026-05-31T18:30", datetime(2026, 5, 31, 18, 30, tzinfo=UTC)),
        ("2026-05-31 18:30:05.25Z", datetime(2026, 5, 31, 18, 30, 5, 250_000, tzinfo=UTC)),
        ("2026-05-31T18:30+02:00", datetime(2026, 5, 31, 18, 30, tzinfo=timezone(timedelta(hours=2)))),
    ],
)
def test_a_moment_is_in_utc_unless_it_says_otherwise(text: str, moment: datetime) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "31.5.2026", "2026-02-30", "2026-05-31T25:00"])
def test_anything_else_is_no_moment(text: str) -> None:
    assert parse_moment(text) is None


def test_a_span_reaches_back_from_now() -> None:
    now = datetime(2026, 6, 8, tzinfo=UTC)

    assert moment_of(timedelta(days=7), now=now) == datetime(2026, 6, 1, tzinfo=UTC)
    assert moment_of(now, now=now) is now

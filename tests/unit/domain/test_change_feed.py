from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.change_feed import LARGEST_LAG, is_worth_reading, plan_window

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
SHOW = TmdbId(1)


def first_day_for(known_true_at: datetime) -> date:
    return plan_window([(SHOW, known_true_at)], now=NOW).first_day


def test_the_window_begins_before_the_oldest_facts_by_what_the_provider_may_lag() -> None:
    assert timedelta(hours=8) <= LARGEST_LAG
    assert first_day_for(datetime(2026, 5, 15, 12, tzinfo=UTC)) == date(2026, 5, 15)
    assert first_day_for(datetime(2026, 5, 15, 5, tzinfo=UTC)) == date(2026, 5, 14)


def test_the_window_covers_all_facts_and_ends_today() -> None:
    ages = {TmdbId(1): 3, TmdbId(2): 8, TmdbId(3): 5}
    window = plan_window(((show, NOW - timedelta(days=age)) for show, age in ages.items()), now=NOW)

    assert (window.first_day, window.last_day) == (date(2026, 5, 12), date(2026, 5, 20))
    assert window.shows == ages.keys()


def test_days_are_those_of_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    window = plan_window(
        [(SHOW, datetime(2026, 5, 15, 2, tzinfo=tokyo))], now=datetime(2026, 5, 21, 1, tzinfo=tokyo)
    )

    assert (window.first_day, window.last_day) == (date(2026, 5, 14), date(2026, 5, 20))


@pytest.mark.parametrize(
    ("age", "is_covered"),
    [
        (timedelta(days=14), True),
        (timedelta(days=14, hours=3), True),
        (timedelta(days=14, hours=4), False),
        (timedelta(days=30), False),
        (timedelta(), True),
        (timedelta(minutes=-1), False),
    ],
)
def test_facts_older_than_the_longest_window_or_of_the_future_are_not_covered(
    age: timedelta, is_covered: bool
) -> None:
    young = TmdbId(2)
    window = plan_window([(SHOW, NOW - age), (young, NOW - timedelta(days=1))], now=NOW)

    assert window.shows == ({SHOW, young} if is_covered else {young})
    assert window.last_day - window.first_day <= timedelta(days=14)


def test_nothing_is_covered_where_there_are_no_candidates() -> None:
    assert plan_window([], now=NOW).shows == frozenset()


@pytest.mark.parametrize(
    ("pages", "shows", "is_worth_it"),
    [(40, 53, False), (40, 54, True), (1, 1, False), (1, 2, True), (1, 0, False)],
)
def test_the_list_is_read_where_it_has_fewer_pages_than_shows_it_is_likely_to_spare(
    pages: int, shows: int, is_worth_it: bool
) -> None:
    assert is_worth_reading(pages, shows) is is_worth_it

"""How long facts stay fresh, by the fixed and by the adaptive policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import (
    LONGEST_TTL,
    FactsAge,
    Outlook,
    TtlPolicy,
    due_at,
    is_stale,
    shortest_ttl,
)
from alfred.domain.tv_shows.outlook import outlook_of
from alfred.domain.tv_shows.request_cost import LAST_SEASON_AT_ONCE, SEASONS_PER_REQUEST, requests_for
from alfred.domain.tv_shows.show import EpisodeInfo, SeasonInfo
from alfred.infrastructure.api.tmdb.client import FIRST_SEASONS, LARGEST_APPEND
from tests.builders import NOW, a_season, a_show, an_episode, days

ADAPTIVE = TtlPolicy.ADAPTIVE


def facts(*, age: timedelta = timedelta(), **changes: object) -> FactsAge:
    values: dict[str, object] = {"tmdb_id": TmdbId(501), "status": "Returning Series", "fetched_at": NOW - age}
    return FactsAge(**(values | changes))  # type: ignore[arg-type]  # a builder of keywords


def ttl(known: FactsAge, *, ttl_days: int = 10, policy: TtlPolicy = ADAPTIVE) -> timedelta:
    return due_at(known, ttl_days=ttl_days, policy=policy) - known.known_true_at


def test_the_fixed_policy_is_the_number_of_days_whatever_the_show() -> None:
    outlook = Outlook((NOW.date(),), incomplete_from=date(2020, 1, 1))

    for status in ("Ended", "Canceled", "Returning Series"):
        known = facts(status=status, outlook=outlook)
        assert ttl(known, policy=TtlPolicy.FIXED) == days(10)


def test_the_adaptive_policy_takes_up_to_a_tenth_off_by_the_id() -> None:
    spans = [ttl(facts(tmdb_id=TmdbId(number))) for number in range(1, 1001)]

    assert all(days(9) <= span <= days(10) for span in spans)
    by_tenth = [sum(days(9 + at / 10) <= span < days(9 + (at + 1) / 10) for span in spans) for at in range(10)]
    assert all(80 <= count <= 120 for count in by_tenth), by_tenth


@pytest.mark.parametrize("status", ["Ended", "Canceled"])
def test_the_adaptive_policy_waits_four_times_as_long_for_a_show_that_is_over(status: str) -> None:
    assert days(36) <= ttl(facts(status=status)) <= days(40)


def test_no_policy_keeps_facts_longer_than_half_a_year() -> None:
    assert ttl(facts(status="Ended"), ttl_days=100) == LONGEST_TTL


def test_facts_that_are_verified_again_and_again_are_fetched_after_half_a_year() -> None:
    fetched = NOW - days(179)
    for policy in TtlPolicy:
        known = facts(fetched_at=fetched, verified_at=NOW)
        assert due_at(known, ttl_days=30, policy=policy) == fetched + LONGEST_TTL


def test_verified_facts_are_as_fresh_as_fetched_ones() -> None:
    known = facts(age=days(20), verified_at=NOW - days(1))

    assert due_at(known, ttl_days=7) == NOW + days(6)
    assert not is_stale(known, ttl_days=7, now=NOW)


@pytest.mark.parametrize("policy", TtlPolicy)
def test_facts_from_the_future_are_stale(policy: TtlPolicy) -> None:
    assert is_stale(facts(age=days(-1)), ttl_days=7, policy=policy, now=NOW)
    assert is_stale(facts(age=days(1), verified_at=NOW + days(1)), ttl_days=7, policy=policy, now=NOW)


@pytest.mark.parametrize("policy", TtlPolicy)
def test_a_ttl_of_nothing_is_always_over(policy: TtlPolicy) -> None:
    assert is_stale(facts(status="Ended"), ttl_days=0, policy=policy, now=NOW)


@pytest.mark.parametrize(
    ("airs_in", "days_kept"),
    [(-9, 10), (-3, 10), (-2, 10), (-1, 1), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1.5), (8, 5.5), (30, 10)],
)
def test_an_episode_that_airs_brings_the_refresh_forward_to_two_days_before(
    airs_in: int, days_kept: float
) -> None:
    known = facts(tmdb_id=None, outlook=Outlook((NOW.date() + timedelta(days=airs_in),)))

    assert ttl(known) == days(days_kept)


def test_an_episode_without_a_title_has_the_show_asked_about_every_day_once_it_has_aired() -> None:
    aired = facts(tmdb_id=None, status="Ended", outlook=Outlook(incomplete_from=date(2026, 5, 1)))
    to_air = facts(tmdb_id=None, outlook=Outlook(incomplete_from=date(2026, 6, 4)))

    assert ttl(aired) == days(1)
    assert due_at(to_air, ttl_days=10, policy=ADAPTIVE) == datetime(2026, 6, 4, tzinfo=UTC)


def test_the_outlook_has_what_is_to_air_and_leaves_out_what_is_long_past() -> None:
    today = date(2026, 6, 1)
    airs = [date(2019, 1, 1), date(2026, 5, 31), date(2026, 7, 1)]
    season = SeasonInfo(
        season_id=1,
        number=1,
        name="",
        episodes=tuple(an_episode(number, air_date=day) for number, day in enumerate(airs, 1)),
    )

    assert outlook_of(a_show(seasons=(season,)), today=today) == Outlook((airs[1], airs[2]))


@pytest.mark.parametrize("title", ["", " ", "TBA", "tbd", "Tba "])
def test_an_episode_is_incomplete_without_a_title(title: str) -> None:
    episodes = (an_episode(1, air_date=date(2020, 1, 1)), an_episode(2, title=title, air_date=date(2020, 1, 8)))
    show = a_show(seasons=(_with(a_season(), episodes),))

    assert outlook_of(show, today=date(2026, 1, 1)).incomplete_from == date(2020, 1, 8)


def test_an_episode_without_a_date_is_incomplete_once_a_later_one_has_aired_except_for_specials() -> None:
    episodes = (an_episode(1, air_date=None), an_episode(2, air_date=date(2020, 1, 8)))

    in_season = a_show(seasons=(_with(a_season(1), episodes),))
    in_specials = a_show(seasons=(_with(a_season(0), episodes),))
    at_the_end = a_show(seasons=(_with(a_season(1), (an_episode(1), an_episode(2, air_date=None))),))

    assert outlook_of(in_season, today=date(2026, 1, 1)).incomplete_from == date(2020, 1, 8)
    assert outlook_of(in_specials, today=date(2026, 1, 1)).incomplete_from is None
    assert outlook_of(at_the_end, today=date(2026, 1, 1)).incomplete_from is None


def _with(season: SeasonInfo, episodes: tuple[EpisodeInfo, ...]) -> SeasonInfo:
    return replace(season, episodes=episodes)


AGES = st.timedeltas(timedelta(), timedelta(days=400))
OUTLOOKS = st.builds(
    Outlook,
    st.lists(st.dates(date(2025, 6, 1), date(2027, 6, 1)), max_size=3).map(tuple),
    st.none() | st.dates(date(2025, 6, 1), date(2027, 6, 1)),
)


@given(
    age=AGES,
    verified=st.none() | AGES,
    status=st.sampled_from(["Ended", "Returning Series"]),
    outlook=OUTLOOKS,
    tmdb_id=st.integers(1, 2**31 - 1),
    ttl_days=st.integers(0, 180),
    policy=st.sampled_from(TtlPolicy),
)
def test_facts_become_stale_at_the_moment_they_are_due_and_stay_so(
    *,
    age: timedelta,
    verified: timedelta | None,
    status: str,
    outlook: Outlook,
    tmdb_id: int,
    ttl_days: int,
    policy: TtlPolicy,
) -> None:
    known = FactsAge(
        tmdb_id=TmdbId(tmdb_id),
        status=status,
        fetched_at=NOW - age,
        verified_at=None if verified is None else NOW - min(age, verified),
        outlook=outlook,
    )
    due = due_at(known, ttl_days=ttl_days, policy=policy)
    moments = [due, due + timedelta(microseconds=1), due + timedelta(days=3), due + timedelta(days=900)]

    assert all(
        is_stale(known, ttl_days=ttl_days, policy=policy, now=max(at, known.known_true_at)) for at in moments
    )
    if due > known.known_true_at:
        just_before = due - timedelta(microseconds=1)
        assert not is_stale(known, ttl_days=ttl_days, policy=policy, now=just_before)
        assert due >= min(known.known_true_at + shortest_ttl(ttl_days, policy), known.fetched_at + LONGEST_TTL)


def test_the_estimate_of_requests_is_what_the_client_needs() -> None:
    assert max(FIRST_SEASONS) == LAST_SEASON_AT_ONCE
    assert LARGEST_APPEND == SEASONS_PER_REQUEST
    assert [requests_for(count) for count in (0, 1, 20, 21, 40, 41)] == [1, 2, 2, 3, 3, 4]

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from alfred.application.exceptions import ProviderError
from alfred.application.ports.changes import ChangesPage, ChangesReading, FeedVerdict
from alfred.application.tv_shows.change_feed import ChangeFeed
from alfred.domain.shared.value_objects import TmdbId
from tests.builders import NOW
from tests.fakes.clock import FakeClock

Spoil = Callable[[int, ChangesPage], ChangesPage]


class FakeList:
    """Lists changed shows, a hundred a page, and counts what it is asked."""

    def __init__(self, changed: Iterable[int], *, spoil: Spoil = lambda _number, page: page) -> None:
        self.changed = list(changed)
        self.spoil = spoil
        self.asked: list[tuple[date, date, int]] = []
        self.requests_each = 1
        self.before_each: Callable[[int], None] = lambda _number: None

    @property
    def requests_sent(self) -> int:
        return len(self.asked) * self.requests_each

    def get_tv_changes(self, first_day: date, last_day: date, *, page: int) -> ChangesPage:
        self.asked.append((first_day, last_day, page))
        self.before_each(page)
        rows = self.changed[(page - 1) * 100 : page * 100]
        total = len(self.changed)
        return self.spoil(page, ChangesPage(ids=tuple(rows), total_pages=-(-total // 100), total_results=total))


class FakeMemory:
    def __init__(self) -> None:
        self.reading: ChangesReading | None = None

    def recall(self) -> ChangesReading | None:
        return self.reading

    def remember(self, reading: ChangesReading) -> None:
        self.reading = reading


def aged(days: float, ids: Sequence[int]) -> list[tuple[TmdbId, datetime]]:
    return [(TmdbId(number), NOW - timedelta(days=days)) for number in ids]


def ask(source: FakeList, shows: int = 500, *, days: float = 7, budget: int | None = None) -> FeedVerdict:
    return ChangeFeed(source, now=lambda: NOW).unchanged(aged(days, range(1, shows + 1)), budget)


CHANGED = [*range(1, 101), *range(10_000, 13_900)]
"""4,000 shows, a hundred of which are in the library."""


def test_shows_that_are_not_listed_are_unchanged() -> None:
    source = FakeList(CHANGED)

    verdict = ask(source)

    assert {show.value for show in verdict.unchanged} == set(range(101, 501))
    assert (verdict.requests, verdict.note) == (40, None)


def test_every_page_is_asked_for_the_same_days() -> None:
    source = FakeList(CHANGED)

    ask(source)

    assert [page for _, _, page in source.asked] == list(range(1, 41))
    assert len({(first, last) for first, last, _ in source.asked}) == 1


def test_shows_that_are_too_old_for_the_list_are_fetched() -> None:
    source = FakeList(CHANGED)
    candidates = aged(7, range(1, 501)) + aged(15, range(501, 601))

    verdict = ChangeFeed(source, now=lambda: NOW).unchanged(candidates)

    assert {show.value for show in verdict.unchanged} == set(range(101, 501))
    assert (NOW.date() - source.asked[0][0]).days <= 14


@pytest.mark.parametrize("shows", [0, 1, 24])
def test_few_shows_are_fetched_without_a_look_at_the_list(shows: int) -> None:
    source = FakeList(CHANGED)

    assert ask(source, shows) == FeedVerdict()
    assert source.asked == []


def test_a_list_that_turns_out_to_be_long_is_left_after_one_page() -> None:
    verdict = ask(FakeList(CHANGED), 50)

    assert verdict.requests == 1
    assert verdict.unchanged == frozenset()
    assert verdict.note == "the list of changes was of no use: it has 40 pages, for 50 shows"


@pytest.mark.parametrize(("budget", "requests"), [(0, 0), (17, 0), (18, 1), (39, 1), (40, 40)])
def test_a_budget_is_kept(budget: int, requests: int) -> None:
    verdict = ask(FakeList(CHANGED), budget=budget)

    assert verdict.requests == requests
    assert bool(verdict.unchanged) is (requests == 40)


def test_a_budget_is_kept_where_requests_have_to_be_repeated() -> None:
    source = FakeList(CHANGED)
    source.requests_each = 2

    verdict = ask(source, budget=50)

    assert verdict.unchanged == frozenset()
    assert verdict.requests == 50


def test_a_list_that_grows_while_it_is_read_is_read_to_its_end() -> None:
    source = FakeList(range(10_000, 13_999))

    def grow(number: int) -> None:
        if number == 20:
            source.changed[:0] = range(401, 403)

    source.before_each = grow
    verdict = ask(source)

    assert verdict.requests == 41
    assert verdict.note is None
    assert len(verdict.unchanged) == 500


def unavailable(number: int, page: ChangesPage) -> ChangesPage:
    if number == 30:
        raise ProviderError("TMDB is in trouble", error_class="http_5xx")
    return page


def short_by_one(number: int, page: ChangesPage) -> ChangesPage:
    return replace(page, ids=page.ids[1:]) if number == 7 else page


def without_a_page(number: int, page: ChangesPage) -> ChangesPage:
    return replace(page, ids=()) if number == 12 else page


def with_one_page_twice(number: int, page: ChangesPage) -> ChangesPage:
    return replace(page, ids=tuple(range(10_000, 10_100))) if number == 12 else page


def boastful(_number: int, page: ChangesPage) -> ChangesPage:
    return replace(page, total_results=page.total_results + 1)


def endless(_number: int, page: ChangesPage) -> ChangesPage:
    return replace(page, total_pages=501)


@pytest.mark.parametrize(
    "spoil", [unavailable, short_by_one, without_a_page, with_one_page_twice, boastful, endless]
)
def test_a_list_that_fails_or_looks_wrong_spares_no_fetch(spoil: Spoil) -> None:
    verdict = ask(FakeList(CHANGED, spoil=spoil), 5000)

    assert verdict.unchanged == frozenset()
    assert verdict.requests >= 1
    assert verdict.note is not None
    assert verdict.note.startswith("the list of changes was of no use: ")


def test_an_empty_list_is_not_believed() -> None:
    verdict = ask(FakeList([]), 5000)

    assert (verdict.unchanged, verdict.requests) == (frozenset(), 1)
    assert "empty" in str(verdict.note)


def test_a_list_in_one_page_whose_count_means_something_else_is_read() -> None:
    def in_one_page(_number: int, _page: ChangesPage) -> ChangesPage:
        return ChangesPage(ids=tuple(range(1, 1085)), total_pages=1, total_results=1)

    verdict = ask(FakeList([], spoil=in_one_page), 5000)

    assert (len(verdict.unchanged), verdict.requests) == (5000 - 1084, 1)


def test_a_reading_serves_other_batches_for_an_hour() -> None:
    memory, clock, source = FakeMemory(), FakeClock(), FakeList(CHANGED)
    feed = ChangeFeed(source, memory=memory, now=clock)
    first = feed.unchanged(aged(7, range(1, 501)))
    clock.advance(minutes=59)
    again = ChangeFeed(source, memory=memory, now=clock).unchanged(aged(6, [5, 300]), budget=0)
    clock.advance(minutes=1)
    later = feed.unchanged(aged(7, range(1, 501)))

    assert (first.requests, again.requests, later.requests) == (40, 0, 40)
    assert {show.value for show in again.unchanged} == {300}


def test_a_reading_does_not_serve_a_batch_with_older_facts() -> None:
    memory, source = FakeMemory(), FakeList(CHANGED)
    feed = ChangeFeed(source, memory=memory, now=lambda: NOW)
    feed.unchanged(aged(3, range(1, 501)))

    assert feed.unchanged(aged(5, range(1, 501))).requests == 40


def test_a_reading_of_the_future_is_not_used() -> None:
    memory, clock, source = FakeMemory(), FakeClock(), FakeList(CHANGED)
    feed = ChangeFeed(source, memory=memory, now=clock)
    feed.unchanged(aged(7, range(1, 501)))
    clock.advance(hours=-2)

    assert feed.unchanged(aged(7, range(1, 501))).requests == 40


def test_a_reading_that_failed_is_not_remembered() -> None:
    memory = FakeMemory()
    ChangeFeed(FakeList(CHANGED, spoil=short_by_one), memory=memory, now=lambda: NOW).unchanged(
        aged(7, range(1, 501))
    )

    assert memory.reading is None

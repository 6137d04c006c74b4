"""A batch in memory: what it takes, what it leaves, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alfred.application.exceptions import ProviderError, TokenMissing
from alfred.application.ports.batch import RefreshProgress
from alfred.application.ports.changes import FeedVerdict
from alfred.application.tv_shows.refresh import (
    FAILED_IN_A_ROW,
    Ending,
    RefreshReport,
    plan_refresh,
    refresh_library,
)
from alfred.domain.library.entry import EntryState, Outcome, SyncRecord
from alfred.domain.library.refresh_plan import RefreshRule
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.show import TVShowInfo
from tests.builders import NOW, a_season, a_show, an_entry, days
from tests.fakes.clock import FakeClock
from tests.fakes.index import FakeIndex
from tests.fakes.processes import DEAD, ELSEWHERE, US, FakeProcesses
from tests.fakes.releases import FakeSidecars

STALE = NOW - days(30)


class Provider:
    """Answers for every show, except where it was told how to fail."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.failures: dict[int, BaseException] = {}
        self.fails_from: tuple[int, BaseException] | None = None
        self.before_answer: Callable[[int], None] = lambda _: None
        self._lock = threading.Lock()

    def get_tv_show_info(self, tmdb_id: int) -> TVShowInfo:
        with self._lock:
            self.asked.append(tmdb_id)
            count = len(self.asked)
        self.before_answer(tmdb_id)
        if tmdb_id in self.failures:
            raise self.failures[tmdb_id]
        if self.fails_from and count > self.fails_from[0]:
            raise self.fails_from[1]
        return a_show(TmdbId(tmdb_id), name=f"Show {tmdb_id}")


def failure(error_class: str = "timeout", **changes: Any) -> ProviderError:
    return ProviderError(f"it is {error_class}", error_class=error_class, **changes)


@dataclass
class Feed:
    """A change feed with a fixed opinion."""

    same: Iterable[int] = ()
    requests: int = 1
    error: ProviderError | None = None
    asked: list[tuple[TmdbId, datetime]] = field(default_factory=list)

    def unchanged(self, candidates: Iterable[tuple[TmdbId, datetime]], budget: int | None) -> FeedVerdict:
        self.asked = list(candidates)
        if self.error is not None:
            raise self.error
        return FeedVerdict(frozenset(map(TmdbId, self.same)), self.requests, "one page")


@dataclass
class Scene:
    """A library of entries, a provider and a clock."""

    clock: FakeClock = field(default_factory=FakeClock)
    provider: Provider = field(default_factory=Provider)
    sidecars: FakeSidecars = field(default_factory=FakeSidecars)
    processes: FakeProcesses = field(default_factory=FakeProcesses)

    def __post_init__(self) -> None:
        self.index = FakeIndex(now=self.clock)

    def put(self, *ids: int, info: bool = True, **changes: Any) -> Scene:
        values: dict[str, Any] = {"fetched_at": STALE, "sync": SyncRecord(outcome=Outcome.OK)} | changes
        for number in ids:
            entry = an_entry(TmdbId(number), path=f"Show {number}", **values)
            known = info and values["fetched_at"] is not None
            self.index.put(entry, info=a_show(TmdbId(number), name="An old name") if known else None)
        return self

    def rule(self, **changes: Any) -> RefreshRule:
        return RefreshRule(**({"ttl_days": 7} | changes))

    def plan(self, *, limit: int | None = None, max_requests: int | None = None, **rule: Any) -> list[int]:
        planned = plan_refresh(
            rule=self.rule(**rule),
            index=self.index,
            processes=self.processes,
            now=self.clock,
            limit=limit,
            max_requests=max_requests,
        )
        return [entry.candidate.tmdb_id.value for entry in planned]

    def refresh(self, *, rule: RefreshRule | None = None, workers: int = 1, **options: Any) -> RefreshReport:
        report = refresh_library(
            Path("/tv"),
            rule=rule or self.rule(),
            index=self.index,
            release_repo=self.sidecars,
            tmdb_client=self.provider,
            processes=self.processes,
            now=self.clock,
            workers=workers,
            **options,
        )
        done = report.refreshed + report.unchanged + len(report.failed) + report.skipped
        assert report.selected == done + report.left
        assert [claim for claim in self.index.claims() if claim.owner == str(US)] == []
        return report

    def states(self) -> dict[int, EntryState]:
        rule = self.rule()
        entries = [self.index.find_by_tmdb_id(TmdbId(number)) for number in self.ids()]
        return {
            entry.tmdb_id.value: rule.state(entry.standing, now=self.clock())
            for entry in entries
            if entry is not None
        }

    def ids(self) -> list[int]:
        return sorted(tmdb_id.value for tmdb_id in self.index.known_shows())

    def record(self, number: int) -> SyncRecord:
        return self.index.sync_record(TmdbId(number))


def failed_ids(report: RefreshReport) -> list[int]:
    return sorted(failed.tmdb_id.value for failed in report.failed)


# --- what is taken, and in which order


def test_placeholders_come_first_and_then_the_oldest_facts() -> None:
    scene = Scene().put(1, fetched_at=NOW - days(8)).put(2, fetched_at=NOW - days(90)).put(3, fetched_at=None)
    scene.put(4, fetched_at=NOW - days(1))

    assert scene.plan() == [3, 2, 1]
    report = scene.refresh()

    assert scene.provider.asked == [3, 2, 1]
    assert (report.selected, report.refreshed, report.left, report.ending) == (3, 3, 0, None)
    assert set(scene.states().values()) == {EntryState.FRESH}


def test_a_batch_with_nothing_to_do_sends_nothing_and_asks_no_gate() -> None:
    scene = Scene().put(1, fetched_at=NOW)

    report = scene.refresh(gate=lambda: pytest.fail("there is nothing to let through"))

    assert (report.selected, report.requests, scene.provider.asked) == (0, 0, [])


def test_a_second_run_does_nothing() -> None:
    scene = Scene().put(*range(1, 31))

    assert scene.refresh(workers=4).refreshed == 30
    assert scene.refresh(workers=4).selected == 0
    assert sorted(scene.provider.asked) == list(range(1, 31))


def test_a_limit_takes_the_most_wanted() -> None:
    scene = Scene().put(1, 2, 3, fetched_at=NOW - days(8)).put(4, fetched_at=NOW - days(9))

    assert scene.plan(limit=2) == [4, 1]
    assert scene.refresh(limit=2).selected == 2
    assert scene.provider.asked == [4, 1]


def test_a_forced_batch_fetches_each_show_once_even_where_the_clock_stands_still() -> None:
    scene = Scene().put(*range(1, 21), fetched_at=NOW)

    report = scene.refresh(rule=scene.rule(force=True), workers=4)

    assert report.refreshed == 20
    assert sorted(scene.provider.asked) == list(range(1, 21))


def test_a_negative_ttl_and_a_batch_without_workers_are_refused() -> None:
    with pytest.raises(ValueError, match="TTL"):
        Scene().rule(ttl_days=-1)
    with pytest.raises(ValueError, match="worker"):
        Scene().refresh(workers=0)


# --- the budget


def with_many_seasons(scene: Scene, number: int, seasons: int, **changes: Any) -> None:
    show = a_show(TmdbId(number), seasons=tuple(a_season(at, episodes=0) for at in range(seasons)))
    values: dict[str, Any] = {"fetched_at": STALE, "sync": SyncRecord(outcome=Outcome.OK)} | changes
    scene.index.put(an_entry(TmdbId(number), path=f"Show {number}", **values), info=show)


def test_a_plan_is_cut_to_the_requests_it_may_take() -> None:
    scene = Scene().put(2, 3, 4, fetched_at=NOW - days(8))
    with_many_seasons(scene, 1, 60, fetched_at=NOW - days(90))  # 0 to 18, and three times up to twenty

    assert scene.plan() == [1, 2, 3, 4]
    assert scene.plan(max_requests=2) == [2, 3]
    assert scene.plan(max_requests=5) == [1, 2]


def test_a_budget_that_is_used_up_leaves_the_rest_and_says_so() -> None:
    scene = Scene().put(*range(1, 11))

    report = scene.refresh(max_requests=4, workers=3)

    assert (report.refreshed, report.left, report.requests, report.ending) == (4, 6, 4, Ending.BUDGET)
    assert len(scene.provider.asked) == 4
    assert scene.refresh(max_requests=100, workers=3).refreshed == 6


def test_retries_count_against_the_budget() -> None:
    scene = Scene().put(*range(1, 11))

    report = scene.refresh(max_requests=6, requests_sent=lambda: 3 * len(scene.provider.asked))

    assert (report.refreshed, report.left, report.requests) == (2, 8, 6)


# --- claims


def test_what_another_process_holds_is_left_to_it() -> None:
    scene = Scene(processes=FakeProcesses(DEAD)).put(1, 2)
    scene.index.claim(TmdbId(1), str(DEAD), NOW)

    assert scene.plan() == [2]
    assert scene.refresh().refreshed == 1
    assert [claim.tmdb_id.value for claim in scene.index.claims()] == [1]


def test_what_a_dead_process_of_this_machine_held_is_taken_at_once() -> None:
    scene = Scene().put(1, 2)
    scene.index.claim(TmdbId(1), str(DEAD), NOW)

    assert scene.plan() == [1, 2]
    assert scene.index.claims() != ()
    assert scene.refresh().refreshed == 2
    assert scene.index.claims() == ()


def test_what_a_process_of_another_machine_held_is_taken_after_an_hour() -> None:
    scene = Scene().put(1)
    scene.index.claim(TmdbId(1), str(ELSEWHERE), NOW - timedelta(minutes=59))

    assert scene.plan() == []
    scene.clock.advance(minutes=2)
    assert scene.refresh().refreshed == 1


def test_the_claim_of_a_dead_process_on_an_entry_that_is_fresh_is_ended_too() -> None:
    scene = Scene().put(1, fetched_at=NOW)
    scene.index.claim(TmdbId(1), str(DEAD), NOW)

    assert scene.refresh().selected == 0
    assert scene.states() == {1: EntryState.FRESH}


@pytest.mark.parametrize("force", [False, True])
def test_what_another_process_did_since_the_plan_is_not_done_again(force: bool) -> None:
    scene = Scene(processes=FakeProcesses(DEAD)).put(*range(1, 8))

    def meanwhile(number: int) -> None:
        if number == 1:  # with one worker, two shows are claimed by now
            scene.index.upsert(a_show(TmdbId(4)), None, path="Show 4", fetched_at=NOW)
            scene.index.record_failure(TmdbId(5), SyncRecord(outcome=Outcome.FAILED, attempts=1), path="Show 5")
            scene.index.claim(TmdbId(6), str(DEAD), NOW)

    scene.provider.before_answer = meanwhile
    report = scene.refresh(rule=scene.rule(force=force))

    assert (report.refreshed, report.skipped) == (4, 3)
    assert scene.provider.asked == [1, 2, 3, 7]


# --- failures


def test_one_failure_is_recorded_and_the_others_are_refreshed() -> None:
    scene = Scene().put(*range(1, 11))
    scene.provider.failures = {3: failure("http_5xx"), 7: failure("parse_error", retry_after=1800)}

    report = scene.refresh(workers=2)

    assert (report.refreshed, failed_ids(report), report.ending) == (8, [3, 7], None)
    assert scene.record(3) == SyncRecord(
        outcome=Outcome.FAILED,
        error_class="http_5xx",
        status_message="it is http_5xx",
        attempts=1,
        retry_after=NOW + timedelta(minutes=5),
    )
    assert scene.record(7).retry_after == NOW + timedelta(minutes=30)
    entry = scene.index.find_by_tmdb_id(TmdbId(3))
    assert entry is not None
    assert (entry.name, entry.metadata.fetched_at) == ("An old name", STALE)


def test_a_show_that_the_provider_does_not_have_is_broken_with_facts_and_delisted_without() -> None:
    scene = Scene().put(1).put(2, fetched_at=None).put(3)
    scene.provider.failures = {number: failure("not_found") for number in (1, 2)}

    report = scene.refresh()

    assert (report.refreshed, failed_ids(report)) == (1, [1, 2])
    assert scene.states() == {1: EntryState.BROKEN, 2: EntryState.DELISTED, 3: EntryState.FRESH}


def test_not_found_proves_nothing_while_the_provider_fails() -> None:
    twice = SyncRecord(
        outcome=Outcome.FAILED, attempts=2, not_found_count=2, not_found_since=NOW - days(9), retry_after=NOW
    )
    for failing, state in ((False, EntryState.DELISTED), (True, EntryState.BROKEN)):
        scene = Scene().put(1, sync=twice).put(2)
        scene.provider.failures = {1: failure("not_found")}

        scene.refresh(provider_failing=lambda failing=failing: failing)

        assert scene.states()[1] is state


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("error_class", ["auth_error", "cf_challenge", "connection_refused", "dns", "tls"])
def test_a_provider_that_fails_for_all_stops_the_batch_and_marks_nobody(error_class: str, workers: int) -> None:
    scene = Scene().put(*range(1, 101))
    before = scene.states()
    scene.provider.fails_from = (0, failure(error_class))

    report = scene.refresh(workers=workers)

    assert (report.refreshed, report.failed, report.left) == (0, (), 100)
    assert (report.ending, report.error) == (Ending.PROVIDER, scene.provider.fails_from[1])
    assert len(scene.provider.asked) == 3
    assert scene.states() == before


def test_a_token_that_is_refused_in_mid_run_stops_it_and_keeps_what_was_done() -> None:
    scene = Scene().put(*range(1, 101))
    scene.provider.fails_from = (40, failure("auth_error"))

    report = scene.refresh(workers=4)

    assert (report.refreshed, report.failed, report.left, report.ending) == (40, (), 60, Ending.PROVIDER)
    assert sum(state is EntryState.BROKEN for state in scene.states().values()) == 0


@pytest.mark.parametrize("left_over", [1, 2])
def test_a_provider_that_fails_at_the_very_end_marks_nobody_either(left_over: int) -> None:
    scene = Scene().put(*range(1, 11))
    scene.provider.fails_from = (10 - left_over, failure("dns"))

    report = scene.refresh()

    assert (report.refreshed, report.left, report.ending) == (10 - left_over, left_over, Ending.PROVIDER)
    assert sum(state is EntryState.BROKEN for state in scene.states().values()) == 0


def test_a_fault_of_that_kind_is_the_shows_own_where_the_provider_answers_for_the_next() -> None:
    scene = Scene().put(*range(1, 11))
    scene.provider.failures = {number: failure("auth_error") for number in (2, 3, 6)}

    report = scene.refresh()

    assert (report.refreshed, failed_ids(report), report.ending) == (7, [2, 3, 6], None)
    assert scene.record(2).error_class == "auth_error"


def test_a_provider_that_answers_nobody_is_not_asked_about_thousands() -> None:
    scene = Scene().put(*range(1, 1001))
    scene.provider.fails_from = (100, failure("timeout"))

    report = scene.refresh(workers=4)

    assert report.refreshed == 100
    assert FAILED_IN_A_ROW <= len(report.failed) <= FAILED_IN_A_ROW + 4
    assert (report.ending, report.left) == (Ending.PROVIDER, 900 - len(report.failed))


def test_a_missing_token_ends_the_batch_and_marks_nobody() -> None:
    scene = Scene().put(1, 2, 3)
    before = scene.states()
    scene.provider.fails_from = (0, TokenMissing("set ALFRED_TMDB_TOKEN"))

    with pytest.raises(TokenMissing):
        scene.refresh(workers=2)

    assert scene.states() == before
    assert scene.index.claims() == ()


def test_an_answer_that_nothing_was_prepared_for_is_one_shows_failure() -> None:
    scene = Scene().put(1, 2, 3)
    scene.provider.failures = {2: RecursionError("too deep")}

    report = scene.refresh()

    assert (report.refreshed, failed_ids(report)) == (2, [2])
    assert scene.record(2).error_class == "parse_error"


def test_an_index_that_cannot_be_written_ends_the_batch_with_its_claims_released(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene().put(1, 2, 3)

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(scene.index, "upsert", full)
    with pytest.raises(OSError, match="no space"):
        scene.refresh()

    assert scene.index.claims() == ()


# --- gate and feed


def test_a_closed_gate_keeps_everything_as_it_is() -> None:
    scene = Scene().put(1, 2)

    def closed() -> None:
        raise failure("auth_error")

    with pytest.raises(ProviderError):
        scene.refresh(gate=closed)
    assert scene.provider.asked == []


def test_what_the_feed_says_did_not_change_is_verified_and_not_fetched() -> None:
    scene = Scene().put(1, 2, 3).put(4, fetched_at=None)
    scene.put(5, sync=SyncRecord(outcome=Outcome.FAILED, attempts=1, retry_after=NOW))
    feed = Feed(same=(1, 3, 99))

    report = scene.refresh(feed=feed)

    assert feed.asked == [(TmdbId(1), STALE), (TmdbId(2), STALE), (TmdbId(3), STALE)]
    assert (report.refreshed, report.unchanged, report.requests, report.note) == (3, 2, 4, "one page")
    assert sorted(scene.provider.asked) == [2, 4, 5]
    entry = scene.index.find_by_tmdb_id(TmdbId(1))
    assert entry is not None
    assert (entry.metadata.fetched_at, entry.metadata.verified_at) == (STALE, NOW)
    assert scene.states()[1] is EntryState.FRESH


def test_forced_entries_are_never_given_to_the_feed() -> None:
    scene = Scene().put(1, 2)
    feed = Feed(same=(1, 2))

    assert scene.refresh(rule=scene.rule(force=True), feed=feed).refreshed == 2
    assert feed.asked == []


def test_a_feed_that_fails_has_everything_fetched() -> None:
    scene = Scene().put(1, 2)

    report = scene.refresh(feed=Feed(error=failure("http_5xx")))

    assert report.refreshed == 2
    assert report.note is not None


def test_a_feed_that_meets_a_refused_token_stops_the_batch() -> None:
    scene = Scene().put(1, 2)

    report = scene.refresh(feed=Feed(error=failure("auth_error")))

    assert (report.ending, report.left, scene.provider.asked) == (Ending.PROVIDER, 2, [])


def test_the_feeds_requests_come_out_of_the_budget() -> None:
    scene = Scene().put(*range(1, 11))

    report = scene.refresh(feed=Feed(same=(1, 2), requests=3), max_requests=5)

    assert (report.unchanged, report.refreshed, report.left, report.requests) == (2, 2, 6, 5)


# --- stopping and telling


def test_a_batch_that_is_told_to_stop_finishes_what_is_under_way() -> None:
    scene = Scene().put(*range(1, 101))

    report = scene.refresh(workers=2, should_stop=lambda: len(scene.provider.asked) >= 10)

    assert report.ending is Ending.INTERRUPTED
    assert report.refreshed == len(scene.provider.asked) < 20
    assert report.left == 100 - report.refreshed
    assert scene.refresh(workers=2).refreshed == report.left


def test_a_batch_that_is_told_to_stop_before_it_begins_fetches_nothing() -> None:
    scene = Scene().put(1, 2)

    assert scene.refresh(should_stop=lambda: True).left == 2
    assert scene.provider.asked == []


def test_a_batch_that_was_done_when_it_was_told_to_stop_was_not_interrupted() -> None:
    scene = Scene().put(1, 2)

    assert scene.refresh(should_stop=lambda: len(scene.provider.asked) == 2).ending is None


def test_an_interrupt_in_the_middle_releases_every_claim() -> None:
    scene = Scene().put(*range(1, 21))

    def interrupted(_progress: RefreshProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scene.refresh(workers=2, on_progress=interrupted)

    assert scene.index.claims() == ()


def test_the_progress_adds_up() -> None:
    scene = Scene().put(*range(1, 31))
    scene.provider.failures = {3: failure()}
    seen: list[RefreshProgress] = []

    scene.refresh(workers=3, on_progress=seen.append, feed=Feed(same=(5,)))

    assert all(progress.done + progress.left == 30 for progress in seen)
    assert (seen[-1].refreshed, seen[-1].failed, seen[-1].unchanged, seen[-1].left) == (28, 1, 1, 0)
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)


def test_warnings_are_counted_by_what_they_say() -> None:
    scene = Scene().put(1, 2)
    scene.sidecars.online = False

    assert scene.refresh().warnings == {"root offline": 2}

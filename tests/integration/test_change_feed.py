"""The change feed over real sockets, its memory in the state file, and the lists that TMDB really sent."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alfred.application.ports.changes import ChangesReading
from alfred.application.tv_shows.change_feed import ChangeFeed
from alfred.demo.faults import Fault, OtherShape, Refuse, Truncate
from alfred.demo.stand_in import StandIn
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.api.http import RequestAttempt
from alfred.infrastructure.api.tmdb.client import TMDBAPIError, TMDBClient
from alfred.infrastructure.persistence.state.changes import ChangeMemory
from alfred.infrastructure.persistence.state.store import STATE_NAME

NOW = datetime(2026, 5, 20, 15, tzinfo=UTC)
RECORDED = Path(__file__).resolve().parents[2] / "../shared/tmdb/changes"
CHANGED_IN_ALL = 4000


@dataclass
class Provider:
    server: StandIn
    client: TMDBClient
    attempts: list[RequestAttempt]

    def record(self, attempt: RequestAttempt, /) -> None:
        self.attempts.append(attempt)

    def change(self, ids: list[int], *, days: int) -> None:
        """Spread changes evenly over the last days; a show may change on several of them."""
        for position, tmdb_id in enumerate(ids):
            day = NOW.date() - timedelta(days=position % days)
            self.server.changed.setdefault(day, []).append(tmdb_id)

    def feed(self, memory: ChangeMemory | None = None) -> ChangeFeed:
        return ChangeFeed(self.client, memory=memory, now=lambda: NOW)


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    show = {"id": 1, "name": "One", "seasons": []}
    (tmp_path / "tmdb" / "tv").mkdir(parents=True)
    (tmp_path / "tmdb" / "tv" / "1.json").write_text(json.dumps(show))
    with StandIn(tmp_path / "tmdb", aliases=lambda _id: 1, today=NOW.date) as server:
        made = Provider(server, TMDBClient("a.token"), [])
        made.client.close()
        with TMDBClient("a.token", base_url=server.url, observer=made, sleep=lambda _seconds: None) as made.client:
            yield made


def library_of(shows: int, *, days: int) -> list[tuple[TmdbId, datetime]]:
    known = NOW - timedelta(days=days)
    return [(TmdbId(number), known) for number in range(1, shows + 1)]


PLANS = {
    50: "too few shows for a list of 40 pages: one page, then fetch",
    500: "40 pages, then the changed ones",
    5000: "40 pages, then the changed ones",
}


@pytest.mark.parametrize("days", [1, 3, 14])
@pytest.mark.parametrize("shows", PLANS)
def test_requests_of_a_batch_with_the_list_next_to_those_without(
    provider: Provider, shows: int, days: int, record_property: Any
) -> None:
    changed = list(range(1, shows // 5 + 1))
    provider.change(changed + list(range(100_000, 100_000 + CHANGED_IN_ALL - len(changed))), days=days)
    candidates = library_of(shows, days=days)

    verdict = provider.feed().unchanged(candidates)
    due = [tmdb_id.value for tmdb_id, _ in candidates if tmdb_id not in verdict.unchanged]
    for tmdb_id in due:
        provider.client.get_tv_show_info(tmdb_id)

    pages = 40
    planned = shows + 1 if shows == 50 else pages + len(changed)
    assert provider.server.total == verdict.requests + len(due) == planned
    assert planned <= shows + 1
    assert set(changed) <= set(due)
    record_property("requests", f"{planned} of {shows}")


def test_requests_for_the_list_are_told_as_such(provider: Provider) -> None:
    provider.change(list(range(1, 301)), days=1)

    provider.feed().unchanged(library_of(500, days=1))

    assert {attempt.request_type for attempt in provider.attempts} == {"changes"}
    assert len(provider.attempts) == 3


def test_a_window_of_fourteen_days_is_not_refused(provider: Provider) -> None:
    provider.change(list(range(1, 301)), days=14)

    verdict = provider.feed().unchanged(library_of(500, days=14))

    assert len(verdict.unchanged) == 200


def test_a_page_that_fails_once_is_asked_for_again(provider: Provider) -> None:
    provider.change(list(range(1, 301)), days=1)
    provider.server.faults.append(Fault(Refuse(503, 9), path=lambda path: path.endswith("/changes"), times=1))

    verdict = provider.feed().unchanged(library_of(500, days=1))

    assert (len(verdict.unchanged), verdict.requests) == (200, 4)


@pytest.mark.parametrize(
    "action",
    [
        Refuse(500, 11),
        Refuse(422, 20),
        Truncate(),
        OtherShape([]),
        OtherShape({"page": 2, "results": [{"id": None}], "total_pages": 2, "total_results": 1}),
        OtherShape({"page": 2, "results": [], "total_pages": 3, "total_results": 300}),
        OtherShape({"page": 1, "results": [{"id": 5}], "total_pages": 3, "total_results": 300}),
    ],
    ids=["500", "422", "cut", "other shape", "null id", "empty page", "another page"],
)
def test_a_list_that_goes_wrong_in_the_middle_spares_no_fetch(provider: Provider, action: Any) -> None:
    provider.change(list(range(1, 301)), days=1)
    asked = iter(range(1, 100))
    provider.server.faults.append(Fault(action, path=lambda path: path.endswith("/changes") and next(asked) > 1))

    verdict = provider.feed().unchanged(library_of(500, days=1))

    assert verdict.unchanged == frozenset()
    assert verdict.note is not None
    assert verdict.requests == provider.server.total


def test_a_reading_is_remembered_in_the_state_file(provider: Provider, tmp_path: Path) -> None:
    provider.change(list(range(1, 301)), days=2)
    memory = ChangeMemory(tmp_path / "state", provider="tmdb", now=lambda: NOW)
    other = ChangeMemory(tmp_path / "state", provider="tmdb", now=lambda: NOW)

    first = provider.feed(memory).unchanged(library_of(500, days=3))
    again = provider.feed(other).unchanged(library_of(500, days=2))

    assert (first.requests, again.requests) == (3, 0)
    assert first.unchanged == again.unchanged


def test_a_state_file_that_cannot_be_used_remembers_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / STATE_NAME).mkdir()
    memory = ChangeMemory(tmp_path, provider="tmdb", now=lambda: NOW)
    reading = ChangesReading(first_day=NOW.date(), read_at=NOW, ids=frozenset({1}))

    with caplog.at_level(logging.WARNING):
        memory.remember(reading)
        assert memory.recall() is None
    assert caplog.records == []


def test_a_reading_comes_back_as_it_was(tmp_path: Path) -> None:
    memory = ChangeMemory(tmp_path, provider="tmdb", now=lambda: NOW)
    assert memory.recall() is None
    for ids in (frozenset({3, 1, 2}), frozenset({9})):
        reading = ChangesReading(first_day=date(2026, 5, 6), read_at=NOW, ids=ids)
        memory.remember(reading)
        assert memory.recall() == reading


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded lists beside the project")
@pytest.mark.parametrize(
    ("name", "rows", "pages", "total"),
    [
        ("tv_changes.2015-06.page1of3", 100, 3, 272),
        ("tv_changes.2022-11.unpaged", 1084, 1, 1),
        ("tv_changes.end_date=2025-11-24", 100, 23, 2236),
        ("tv_changes.page1.2026-06-13", 100, 41, 4021),
        ("tv_changes.openapi_example", 100, 18, 1763),
        ("tv_changes.empty", 0, 0, 0),
    ],
)
def test_lists_that_were_recorded_are_understood(
    provider: Provider, name: str, rows: int, pages: int, total: int
) -> None:
    body = json.loads((RECORDED / f"{name}.json").read_bytes())
    provider.server.faults.append(Fault(OtherShape(body)))

    page = provider.client.get_tv_changes(NOW.date(), NOW.date())

    assert (len(set(page.ids)), page.total_pages, page.total_results) == (rows, pages, total)


def test_an_id_that_is_null_makes_the_page_unreadable(provider: Provider) -> None:
    body = {"page": 1, "results": [{"id": None, "adult": None}], "total_pages": 1, "total_results": 1}
    provider.server.faults.append(Fault(OtherShape(body)))

    with pytest.raises(TMDBAPIError) as caught:
        provider.client.get_tv_changes(NOW.date(), NOW.date())
    assert caught.value.error_class == "parse_error"

"""How SQLite finds what is due: by age, without sorting, and only what a batch may take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alfred.domain.library.entry import Outcome, SyncRecord
from alfred.domain.library.refresh_plan import RefreshRule
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import LONGEST_TTL, TtlPolicy
from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from alfred.infrastructure.persistence.marker import create_marker
from alfred.infrastructure.persistence.sqlite import statements as sql
from tests.builders import NOW, a_show, days
from tests.fakes.clock import FakeClock


@pytest.fixture
def index(tmp_path: Path) -> Iterator[DotAlfredTVShowLibraryIndex]:
    create_marker(tmp_path, now=NOW)
    with DotAlfredTVShowLibraryIndex(tmp_path, now=FakeClock()) as index:
        yield index


def put(index: DotAlfredTVShowLibraryIndex, number: int, fetched_at: datetime) -> None:
    index.upsert(a_show(TmdbId(number)), None, path=f"Show {number}", fetched_at=fetched_at)


def test_candidates_are_read_by_age_without_sorting(index: DotAlfredTVShowLibraryIndex) -> None:
    for statement, values in ((sql.CANDIDATES_BY_AGE, (18, 1, 0, 0, 0)), (sql.CANDIDATES_WITHOUT_FACTS, (18, 1))):
        plan = " | ".join(row[3] for row in index._database.all(f"EXPLAIN QUERY PLAN {statement}", values))

        assert "TEMP B-TREE" not in plan, plan
        if statement is sql.CANDIDATES_BY_AGE:
            assert "USING INDEX show_by_age" in plan, plan
            assert "SEARCH e USING PRIMARY KEY" in plan, plan


@pytest.mark.parametrize("policy", TtlPolicy)
def test_what_is_left_out_by_age_is_never_due(index: DotAlfredTVShowLibraryIndex, policy: TtlPolicy) -> None:
    rule = RefreshRule(ttl_days=7, policy=policy)
    for number in range(1, 61):
        put(index, number, NOW - timedelta(hours=5 * number))
    put(index, 70, NOW + days(1))
    put(index, 71, NOW - LONGEST_TTL)
    index.stamp_verified([TmdbId(71)], at=NOW)
    put(index, 72, NOW)
    index.record_failure(TmdbId(72), SyncRecord(outcome=Outcome.FAILED, attempts=1), path="Show 72")

    found = list(index.candidates(true_until=rule.newest_of_interest(NOW), now=NOW))
    everything = list(index.candidates(true_until=NOW + days(2), now=NOW))
    due = [one.tmdb_id for one in everything if rule.reason(one.standing, now=NOW)]

    assert len(everything) == 63
    assert len(found) < 60
    assert [one.tmdb_id for one in found if rule.reason(one.standing, now=NOW)] == due
    assert {TmdbId(70), TmdbId(71), TmdbId(72)} <= set(due)

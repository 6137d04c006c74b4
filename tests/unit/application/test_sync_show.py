"""The rules of ``sync_show``, one case each, with a clock that stands still."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from alfred.application.exceptions import ProviderError, ShowNotFoundInLibrary
from alfred.application.tv_shows.sync import ROOT_OFFLINE, SyncResult, sync_show, sync_with_reason
from alfred.domain.library.entry import Outcome, SyncRecord
from alfred.domain.library.presence import PresenceChange
from alfred.domain.library.release import UserMetadata
from alfred.domain.tv_shows.freshness import SyncReason
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry
from tests.builders import FOLDER, NOW, SHOW_ID, a_file, a_release, a_season, a_show, an_entry, days
from tests.fakes.clock import FakeClock
from tests.fakes.index import FakeIndex
from tests.fakes.provider import FakeProvider
from tests.fakes.releases import FakeSidecars

ROOT = Path("/tv")
TTL_DAYS = 7


@dataclass
class Setting:
    """A library, a provider and a clock."""

    clock: FakeClock = field(default_factory=FakeClock)
    provider: FakeProvider = field(default_factory=lambda: FakeProvider(a_show()))
    sidecars: FakeSidecars = field(default_factory=FakeSidecars)
    provider_failing: bool = False

    def __post_init__(self) -> None:
        self.index = FakeIndex(now=self.clock)

    def with_entry(self, *, info: bool = True, **changes: Any) -> Setting:
        self.index.put(an_entry(**changes), info=a_show(name="An old name") if info else None)
        return self

    def with_sidecar(self) -> Setting:
        self.sidecars.releases[FOLDER] = a_release(a_file(1))
        return self

    def sync(self, *, ttl_days: int = TTL_DAYS, force: bool = False) -> SyncResult[ShowIndexEntry]:
        return sync_with_reason(
            ROOT,
            tmdb_id=SHOW_ID,
            index=self.index,
            release_repo=self.sidecars,
            tmdb_client=self.provider,
            ttl_days=ttl_days,
            now=self.clock,
            force=force,
            provider_failing=lambda: self.provider_failing,
        )


def failing(error_class: str = "timeout", **changes: Any) -> FakeProvider:
    return FakeProvider(failure=ProviderError("it failed", error_class=error_class, **changes))


AGES = [
    # age of the facts, TTL in days, force, what follows
    pytest.param(days(0), 7, False, SyncReason.FRESH, id="just fetched"),
    pytest.param(days(6.999), 7, False, SyncReason.FRESH, id="six whole days"),
    pytest.param(days(7), 7, False, SyncReason.STALE, id="seven days to the second"),
    pytest.param(days(400), 7, False, SyncReason.STALE, id="more than a year"),
    pytest.param(days(0), 7, True, SyncReason.FORCED, id="forced although just fetched"),
    pytest.param(days(9), 7, True, SyncReason.FORCED, id="forced and stale"),
    pytest.param(days(0), 0, False, SyncReason.STALE, id="a TTL of nothing"),
    pytest.param(days(0.9), 1, False, SyncReason.FRESH, id="a TTL of one day, less than a day old"),
    pytest.param(days(-0.001), 7, False, SyncReason.STALE, id="facts from the future"),
    pytest.param(days(-30), 7, False, SyncReason.STALE, id="facts from next month"),
]


@pytest.mark.parametrize(("age", "ttl_days", "force", "reason"), AGES)
def test_an_entry_is_fetched_by_its_age(age: timedelta, ttl_days: int, force: bool, reason: SyncReason) -> None:
    setting = Setting().with_entry(fetched_at=NOW - age).with_sidecar()

    result = setting.sync(ttl_days=ttl_days, force=force)

    refreshed = reason is not SyncReason.FRESH
    assert result.decision.reason is reason
    assert result.decision.refresh is refreshed
    assert setting.provider.asked == ([SHOW_ID.value] if refreshed else [])
    assert result.entry.name == ("The Lamplighters" if refreshed else "An old name")
    assert setting.index.writes == (1 if refreshed else 0)


def test_a_show_that_nobody_knows_is_not_found_and_costs_no_request() -> None:
    setting = Setting()

    with pytest.raises(ShowNotFoundInLibrary, match="501"):
        setting.sync()

    assert setting.provider.asked == []
    assert setting.index.writes == 0


def test_force_does_not_find_a_show_that_nobody_knows() -> None:
    setting = Setting()

    with pytest.raises(ShowNotFoundInLibrary):
        setting.sync(force=True)

    assert setting.provider.asked == []


def test_a_show_with_only_a_sidecar_is_synced_for_the_first_time() -> None:
    setting = Setting().with_sidecar()

    result = setting.sync()

    assert result.decision.reason is SyncReason.NEW
    assert result.entry.metadata.path == FOLDER
    assert result.entry.metadata.fetched_at == NOW


@pytest.mark.parametrize("age", [days(0), days(100)], ids=["made just now", "made long ago"])
def test_a_placeholder_is_fetched_whatever_its_age(age: timedelta) -> None:
    setting = Setting().with_entry(info=False, fetched_at=None).with_sidecar()
    setting.clock.moment = NOW + age

    result = setting.sync()

    assert result.decision.reason is SyncReason.PLACEHOLDER
    assert result.entry.status == "Returning Series"


def test_an_entry_whose_sidecar_is_gone_is_synced_where_it_was_and_said_to_be() -> None:
    setting = Setting().with_entry(
        fetched_at=NOW - days(8), path="Elsewhere/Show", user=UserMetadata(tags=("keep",))
    )

    result = setting.sync()

    assert result.entry.metadata.path == "Elsewhere/Show"
    assert result.entry.user.tags == ("keep",)
    assert "no readable sidecar" in result.warnings[0]


def test_a_show_whose_folder_is_missing_is_said_to_be() -> None:
    setting = Setting().with_entry(fetched_at=NOW - days(8))
    setting.index.mark_presence(PresenceChange(vanished=(SHOW_ID,)), now=NOW - days(1))

    (warning,) = setting.sync().warnings

    assert warning.startswith("its folder is missing")


def test_a_root_that_is_offline_is_said_and_marks_nothing() -> None:
    setting = Setting().with_entry(fetched_at=NOW - days(8)).with_sidecar()
    setting.sidecars.online = False

    result = setting.sync()

    assert result.warnings == (ROOT_OFFLINE,)
    assert result.entry.metadata.path == FOLDER


def test_the_entry_follows_its_folder_to_where_the_sidecar_is_now() -> None:
    setting = Setting().with_entry(fetched_at=NOW - days(8), path="A-M/Old place")
    setting.with_sidecar()

    assert setting.sync().entry.metadata.path == FOLDER


def test_seasons_that_could_not_be_had_are_said() -> None:
    seasons = (a_season(1), replace(a_season(19), episodes=None))
    setting = Setting(provider=FakeProvider(a_show(seasons=seasons))).with_sidecar()

    assert "season 19 could not be had" in setting.sync().warnings[0]


def test_a_negative_ttl_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        Setting().with_entry().sync(ttl_days=-1)


def test_an_older_answer_never_replaces_a_newer_one() -> None:
    setting = Setting().with_entry(fetched_at=NOW - days(8)).with_sidecar()
    setting.index.upsert(a_show(name="Newer"), None, path=FOLDER, fetched_at=NOW)
    setting.index.upsert(a_show(name="Older"), None, path=FOLDER, fetched_at=NOW - days(1))

    assert setting.sync().entry.name == "Newer"


# --- failures


def test_a_failure_makes_a_known_entry_broken_and_keeps_its_facts() -> None:
    setting = Setting(provider=failing("timeout")).with_entry(fetched_at=NOW - days(8)).with_sidecar()

    with pytest.raises(ProviderError, match="it failed"):
        setting.sync()

    entry = setting.index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert entry.name == "An old name"
    assert entry.metadata.fetched_at == NOW - days(8)
    assert entry.sync.outcome is Outcome.FAILED
    assert (entry.sync.error_class, entry.sync.attempts) == ("timeout", 1)
    assert entry.sync.retry_after is not None
    assert entry.sync.retry_after > NOW


def test_a_success_clears_an_earlier_failure() -> None:
    before = SyncRecord(outcome=Outcome.FAILED, error_class="timeout", attempts=3)
    setting = Setting().with_entry(fetched_at=NOW - days(8), sync=before).with_sidecar()

    assert setting.sync().entry.sync == SyncRecord(outcome=Outcome.OK)


def test_one_not_found_on_an_entry_with_facts_proves_little() -> None:
    setting = Setting(provider=FakeProvider()).with_entry(fetched_at=NOW - days(8)).with_sidecar()

    with pytest.raises(ProviderError):
        setting.sync()

    record = setting.index.sync_record(SHOW_ID)
    assert record.outcome is Outcome.FAILED
    assert record.error_class == "not_found"
    assert record.retry_after == NOW + days(1)


@pytest.mark.parametrize(
    ("days_between", "outcome"), [(1.0, Outcome.DELISTED), (0.9, Outcome.FAILED)], ids=["two days", "less"]
)
def test_the_third_not_found_in_a_row_delists_when_it_took_two_days(days_between: float, outcome: Outcome) -> None:
    setting = Setting(provider=FakeProvider()).with_entry(fetched_at=NOW - days(8)).with_sidecar()

    for _ in range(3):
        with pytest.raises(ProviderError):
            setting.sync()
        setting.clock.advance(days=days_between)

    assert setting.index.sync_record(SHOW_ID).outcome is outcome


def test_while_the_provider_fails_for_others_too_no_not_found_delists() -> None:
    setting = Setting(provider=FakeProvider(), provider_failing=True)
    setting.with_entry(fetched_at=NOW - days(8)).with_sidecar()

    for _ in range(5):
        with pytest.raises(ProviderError):
            setting.sync()
        setting.clock.advance(days=1)

    assert setting.index.sync_record(SHOW_ID).outcome is Outcome.FAILED


def test_another_failure_in_between_begins_the_count_of_not_founds_anew() -> None:
    setting = Setting(provider=FakeProvider()).with_entry(fetched_at=NOW - days(8)).with_sidecar()
    providers = [FakeProvider(), FakeProvider(), failing("http_5xx"), FakeProvider()]

    for provider in providers:
        setting.provider = provider
        with pytest.raises(ProviderError):
            setting.sync()
        setting.clock.advance(days=2)

    record = setting.index.sync_record(SHOW_ID)
    assert record.outcome is Outcome.FAILED
    assert record.not_found_count == 1


def test_an_id_that_never_had_facts_is_delisted_at_once() -> None:
    setting = Setting(provider=FakeProvider()).with_sidecar()

    with pytest.raises(ProviderError):
        setting.sync()

    entry = setting.index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    assert entry.sync.outcome is Outcome.DELISTED
    assert entry.status == "unknown"
    assert entry.metadata.path == FOLDER


def test_a_wait_that_the_provider_asks_for_counts_where_it_is_longer_than_ours() -> None:
    setting = Setting(provider=failing("http_429", retry_after=7200.0)).with_entry(fetched_at=NOW - days(8))

    with pytest.raises(ProviderError):
        setting.sync()

    assert setting.index.sync_record(SHOW_ID).retry_after == NOW + timedelta(hours=2)


# --- stand-ins with nothing but the methods that the contract names


class BareIndex:
    def __init__(self, entry: ShowIndexEntry | None) -> None:
        self.entry = entry
        self.upserts: list[tuple[Any, ...]] = []

    def find_by_tmdb_id(self, tmdb_id: object) -> ShowIndexEntry | None:
        return self.entry

    def upsert(self, info: Any, release: Any, *, path: Any, fetched_at: Any) -> None:
        self.upserts.append((info, release, path, fetched_at))
        self.entry = an_entry(fetched_at=fetched_at, path=str(path), name=info.name)


class BareReleases:
    def __init__(self, found: Any) -> None:
        self.found = found

    def load_by_tmdb_id(self, tmdb_id: object) -> Any:
        return self.found


def sync_bare(index: BareIndex, releases: BareReleases, provider: FakeProvider) -> ShowIndexEntry:
    return sync_show(
        ROOT,
        tmdb_id=SHOW_ID,
        index=index,
        release_repo=releases,
        tmdb_client=provider,
        ttl_days=TTL_DAYS,
        now=FakeClock(),
    )


@pytest.mark.parametrize("folder", [ROOT / FOLDER, Path(FOLDER), FOLDER], ids=["absolute", "relative", "text"])
def test_bare_stand_ins_will_do(folder: Any) -> None:
    index, release = BareIndex(None), a_release(a_file(1))

    entry = sync_bare(index, BareReleases((release, folder)), FakeProvider(a_show()))

    assert index.upserts == [(a_show(), release, FOLDER, NOW)]
    assert entry is index.entry


def test_bare_stand_ins_see_the_failure_raised() -> None:
    index = BareIndex(an_entry(fetched_at=NOW - days(8)))

    with pytest.raises(ProviderError):
        sync_bare(index, BareReleases(None), failing())

    assert index.upserts == []


def test_without_a_clock_the_system_is_asked() -> None:
    index = BareIndex(an_entry(fetched_at=NOW - days(8)))

    entry = sync_show(
        ROOT,
        tmdb_id=SHOW_ID,
        index=index,
        release_repo=BareReleases(None),
        tmdb_client=FakeProvider(a_show()),
        ttl_days=TTL_DAYS,
    )

    assert entry.metadata.fetched_at is not None
    assert entry.metadata.fetched_at > NOW

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from alfred.application.connectivity.gate import GatedProvider, ProviderGate
from alfred.application.connectivity.profile import refresh_profiles
from alfred.application.exceptions import ProviderError, ProviderQuarantined, TokenMissing
from alfred.domain.connectivity import ConnectivityProfile, ProbeClaim, ProviderStatus, with_probe
from tests.builders import NOW, a_show
from tests.fakes.clock import FakeClock
from tests.fakes.connectivity import FakeLog, FakeOwners, FakeProfiles
from tests.fakes.provider import FakeProvider

COOLDOWN = timedelta(minutes=30)


class Bench:
    """A gate with everything it rests on; ``answer`` is what a probe meets."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.log = FakeLog()
        self.profiles = FakeProfiles()
        self.owners = FakeOwners()
        self.probes = 0
        self.answer: Exception | None = None
        self.during_probe: Callable[[], None] = lambda: None
        self.gate = self.new_gate(self.owners)

    def new_gate(self, owners: FakeOwners) -> ProviderGate:
        return ProviderGate(
            "tmdb",
            profiles=self.profiles,
            roll_up=self.roll_up,
            probe=self.probe,
            owners=owners,
            now=self.clock,
        )

    def roll_up(self) -> ConnectivityProfile:
        return refresh_profiles(["tmdb"], log=self.log, profiles=self.profiles, now=self.clock)[0]

    def probe(self) -> None:
        self.probes += 1
        self.during_probe()
        if self.answer is not None:
            raise self.answer

    def quarantine(self) -> None:
        self.profiles.kept["tmdb"] = ConnectivityProfile(
            provider="tmdb",
            status=ProviderStatus.QUARANTINED,
            status_since=NOW,
            last_checked_at=NOW,
            error_class="auth_error",
            cooldown=COOLDOWN,
            cooldown_until=NOW + COOLDOWN,
        )

    @property
    def profile(self) -> ConnectivityProfile:
        return self.profiles.kept["tmdb"]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def refused(error_class: str = "auth_error") -> ProviderError:
    return ProviderError("no", error_class=error_class)


def test_a_batch_begins_when_there_is_nothing_against_it(bench: Bench) -> None:
    bench.gate.admit()

    assert (bench.probes, bench.profile.status) == (0, ProviderStatus.DEGRADED)


def test_a_batch_begins_where_nothing_can_be_known(bench: Bench) -> None:
    gate = ProviderGate(
        "tmdb", profiles=bench.profiles, roll_up=lambda: None, probe=bench.probe, owners=bench.owners
    )

    gate.admit()


def test_a_batch_is_stopped_before_its_first_request_and_told_until_when_and_why(bench: Bench) -> None:
    bench.quarantine()

    with pytest.raises(ProviderQuarantined) as stopped:
        bench.gate.admit()

    assert (stopped.value.exit_code, stopped.value.until, bench.probes) == (4, NOW + COOLDOWN, 0)
    assert str(stopped.value) == (
        "TMDB is quarantined until 2026-06-01 12:30 UTC "
        "(auth_error; token refused: check ALFRED_TMDB_TOKEN); 'alfred provider --probe' asks it at once"
    )


def test_a_batch_finds_out_by_itself_that_the_provider_has_failed_for_long_enough(bench: Bench) -> None:
    bench.log.add(5, "auth_error", at=NOW)
    bench.gate.admit()
    bench.clock.advance(minutes=31)

    with pytest.raises(ProviderQuarantined):
        bench.gate.admit()


def test_after_the_cooldown_a_batch_sends_the_probe_and_begins_if_it_succeeds(bench: Bench) -> None:
    bench.quarantine()
    bench.clock.advance(minutes=30)

    bench.gate.admit()

    assert (bench.probes, bench.profile.status) == (1, ProviderStatus.DEGRADED)


def test_after_the_cooldown_a_batch_sends_the_probe_and_waits_longer_if_it_fails(bench: Bench) -> None:
    bench.quarantine()
    bench.answer = refused()
    bench.clock.advance(minutes=30)

    with pytest.raises(ProviderQuarantined) as stopped:
        bench.gate.admit()

    assert (stopped.value.until, bench.probes) == (bench.clock() + 2 * COOLDOWN, 1)


def test_a_network_that_was_down_here_is_forgiven_with_the_first_answer(bench: Bench) -> None:
    bench.quarantine()
    bench.answer = refused("dns")
    for _ in range(8):
        assert bench.profile.cooldown_until is not None
        bench.clock.moment = bench.profile.cooldown_until
        with pytest.raises(ProviderQuarantined):
            bench.gate.admit()
    assert bench.profile.cooldown == timedelta(hours=6)

    bench.answer = None
    bench.gate.probe()
    bench.gate.admit()

    assert bench.profile.status is ProviderStatus.DEGRADED


def test_two_probes_are_never_under_way_at_once(bench: Bench) -> None:
    bench.quarantine()
    bench.clock.advance(minutes=30)
    other = bench.new_gate(FakeOwners("two"))
    met: list[str] = []

    def meanwhile() -> None:
        for attempt in (other.admit, other.probe, lambda: other.ask(bench.probe, force=True)):
            with pytest.raises(ProviderQuarantined) as stopped:
                attempt()
            met.append(str(stopped.value))

    bench.during_probe = meanwhile
    bench.gate.admit()

    assert (bench.probes, len(met)) == (1, 3)
    assert all("another process is asking it just now" in message for message in met)


def test_a_probe_of_a_process_that_died_holds_nobody_up(bench: Bench) -> None:
    bench.quarantine()
    bench.profiles.kept["tmdb"] = with_probe(bench.profile, ProbeClaim("dead", NOW, "x"))
    bench.owners.dead.add("dead")
    bench.clock.advance(minutes=30)

    bench.gate.admit()

    assert bench.probes == 1


def test_a_probe_that_another_process_made_needless_is_an_ordinary_request(bench: Bench) -> None:
    bench.roll_up()
    recovered = bench.profile

    class RecoveringProfiles(FakeProfiles):
        def revise(
            self, provider: str, change: Callable[[ConnectivityProfile | None], ConnectivityProfile]
        ) -> ConnectivityProfile:
            self.kept[provider] = recovered
            return super().revise(provider, change)

    bench.profiles = RecoveringProfiles()
    bench.quarantine()
    bench.gate = bench.new_gate(bench.owners)

    assert bench.gate.ask(lambda: "answer", force=True) == "answer"


@pytest.mark.parametrize("error", [TokenMissing("none"), KeyboardInterrupt(), refused("rate_limited")])
def test_a_probe_that_was_not_sent_or_was_broken_off_decides_nothing(bench: Bench, error: BaseException) -> None:
    bench.quarantine()
    bench.clock.advance(minutes=30)
    before = bench.profile

    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        bench.gate.ask(fail)

    assert bench.profile == before


def test_one_show_is_not_asked_for_during_the_cooldown(bench: Bench) -> None:
    bench.quarantine()
    provider = FakeProvider(a_show())

    with pytest.raises(ProviderQuarantined):
        GatedProvider(provider, gate=lambda: bench.gate, force=False).get_tv_show_info(501)

    assert provider.asked == []


@pytest.mark.parametrize(("force", "minutes"), [(True, 0), (True, 30), (False, 30)])
def test_one_show_is_the_probe_when_it_is_due_or_forced(bench: Bench, *, force: bool, minutes: int) -> None:
    bench.quarantine()
    bench.clock.advance(minutes=minutes)
    provider = FakeProvider(a_show())

    show = GatedProvider(provider, gate=lambda: bench.gate, force=force).get_tv_show_info(501)

    assert (show, bench.profile.status) == (a_show(), ProviderStatus.DEGRADED)


def test_a_show_that_the_provider_does_not_have_is_an_answer(bench: Bench) -> None:
    bench.quarantine()

    with pytest.raises(ProviderError):
        GatedProvider(FakeProvider(), gate=lambda: bench.gate, force=True).get_tv_show_info(501)

    assert bench.profile.status is ProviderStatus.DEGRADED


def test_a_show_that_was_forced_too_early_and_failed_does_not_prolong_the_cooldown(bench: Bench) -> None:
    bench.quarantine()
    before = bench.profile

    with pytest.raises(ProviderError):
        GatedProvider(FakeProvider(failure=refused()), gate=lambda: bench.gate, force=True).get_tv_show_info(501)

    assert bench.profile == before


def test_every_configured_provider_has_a_profile_also_without_samples() -> None:
    log, profiles = FakeLog(), FakeProfiles()
    log.add(3, at=NOW)

    found = refresh_profiles(["tmdb", "another"], log=log, profiles=profiles, now=FakeClock())

    assert [(one.provider, one.status.value, one.samples_1h) for one in found] == [
        ("tmdb", "healthy", 3),
        ("another", "degraded", 0),
    ]
    assert [profiles.load("tmdb"), profiles.load("another")] == found


def test_a_day_in_the_life(bench: Bench) -> None:
    told: list[tuple[str, str, str | None]] = []

    def look() -> None:
        profile = bench.roll_up()
        line = (f"{profile.status_since:%H:%M}", profile.status.value, profile.error_class)
        if not told or told[-1] != line:
            told.append(line)

    def five_minutes_of(count: int, error_class: str | None = None) -> None:
        if count:
            bench.log.add(count, error_class, at=bench.clock())
        bench.clock.advance(minutes=5)
        look()

    five_minutes_of(100)  # until 12:05
    five_minutes_of(100)
    five_minutes_of(12, "http_429")  # 12:15, 200 of 212: a burst that the rate does not yet show as failing
    five_minutes_of(12, "http_429")  # 12:20, 200 of 224
    for _ in range(5):  # until 12:45
        five_minutes_of(12, "http_429")
    assert told == [
        ("12:05", "healthy", None),
        ("12:15", "degraded", "http_429"),
        ("12:20", "failing", "http_429"),
        ("12:45", "quarantined", "http_429"),
    ]

    with pytest.raises(ProviderQuarantined):
        bench.gate.admit()
    assert bench.profile.cooldown_until == NOW + timedelta(hours=1, minutes=15)

    bench.answer = refused("http_429")
    for due, then in ((75, 60), (135, 120)):  # 13:15 and 14:15
        while bench.clock() < NOW + timedelta(minutes=due):
            five_minutes_of(0)
        with pytest.raises(ProviderQuarantined):
            bench.gate.admit()
        assert bench.profile.cooldown_until == bench.clock() + timedelta(minutes=then)
        with pytest.raises(ProviderQuarantined):
            bench.gate.admit()
    assert bench.probes == 2

    bench.answer = None
    while bench.clock() < NOW + timedelta(minutes=255):  # 16:15
        five_minutes_of(0)
    bench.gate.admit()
    look()
    bench.clock.advance(seconds=1)
    five_minutes_of(100)
    assert told[4:] == [("16:15", "degraded", "http_429"), ("16:20", "healthy", None)]
    assert bench.probes == 3

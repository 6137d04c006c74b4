"""The gate before a provider: in a quarantine nothing passes but one probe at a time."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from alfred.application.exceptions import ProviderError, ProviderQuarantined
from alfred.application.ports.clock import system_clock
from alfred.application.ports.connectivity import ProviderProfiles
from alfred.application.ports.provider import AsksForChanges, TVShowProvider
from alfred.domain.connectivity import (
    RATE_LIMITED,
    ConnectivityProfile,
    ProbeClaim,
    after_probe,
    next_step,
    with_probe,
    without_probe,
)
from alfred.domain.library.failure import NOT_FOUND
from alfred.domain.tv_shows.show import TVShowInfo

ResultT = TypeVar("ResultT")


class ProbeOwners(Protocol):
    """Knows who sends probes on this machine."""

    def this_one(self) -> str:
        """Return this process, as others can tell whether it is still alive."""
        ...

    def has_given_up(self, claim: ProbeClaim, *, now: datetime) -> bool:
        """Say whether nobody is at a probe any more."""
        ...


class ProviderGate:
    """Lets requests pass to one provider, or says until when and why not.

    Args:
        provider: lower case, ``tmdb``.
        profiles: where profiles are kept.
        roll_up: brings the profile up to date and returns it; None where that cannot be done.
        probe: sends one request; raises ProviderError where it fails.
        owners: who sends probes.
        now: the clock; aware, UTC.
    """

    def __init__(
        self,
        provider: str,
        *,
        profiles: ProviderProfiles,
        roll_up: Callable[[], ConnectivityProfile | None],
        probe: Callable[[], None],
        owners: ProbeOwners,
        now: Callable[[], datetime] = system_clock,
    ) -> None:
        self._provider = provider
        self._profiles = profiles
        self._roll_up = roll_up
        self._probe = probe
        self._owners = owners
        self._now = now

    def admit(self) -> None:
        """Let a batch begin: to be called before its first request.

        Where a quarantine's cool-down is over, the probe is sent here.

        Raises:
            ProviderQuarantined: nothing is to be sent, or the probe failed.
        """
        profile = self._roll_up()
        if profile is None or not profile.is_quarantined:
            return
        if not profile.is_probe_due(self._now()):
            raise _quarantined(profile)
        try:
            self._ask_in_quarantine(profile, self._probe)
        except ProviderError as error:
            raise _quarantined(self._profiles.load(self._provider) or profile) from error

    def probe(self) -> None:
        """Send the probe because a person wants it, whether or not it is due.

        Raises:
            ProviderError: it failed.
            ProviderQuarantined: another process is at it.
        """
        self.ask(self._probe, force=True)

    def ask(self, request: Callable[[], ResultT], *, force: bool = False) -> ResultT:
        """Make one request for a person; in a quarantine it is the probe.

        Args:
            request: asks the provider; raises ProviderError where it fails.
            force: also before the cool-down is over.

        Raises:
            ProviderQuarantined: nothing was sent.
        """
        profile = self._profiles.load(self._provider)
        if profile is None or not profile.is_quarantined:
            return request()
        if not force and not profile.is_probe_due(self._now()):
            raise _quarantined(profile)
        return self._ask_in_quarantine(profile, request)

    def _ask_in_quarantine(self, known: ConnectivityProfile, request: Callable[[], ResultT]) -> ResultT:
        claim = ProbeClaim(self._owners.this_one(), self._now(), secrets.token_hex(8))
        profile = self._revise(known, lambda before: self._claimed(before, claim))
        if not profile.is_quarantined:
            return request()  # another probe has just succeeded
        if profile.probe != claim:
            raise _quarantined(profile, being_asked=True)
        try:
            result = request()
        except ProviderError as error:
            if error.error_class == RATE_LIMITED:
                self._release(profile, claim)  # by ourselves: it was not sent
            else:
                self._settle(profile, claim, succeeded=error.error_class == NOT_FOUND)
            raise
        except BaseException:
            self._release(profile, claim)
            raise
        self._settle(profile, claim, succeeded=True)
        return result

    def _claimed(self, profile: ConnectivityProfile, claim: ProbeClaim) -> ConnectivityProfile:
        is_taken = profile.probe is not None and not self._owners.has_given_up(profile.probe, now=self._now())
        return profile if is_taken or not profile.is_quarantined else with_probe(profile, claim)

    def _settle(self, known: ConnectivityProfile, claim: ProbeClaim, *, succeeded: bool) -> None:
        now = self._now()
        self._revise(known, lambda profile: after_probe(profile, claim, succeeded=succeeded, now=now))

    def _release(self, known: ConnectivityProfile, claim: ProbeClaim) -> None:
        self._revise(known, lambda profile: without_probe(profile, claim))

    def _revise(
        self, known: ConnectivityProfile, change: Callable[[ConnectivityProfile], ConnectivityProfile]
    ) -> ConnectivityProfile:
        """Change the profile, or the one that is known where somebody threw it away meanwhile."""
        return self._profiles.revise(self._provider, lambda before: change(before or known))


class GatedProvider:
    """Asks a provider about one show at a time, through the gate.

    Args:
        provider: who is asked.
        gate: opens the gate; only called when a request is due.
        force: also before a cool-down is over.
    """

    def __init__(self, provider: TVShowProvider, *, gate: Callable[[], ProviderGate], force: bool) -> None:
        self._provider = provider
        self._gate = gate
        self._force = force

    def get_tv_show_info(self, tmdb_id: int) -> TVShowInfo:
        """Return the show.

        Raises:
            ProviderQuarantined: nothing was sent.
            ProviderError: the provider failed, or does not know the id.
        """
        return self._gate().ask(lambda: self._provider.get_tv_show_info(tmdb_id), force=self._force)

    def get_tv_show_info_if_changed(self, tmdb_id: int, etag: str) -> TVShowInfo | None:
        """Return the show, or None where it is as it was; a provider that cannot tell is asked for all of it.

        Raises:
            ProviderQuarantined: nothing was sent.
            ProviderError: the provider failed, or does not know the id.
        """
        provider = self._provider
        if not isinstance(provider, AsksForChanges):
            return self.get_tv_show_info(tmdb_id)
        return self._gate().ask(lambda: provider.get_tv_show_info_if_changed(tmdb_id, etag), force=self._force)


def _quarantined(profile: ConnectivityProfile, *, being_asked: bool = False) -> ProviderQuarantined:
    error_class = profile.error_class or "unknown"
    return ProviderQuarantined(
        profile.provider,
        until=profile.cooldown_until,
        error_class=error_class,
        reason=next_step(error_class),
        being_asked=being_asked,
    )

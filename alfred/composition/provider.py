"""The way to the provider: its door with the rate that it keeps to, its request log, its profile and gate."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from alfred.application.exceptions import (
    AlfredError,
    IndexUnreadable,
    ReadOnlyLibrary,
    UsageError,
)
from alfred.application.ports.clock import system_clock
from alfred.composition.places import state_dir_of
from alfred.settings import Settings

if TYPE_CHECKING:  # what only some commands need is imported where it is used: queries start quickly
    from alfred.application.connectivity.gate import ProviderGate
    from alfred.domain.connectivity import ConnectivityProfile
    from alfred.infrastructure.api.http import RequestObserver
    from alfred.infrastructure.api.tmdb.client import TMDBClient
    from alfred.infrastructure.persistence.sqlite.database import Database
    from alfred.infrastructure.persistence.state.logged_requests import LoggedRequests
    from alfred.infrastructure.persistence.state.profiles import SqliteProfiles
    from alfred.infrastructure.persistence.state.rate_limit import RateLimit
    from alfred.infrastructure.persistence.state.request_log import RequestLog

PROVIDERS = ("tmdb",)
"""Every configured provider."""

log = logging.getLogger(__name__)


class Connectivity:
    """What this machine knows of the way to the provider: request log, profile, gate.

    Where the state file cannot be used, one warning says so, and nothing is logged, judged or held up.

    Args:
        settings: all settings.
        probe: sends one request; raises ProviderError where it fails.
        now: the clock; aware, UTC.
    """

    def __init__(
        self, settings: Settings, *, probe: Callable[[], None], now: Callable[[], datetime] = system_clock
    ) -> None:
        self._state_dir = state_dir_of(settings)
        self._probe = probe
        self._now = now
        self._stack = ExitStack()
        self._has_warned = False

    def close(self) -> None:
        """Write what is left of the log, and close the state file."""
        self._stack.close()

    @cached_property
    def request_log(self) -> RequestLog:
        """Takes note of each request."""
        from alfred.infrastructure.persistence.state.request_log import RequestLog

        request_log = RequestLog(self._state_dir, on_trouble=self.warn, now=self._now)
        self._stack.callback(request_log.close)
        return request_log

    @property
    def requests(self) -> LoggedRequests:
        """What is in the log.

        Raises:
            UsageError, LibraryUnavailable: the state file cannot be used.
        """
        from alfred.infrastructure.persistence.state.logged_requests import LoggedRequests

        return LoggedRequests(self._state)

    @property
    def profiles(self) -> SqliteProfiles:
        """Where profiles are kept.

        Raises:
            UsageError, LibraryUnavailable: the state file cannot be used.
        """
        from alfred.infrastructure.persistence.state.profiles import SqliteProfiles

        return SqliteProfiles(self._state)

    def refresh(self) -> list[ConnectivityProfile]:
        """Roll the log up; see :func:`alfred.application.connectivity.profile.refresh_profiles`.

        Raises:
            UsageError, LibraryUnavailable: the state file cannot be used.
        """
        from alfred.application.connectivity.profile import refresh_profiles

        self.request_log.flush()
        return refresh_profiles(PROVIDERS, log=self.requests, profiles=self.profiles, now=self._now)

    def roll_up(self) -> ConnectivityProfile | None:
        """Roll the log up; None where the state file cannot be used."""
        try:
            return self.refresh()[0]
        except AlfredError as error:
            self.warn(error)
            return None

    def is_failing(self) -> bool:
        """Say whether the provider fails, so that its "not found" proves nothing."""
        profile = self.roll_up()
        return profile is not None and profile.is_failing

    @property
    def gate(self) -> ProviderGate:
        """The gate before the provider; open where the state file cannot be used."""
        from alfred.application.connectivity.gate import ProviderGate
        from alfred.infrastructure.persistence.state.profiles import ForgivingProfiles
        from alfred.infrastructure.probe_owners import ProcessesOfThisMachine

        return ProviderGate(
            PROVIDERS[0],
            profiles=ForgivingProfiles(lambda: self.profiles, on_trouble=self.warn),
            roll_up=self.roll_up,
            probe=self._probe,
            owners=ProcessesOfThisMachine(),
            now=self._now,
        )

    @cached_property
    def _state(self) -> Database:
        from alfred.infrastructure.persistence.state.store import open_state

        try:
            state = open_state(self._state_dir, now=self._now)
        except (IndexUnreadable, ReadOnlyLibrary) as error:
            raise UsageError(
                f"cannot use the state in {self._state_dir} ({error.code}): make it writable, "
                "or set ALFRED_STATE_DIR to a folder that is"
            ) from error
        self._stack.callback(state.close)
        return state

    def warn(self, error: AlfredError) -> None:
        """Say once why there is no log, no profile and no shared rate."""
        if not self._has_warned:
            self._has_warned = True
            log.warning(
                "requests to the provider are not logged, and others do not share their rate, "
                "since the state in %s cannot be used (%s)",
                self._state_dir,
                error.code,
            )


@contextmanager
def open_connectivity(settings: Settings, *, now: Callable[[], datetime] = system_clock) -> Iterator[Connectivity]:
    """Open what this machine knows of the way to the provider; no library is needed."""

    def probe() -> None:
        with (
            closing(new_rate_limit(settings, on_trouble=connectivity.warn)) as rate_limit,
            new_client(settings, rate_limit, observer=connectivity.request_log) as client,
        ):
            client.probe()

    with closing(Connectivity(settings, probe=probe, now=now)) as connectivity:
        yield connectivity


def new_rate_limit(
    settings: Settings, *, on_trouble: Callable[[AlfredError], None], sleep: Callable[[float], None] = time.sleep
) -> RateLimit:
    """Return the rate that all requests of this machine share; to be closed."""
    from alfred.infrastructure.persistence.state.rate_limit import RateLimit

    return RateLimit(
        state_dir_of(settings),
        provider="tmdb",
        requests_per_second=settings.tmdb_requests_per_second,
        sleep=sleep,
        on_trouble=on_trouble,
    )


def new_client(
    settings: Settings,
    rate_limit: RateLimit,
    *,
    observer: RequestObserver,
    sleep: Callable[[float], None] = time.sleep,
) -> TMDBClient:
    """Return the one door to TMDB; to be closed."""
    from alfred.infrastructure.api.tmdb.client import TMDBClient

    return TMDBClient(
        settings.tmdb_token,
        base_url=settings.tmdb_base_url,
        language=settings.tmdb_language,
        timeout_seconds=settings.tmdb_timeout_seconds,
        before_request=rate_limit.wait_for_turn,
        hold_back=rate_limit.hold_back,
        sleep=sleep,
        observer=observer,
    )

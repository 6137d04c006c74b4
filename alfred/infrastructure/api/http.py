"""The one door for traffic to a metadata provider: time-outs, retries, pacing and the request log's view."""

from __future__ import annotations

import io
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Final, Generic, Protocol, Self, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt

from alfred import __version__
from alfred.application.exceptions import ProviderError, UsageError
from alfred.infrastructure.api.credentials import Credentials, keep_keys_out_of_logs
from alfred.infrastructure.api.faults import (
    Answer,
    Fault,
    Provider,
    fault_of_answer,
    fault_of_exception,
    slow_body_fault,
    unreadable_fault,
)

ATTEMPTS: Final = 4
"""How often one request is sent at most."""

PATIENCE_SECONDS: Final = 60.0
"""A provider that asks to wait longer than this is given up at once."""

BACK_OFF_SECONDS: Final = 0.5
"""The first wait where the provider names none; it doubles with each attempt, less up to half by chance."""

DEADLINE_FACTOR: Final = 3
"""An answer must be whole within so many time-outs, however steadily it drips."""

LARGEST_BODY: Final = 64 * 1024 * 1024
"""Bytes, packed or unpacked; the largest real answers are a few megabytes."""

HELD_BACK: Final = "rate_limited"
"""The class of an attempt that our own limiter kept from being sent."""

POOL_SIZE: Final = 64
"""Idle connections kept for the workers that share one door."""

_CHUNK = 64 * 1024
_ETAG = re.compile(r'(W/)?"[!#-~]{1,200}"')
_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"alfred-library/{__version__}",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAttempt:
    """One request that left for the provider, as the request log keeps it.

    Attributes:
        provider: lower case, ``tmdb``.
        request_type: ``details``, ``season``, ``search``, ``find``, ``changes``, ``configuration``, ``probe``.
        started: aware, UTC.
        latency_ms: until the whole answer was there, or was given up.
        outcome: ``success`` or ``failure``; a proper "not found" is a success of the connection.
        http_status: None where no answer came.
        error_class: None for a success.
        parse_ok: whether the answer was understood.
        retry_after: seconds that the provider asked everybody to wait.
    """

    provider: str
    request_type: str
    started: datetime
    latency_ms: float
    outcome: str
    http_status: int | None
    error_class: str | None
    parse_ok: bool
    retry_after: float | None = None

    @property
    def finished(self) -> datetime:
        """When the answer was whole, or was given up."""
        return self.started + timedelta(milliseconds=self.latency_ms)


class RequestObserver(Protocol):
    """Hears of every attempt, retries included."""

    def record(self, attempt: RequestAttempt, /) -> None:
        """Take note of one attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderRequest:
    """What to ask.

    Attributes:
        request_type: as in :class:`RequestAttempt`.
        path: below the base URL, with a leading ``/``.
        subject: what it is about, for messages: ``show 1396``.
        params: the query, without the key.
        etag: of the edition that is known; the answer then says so where there is no other.
    """

    request_type: str
    path: str
    subject: str
    params: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What it needs beside the headers of every request."""
        return {} if self.etag is None else {"If-None-Match": self.etag}


@dataclass(frozen=True, slots=True)
class Edition(Generic[T]):
    """What was made of an answer, and the name by which the provider can be asked whether there is another."""

    value: T
    etag: str | None


class ProviderDoor:
    """Sends requests to one provider, and gives back what a reader makes of the answers.

    Threads may share one door.

    Args:
        provider: its name, host and settings, for messages.
        base_url: without a trailing slash; see :func:`checked_base_url`.
        credentials: put on each request; never on a redirect, since none is followed.
        timeout_seconds: to connect, and between two pieces of an answer.
        error_type: what is raised when a request fails for good.
        observer: hears of each attempt.
        before_request: called before each attempt; may wait, or raise to keep the request from being sent. A
            ProviderError of class ``rate_limited`` is told to the observer and raised as one of the door's own.
        hold_back: called after each 429 with the seconds that the provider asked everybody to wait, or None.
        sleep: takes seconds; waits between attempts.
        uniform: takes two bounds; the chance in those waits.
        monotonic: seconds; measures latency and the deadline.
        now: aware, UTC.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        base_url: str,
        credentials: Credentials,
        timeout_seconds: float,
        error_type: type[ProviderError] = ProviderError,
        observer: RequestObserver | None = None,
        before_request: Callable[[], None] | None = None,
        hold_back: Callable[[float | None], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if not 0 < timeout_seconds < float("inf"):
            raise UsageError(f"{provider.timeout_setting} is {timeout_seconds:g}: give seconds above 0")
        self._provider = provider
        self._base_url = base_url
        self._credentials = credentials
        self._timeout = timeout_seconds
        self._error_type = error_type
        self._observer = observer
        self._before_request = before_request
        self._hold_back = hold_back
        self._sleep = sleep
        self._uniform = uniform
        self._monotonic = monotonic
        self._now = now
        self._session = _new_session(self._base_url)
        self._counter_lock = threading.Lock()
        self._requests_sent = 0
        keep_keys_out_of_logs()

    def __repr__(self) -> str:
        return f"ProviderDoor({self._provider.host!r}, requests_sent={self._requests_sent})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def requests_sent(self) -> int:
        """Attempts so far, retries included."""
        return self._requests_sent

    def close(self) -> None:
        """Close idle connections."""
        self._session.close()

    def fetch(self, request: ProviderRequest, read: Callable[[bytes], T], *, attempts: int = ATTEMPTS) -> T:
        """Ask, again where that can help, and return what ``read`` makes of the answer.

        Args:
            request: what to ask.
            read: takes the body; raises ValueError for one that is not an answer to the request.
            attempts: how often it is sent at most.

        Raises:
            ProviderError: of the type given to the door; nothing came of it.
            TokenMissing: there is no token, and nothing was sent.
            UsageError: the token cannot be sent, and nothing was sent.
        """
        return self._fetch(request, lambda answer: read(answer.body), attempts)

    def fetch_edition(self, request: ProviderRequest, read: Callable[[bytes], T]) -> Edition[T]:
        """Do what :meth:`fetch` does, and return the answer's entity tag too."""
        return self._fetch(request, lambda answer: Edition(read(answer.body), _etag_of(answer)), ATTEMPTS)

    def fetch_if_changed(self, request: ProviderRequest, read: Callable[[bytes], T]) -> Edition[T] | None:
        """Do what :meth:`fetch_edition` does; None where the provider has no other edition than the request's."""

        def read_edition(answer: Answer) -> Edition[T] | None:
            if answer.status == requests.codes.not_modified:
                return None
            return Edition(read(answer.body), _etag_of(answer))

        return self._fetch(request, read_edition, ATTEMPTS)

    def _fetch(self, request: ProviderRequest, read: Callable[[Answer], T], attempts: int) -> T:
        retrying = Retrying(
            sleep=self._sleep,
            stop=stop_after_attempt(attempts),
            wait=self._seconds_to_wait,
            retry=retry_if_result(_is_worth_retrying),
            retry_error_callback=_last_result,
        )
        result: T | Fault = retrying(self._attempt, request, read)
        if isinstance(result, Fault):
            raise self._error(result)
        return result

    def _attempt(self, request: ProviderRequest, read: Callable[[Answer], T]) -> T | Fault:
        """Send once. A failure is a value here: an exception would drag the library's own, with its URL, along."""
        authentication = self._credentials.authentication()
        started, start = self._now(), self._monotonic()
        try:
            if self._before_request is not None:
                self._before_request()
        except ProviderError as error:
            if error.error_class != HELD_BACK:
                raise
            held_back = Fault(error_class=HELD_BACK, message=str(error), retry_after=error.retry_after)
            self._report(request, started, (self._monotonic() - start) * 1000, held_back)
            return held_back
        with self._counter_lock:
            self._requests_sent += 1
        started, start = self._now(), self._monotonic()
        answer = self._exchange(request, authentication)
        latency_ms = (self._monotonic() - start) * 1000
        result = answer if isinstance(answer, Fault) else self._understand(answer, request, read)
        status = answer.status if isinstance(answer, Answer) else None
        self._report(request, started, latency_ms, result, status)
        if self._hold_back is not None and isinstance(result, Fault) and result.error_class == "http_429":
            self._hold_back(result.retry_after)
        return result

    def _exchange(self, request: ProviderRequest, authentication: requests.auth.AuthBase) -> Answer | Fault:
        give_up_at = self._monotonic() + DEADLINE_FACTOR * self._timeout
        try:
            with self._session.get(
                self._base_url + request.path,
                params=dict(request.params),
                headers=request.headers,
                auth=authentication,
                timeout=(self._timeout, self._timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._receive(response, give_up_at)
        except _TRANSPORT_ERRORS as error:
            return fault_of_exception(error, self._provider, self._timeout)

    def _receive(self, response: requests.Response, give_up_at: float) -> Answer | Fault:
        """Read the packed bytes as they come, then unpack: only so does the deadline hold for packed ones too."""
        packed = bytearray()
        while piece := response.raw.read1(_CHUNK, decode_content=False):
            packed += piece
            if len(packed) > LARGEST_BODY:
                return self._too_large(response.status_code)
            if self._monotonic() > give_up_at:
                return slow_body_fault(self._provider, DEADLINE_FACTOR * self._timeout)
        try:
            body = _unpack(bytes(packed), response.headers.get("Content-Encoding", ""))
        except urllib3.exceptions.DecodeError:
            body = b""  # an error status still says what it says; with 200, an empty body is unreadable
        if len(body) > LARGEST_BODY:
            return self._too_large(response.status_code)
        return Answer(response.status_code, response.headers, body)

    def _understand(self, answer: Answer, request: ProviderRequest, read: Callable[[Answer], T]) -> T | Fault:
        if request.etag is None or answer.status != requests.codes.not_modified:
            fault = fault_of_answer(
                answer, self._provider, subject=request.subject, hide=self._credentials.hide_in, now=self._now()
            )
            if fault is not None:
                return fault
        try:
            return read(answer)
        except ValueError:
            return unreadable_fault(self._provider, request.subject)

    def _report(
        self,
        request: ProviderRequest,
        started: datetime,
        latency_ms: float,
        result: object,
        status: int | None = None,
    ) -> None:
        if self._observer is None:
            return
        fault = result if isinstance(result, Fault) else None
        failed = fault is not None and fault.error_class != "not_found"
        self._observer.record(
            RequestAttempt(
                provider=self._provider.name.lower(),
                request_type=request.request_type,
                started=started,
                latency_ms=latency_ms,
                outcome="failure" if failed else "success",
                http_status=fault.http_status if fault else status,
                error_class=fault.error_class if fault and failed else None,
                parse_ok=not failed or (fault is not None and fault.status_code is not None),
                retry_after=fault.retry_after if fault else None,
            )
        )

    def _seconds_to_wait(self, state: RetryCallState) -> float:
        asked = _last_result(state).retry_after
        longest: float = BACK_OFF_SECONDS * 2 ** (state.attempt_number - 1)
        return asked or self._uniform(longest / 2, longest)

    def _too_large(self, status: int) -> Fault:
        message = (
            f"{self._provider.name} sent more than {LARGEST_BODY >> 20} MiB: "
            f"check {self._provider.base_url_setting}"
        )
        return Fault(error_class="parse_error", message=message, http_status=status)

    def _error(self, fault: Fault) -> ProviderError:
        return self._error_type(
            fault.message,
            error_class=fault.error_class,
            http_status=fault.http_status,
            status_code=fault.status_code,
            retry_after=fault.retry_after,
        )


def checked_base_url(base_url: str, setting: str) -> tuple[str, str]:
    """Return the base URL without a trailing slash, and its host.

    Args:
        base_url: ``http`` or ``https``, without user, query and fragment.
        setting: the name of the setting it comes from, for the message.

    Raises:
        UsageError: it is something else; the message does not repeat it, since people paste keys into URLs.
    """
    try:
        parts = urlsplit(base_url.strip())
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    usable = parts.scheme in ("http", "https") and parts.hostname
    if not usable or parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            f"{setting} is not an address such as https://api.example.org/3: "
            "give scheme, host and path, and nothing else"
        )
    return parts.geturl().rstrip("/"), str(parts.hostname)


_TRANSPORT_ERRORS: Final = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


class _StayingSession(requests.Session):
    """Goes nowhere else: a token must not travel to a host that a redirect names."""

    def get_redirect_target(self, _response: requests.Response, /) -> None:
        """See no target, so that not even the body of a redirect is read here, outside the deadline."""


def _new_session(base_url: str) -> requests.Session:
    session = _StayingSession()
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=POOL_SIZE, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers.update(_HEADERS)
    _read_environment_once(session, base_url)
    return session


def _read_environment_once(session: requests.Session, base_url: str) -> None:
    """Take proxies and certificates from the environment for the one host that is asked.

    The session would look for them anew before each request.
    """
    found = session.merge_environment_settings(base_url, {}, None, None, None)
    session.proxies, session.verify = found["proxies"], found["verify"]
    session.trust_env = False


def _etag_of(answer: Answer) -> str | None:
    etag = answer.headers.get("ETag", "").strip()
    return etag if _ETAG.fullmatch(etag) else None


def _unpack(packed: bytes, encoding: str) -> bytes:
    """Undo the transfer's compression, but stop past the largest body, so that a small bomb stays small."""
    if not encoding:
        return packed
    answer = urllib3.HTTPResponse(
        io.BytesIO(packed), headers={"Content-Encoding": encoding}, preload_content=False
    )
    return answer.read(LARGEST_BODY + 1, decode_content=True)


def _is_worth_retrying(result: object) -> bool:
    return isinstance(result, Fault) and result.can_retry and (result.retry_after or 0.0) <= PATIENCE_SECONDS


def _last_result(state: RetryCallState) -> Any:
    return state.outcome.result() if state.outcome is not None else None

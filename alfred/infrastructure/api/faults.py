"""What went wrong with a request: one class, one plain line, and whether trying again can help."""

from __future__ import annotations

import errno
import http.client
import json
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import requests
import urllib3.exceptions as urllib3_errors

LONGEST_RETRY_AFTER_SECONDS: Final = 86_400.0
"""What a provider asks for beyond a day is taken for a day."""

LONGEST_QUOTE: Final = 200
"""Characters of the provider's own words that a message repeats."""

_RETRIED_STATUSES: Final = frozenset({429, 500, 502, 503, 504})
_REFUSED_TOKEN_CODES: Final = frozenset({3, 7, 10, 14})
_NOT_FOUND_CODES: Final = frozenset({6, 34})
_FIRST_SERVER_ERROR: Final = 500
_CHALLENGE_STATUSES: Final = frozenset({403, 503})
_CHALLENGE_MARKERS: Final = (
    b"just a moment",
    b"cf-chl",
    b"cf_chl",
    b"challenge-platform",
    b"attention required! | cloudflare",
)
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider as messages name it, with the settings that a message can send people to."""

    name: str
    host: str
    token_setting: str
    base_url_setting: str
    timeout_setting: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, decoded."""

    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One failed attempt.

    Attributes:
        error_class: ``not_found`` or a class of the request log.
        message: one line without a URL's query.
        can_retry: whether the same request may succeed a moment later.
        retry_after: seconds that the provider asked to wait.
    """

    error_class: str
    message: str
    can_retry: bool = False
    http_status: int | None = None
    status_code: int | None = None
    retry_after: float | None = None


def fault_of_exception(error: BaseException, provider: Provider, timeout_seconds: float) -> Fault:
    """Name what kept an answer from coming, or from coming whole.

    Args:
        error: from requests or urllib3; its text is never repeated, since it can hold the URL.
        provider: for the message.
        timeout_seconds: for the message.
    """
    causes = tuple(_causes(error))
    way = f"{provider.host} through the proxy" if _is_any(causes, _PROXY_ERRORS) else provider.host
    if _is_any(causes, (urllib3_errors.NameResolutionError,)):
        return _connection_fault("dns", f"cannot find {way}: check the network and the name server")
    if (tls := _first(causes, ssl.SSLError)) or _is_any(causes, _TLS_ERRORS):
        return Fault(
            error_class="tls", message=_tls_message(tls, way, provider), can_retry=isinstance(tls, ssl.SSLEOFError)
        )
    if _has_errno(causes, errno.ECONNREFUSED):
        message = f"cannot reach {way}: connection refused; check {provider.base_url_setting}, or try again later"
        return _connection_fault("connection_refused", message)
    if _has_errno(causes, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN):
        return _connection_fault("unknown", f"cannot reach {way}: no route to it; check the network")
    if any(_is_timeout(cause) for cause in causes):
        return timeout_fault(provider, timeout_seconds)
    if _is_any(causes, (http.client.IncompleteRead,)):
        return _connection_fault("parse_error", f"{provider.name}'s answer was cut short: try again later")
    if _is_any(causes, (requests.exceptions.InvalidURL, urllib3_errors.LocationValueError)):
        message = f"cannot use the address of {provider.name}: check {provider.base_url_setting}"
        return Fault(error_class="unknown", message=message)
    return _connection_fault("unknown", f"the connection to {way} broke off: try again later")


def _tls_message(error: BaseException | None, way: str, provider: Provider) -> str:
    """Say what is wrong with the certificate, where it is one of the usual things."""
    code = getattr(error, "verify_code", None)
    said, step = _CERTIFICATE_FAULTS.get(code, ("", "check {setting}, the clock and proxies"))
    reason = f": {said}" if said else ""
    return f"no safe connection to {way} (TLS{reason}): {step.format(setting=provider.base_url_setting)}"


def timeout_fault(provider: Provider, timeout_seconds: float) -> Fault:
    """Name an answer that did not begin in time."""
    return _connection_fault(
        "timeout",
        f"{provider.name} did not answer within {timeout_seconds:g} s: "
        f"try again later, or raise {provider.timeout_setting}",
    )


def slow_body_fault(provider: Provider, deadline_seconds: float) -> Fault:
    """Name an answer that began in time and did not end."""
    return _connection_fault(
        "timeout",
        f"{provider.name} was still sending after {deadline_seconds:g} s: "
        f"try again later, or raise {provider.timeout_setting}",
    )


def unreadable_fault(provider: Provider, subject: str) -> Fault:
    """Name an answer that says "here it is" and is not what was asked for."""
    message = (
        f"{provider.name}'s answer about {subject} could not be read: "
        f"try again later, or check {provider.base_url_setting}"
    )
    return Fault(error_class="parse_error", message=message, http_status=200)


def fault_of_answer(
    answer: Answer,
    provider: Provider,
    *,
    subject: str,
    hide: Callable[[str], str],
    now: datetime,
) -> Fault | None:
    """Name what an answer refuses; None for one whose body is worth reading.

    Args:
        answer: the whole of it.
        provider: for the message.
        subject: what was asked about, as in ``show 1396``.
        hide: takes the token out of the provider's words.
        now: aware; what a date in ``Retry-After`` is counted from.
    """
    if _is_challenge(answer):
        return Fault(
            error_class="cf_challenge",
            message=f"{provider.host} wants proof that a person asks ({answer.status}): "
            "try again later, or from another network",
            http_status=answer.status,
        )
    if answer.status == requests.codes.ok:
        return None
    code, words = _error_body(answer.body)
    error_class = _class_of(answer.status, code)
    numbers = f"{answer.status}" if code is None else f"{answer.status}, code {code}"
    said = f"{numbers}: {printable(hide(words))}" if words else numbers
    return Fault(
        error_class=error_class,
        message=_message(error_class, numbers, said, provider, subject),
        can_retry=answer.status in _RETRIED_STATUSES and error_class in {"http_429", "http_5xx"},
        http_status=answer.status,
        status_code=code,
        retry_after=retry_after_seconds(answer.headers.get("Retry-After"), now),
    )


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Read a ``Retry-After`` header.

    Args:
        value: seconds or an HTTP date; None where there is no header.
        now: aware; what a date is counted from.

    Returns:
        Seconds from 0 to :data:`LONGEST_RETRY_AFTER_SECONDS`; None for no header or one that makes no sense.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), LONGEST_RETRY_AFTER_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    return min(max(seconds.total_seconds(), 0.0), LONGEST_RETRY_AFTER_SECONDS)


def printable(text: str, length: int = LONGEST_QUOTE) -> str:
    """Return the provider's words as one short line without control characters."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= length else f"{words[: length - 1]}…"


_NOT_TRUSTED: Final = (
    "nobody we trust vouches for its certificate",
    "check {setting}; a proxy that reads along needs its own certificate in REQUESTS_CA_BUNDLE",
)
_CERTIFICATE_FAULTS: Final[dict[int | None, tuple[str, str]]] = {  # by the codes of OpenSSL's verify(1)
    9: ("its certificate is not valid yet", "check the clock of this machine"),
    10: ("its certificate has expired", "check the clock of this machine, or try again later"),
    18: _NOT_TRUSTED,
    19: _NOT_TRUSTED,
    20: _NOT_TRUSTED,
    62: ("its certificate is for another host", "check {setting} and proxies"),
    64: ("its certificate is for another host", "check {setting} and proxies"),
}
_PROXY_ERRORS: Final = (requests.exceptions.ProxyError, urllib3_errors.ProxyError)
_TLS_ERRORS: Final = (requests.exceptions.SSLError, urllib3_errors.SSLError)
_TIMEOUTS: Final = (requests.exceptions.Timeout, urllib3_errors.TimeoutError, TimeoutError)


def _connection_fault(error_class: str, message: str) -> Fault:
    return Fault(error_class=error_class, message=message, can_retry=True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and all that it wraps: libraries keep causes in args, in ``reason`` and in the chain."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        wrapped = (*current.args, getattr(current, "reason", None), current.__cause__, current.__context__)
        waiting.extend(cause for cause in wrapped if isinstance(cause, BaseException))


def _is_any(causes: tuple[BaseException, ...], kinds: tuple[type[BaseException], ...]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _is_timeout(cause: BaseException) -> bool:
    """Tell a time-out from urllib3's "no connection", which is a kind of time-out in its family tree only."""
    if isinstance(cause, urllib3_errors.NewConnectionError):
        return False
    return isinstance(cause, _TIMEOUTS) or (isinstance(cause, OSError) and cause.errno == errno.ETIMEDOUT)


def _first(causes: tuple[BaseException, ...], kind: type[BaseException]) -> BaseException | None:
    return next((cause for cause in causes if isinstance(cause, kind)), None)


def _has_errno(causes: tuple[BaseException, ...], *numbers: int) -> bool:
    return any(isinstance(cause, OSError) and cause.errno in numbers for cause in causes)


def _is_challenge(answer: Answer) -> bool:
    if "challenge" in answer.headers.get("cf-mitigated", "").lower():
        return True
    if answer.status not in _CHALLENGE_STATUSES or not answer.body.lstrip().startswith(b"<"):
        return False
    page = answer.body.lower()
    return any(marker in page for marker in _CHALLENGE_MARKERS)


def _error_body(body: bytes) -> tuple[int | None, str]:
    """Return TMDB's own code and words; (None, "") for a body of another shape."""
    try:
        parsed: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None, ""
    if not isinstance(parsed, dict):
        return None, ""
    code, words = parsed.get("status_code"), parsed.get("status_message")
    known = isinstance(code, int) and not isinstance(code, bool)
    return (code if known else None), (words if isinstance(words, str) else "")


def _class_of(status: int, code: int | None) -> str:
    if status == requests.codes.unauthorized or code in _REFUSED_TOKEN_CODES:
        return "auth_error"
    if status == requests.codes.not_found and code in _NOT_FOUND_CODES:
        return "not_found"
    if status == requests.codes.forbidden:
        return "http_403"
    if status == requests.codes.too_many_requests:
        return "http_429"
    return "http_5xx" if status >= _FIRST_SERVER_ERROR else "unknown"


def _message(error_class: str, numbers: str, said: str, provider: Provider, subject: str) -> str:
    """Say what was refused, and what to do next."""
    match error_class:
        case "auth_error":
            return f"{provider.name} refused the token ({numbers}): check {provider.token_setting}"
        case "not_found":
            return f"{provider.name} has no {subject} ({numbers}): check the id"
        case "http_403":
            return f"{provider.name} refused the request ({said}): check the account, or try again later"
        case "http_429":
            return f"{provider.name} wants fewer requests ({numbers}): wait a few minutes and try again"
        case "http_5xx":
            return f"{provider.name} is in trouble ({said}): try again later"
        case _:
            return f"{provider.host} gave no answer about {subject} ({said}): check {provider.base_url_setting}"

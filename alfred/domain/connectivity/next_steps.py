"""What a person can do about each error class."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NEXT_STEPS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "auth_error": "token refused: check ALFRED_TMDB_TOKEN",
        "cf_challenge": "it wants proof that a person asks: wait, or ask from another network",
        "connection_refused": "nobody listens there: check ALFRED_TMDB_BASE_URL and proxies",
        "dns": "its name cannot be found: check the network and the name server",
        "http_403": "request refused: check your account with it, or wait",
        "http_429": "too many requests: lower ALFRED_TMDB_REQUESTS_PER_SECOND, or wait",
        "http_5xx": "it is in trouble itself: wait",
        "parse_error": "its answers cannot be read: check ALFRED_TMDB_BASE_URL, or wait",
        "rate_limited": "held back by our own limit: wait",
        "timeout": "no answer in time: wait, or raise ALFRED_TMDB_TIMEOUT_SECONDS",
        "tls": "no safe connection: check ALFRED_TMDB_BASE_URL, the clock of this machine, and proxies",
        "unknown": "'alfred provider log --failed' lists what went wrong",
    }
)


def next_step(error_class: str) -> str:
    """Return one line that says what is wrong and what to do; for classes of a later version a general one."""
    return NEXT_STEPS.get(error_class, NEXT_STEPS["unknown"])

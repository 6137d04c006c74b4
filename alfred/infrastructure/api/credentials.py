"""The provider's token: how it travels, and how it is kept out of everything that people read."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import Final

from requests import PreparedRequest
from requests.auth import AuthBase

from alfred.application.exceptions import TokenMissing, UsageError
from alfred.application.ports.health import TokenFacts, TokenKind

HIDDEN: Final = "***"

_V3_KEY = re.compile(r"[0-9a-fA-F]{32}")
_V4_TOKEN = re.compile(r"[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}", re.ASCII)
_HEADER_TOKEN = re.compile(r"[\x21-\x7e]+")
_KEY_IN_URL = re.compile(r"(api_key=)[^&#\s\"']+", re.IGNORECASE)
_LOGGERS_THAT_SEE_URLS = ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A v4 read token or a v3 key; nothing is checked before it is needed.

    Args:
        token: as the user gave it; None or blank where there is none.
        setting: the name of the setting it comes from, for messages.
        token_page: where a token is to be had.
    """

    token: str | None = field(repr=False)
    setting: str
    token_page: str

    def authentication(self) -> AuthBase:
        """Return what puts the token on a request: a v3 key in the query, anything else in a header.

        Raises:
            TokenMissing: there is no token.
            UsageError: the token cannot be sent in a header.
        """
        token = (self.token or "").strip()
        if not token:
            raise TokenMissing(f"{self.setting} is not set: get a free token at {self.token_page}")
        if _V3_KEY.fullmatch(token):
            return _KeyInQuery(token)
        if not _HEADER_TOKEN.fullmatch(token):
            raise UsageError(
                f"{self.setting} holds spaces, control characters or letters that no token has: "
                f"copy it again from {self.token_page}"
            )
        return _TokenInHeader(token)

    def hide_in(self, text: str) -> str:
        """Return the text without the token and without any ``api_key`` of a URL."""
        token = (self.token or "").strip()
        return _without_keys(text.replace(token, HIDDEN) if token else text)


def token_facts(token: str | None) -> TokenFacts:
    """Say what a token looks like, and nothing else of it."""
    return TokenFacts(kind=_kind_of(token))


def _kind_of(token: str | None) -> TokenKind:
    text = (token or "").strip()
    if not text:
        return TokenKind.MISSING
    if not _HEADER_TOKEN.fullmatch(text):
        return TokenKind.UNUSABLE
    if _V3_KEY.fullmatch(text):
        return TokenKind.V3
    return TokenKind.V4 if _V4_TOKEN.fullmatch(text) else TokenKind.UNUSUAL


class _TokenInHeader(AuthBase):
    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = self._header
        return request


class _KeyInQuery(AuthBase):
    def __init__(self, key: str) -> None:
        self._query = {"api_key": key}

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.prepare_url(request.url, self._query)
        return request


class _KeyFilter(logging.Filter):
    """Takes keys out of records that carry a URL."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if "api_key=" in message.lower():
            record.msg, record.args = _without_keys(message), None
        return True


_KEY_FILTER = _KeyFilter()


def keep_keys_out_of_logs() -> None:
    """Make the HTTP library's own log safe at every level; calling it again changes nothing."""
    for name in _LOGGERS_THAT_SEE_URLS:
        logging.getLogger(name).addFilter(_KEY_FILTER)


def _without_keys(text: str) -> str:
    return _KEY_IN_URL.sub(rf"\g<1>{HIDDEN}", text)

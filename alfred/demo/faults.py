"""Faults on demand: which requests of the stand-in fail, how often, and in what way.

::

    server.faults.append(Fault(Refuse(503, 9), tmdb_id=1396, times=2))       # the first two, then well again
    server.faults.append(Fault(Reset(), probability=0.1, seed=7))            # one in ten, the same each run
    server.faults.append(Fault(Delay(2.0), path=lambda path: "/season/" in path))

The first rule of the list that strikes decides; the others are not asked, and not used up.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from alfred.demo.replies import Body, Ending, Reply

_CHALLENGE_PAGE = b"""<!DOCTYPE html>
<html lang="en-US"><head><title>Just a moment...</title></head>
<body><p>Checking that you are human. This may take a few seconds.</p></body></html>
"""


class Action(Protocol):
    """One way in which an answer goes wrong."""

    def spoil(self, reply: Reply, /) -> Reply:
        """Return what is sent in place of the proper reply."""
        ...


@dataclass(frozen=True, slots=True)
class Refuse:
    """An error status with TMDB's error body; ``retry_after`` is in seconds."""

    http: int
    code: int
    retry_after: int | None = None

    def spoil(self, _reply: Reply, /) -> Reply:
        """Answer with the error."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return Reply(status=self.http, code=self.code, headers=headers)


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer for so many seconds (None: until the server closes), then the connection is closed."""

    seconds: float | None = None

    def spoil(self, reply: Reply, /) -> Reply:
        """Wait and send nothing."""
        return replace(reply, wait=self.seconds, ending=Ending.DROPPED)


@dataclass(frozen=True, slots=True)
class Delay:
    """The proper answer, so many seconds late."""

    seconds: float

    def spoil(self, reply: Reply, /) -> Reply:
        """Send the reply later."""
        return replace(reply, wait=self.seconds)


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset before an answer."""

    def spoil(self, reply: Reply, /) -> Reply:
        """Send nothing but the reset."""
        return replace(reply, ending=Ending.RESET)


@dataclass(frozen=True, slots=True)
class Truncate:
    """Half of the body, although ``Content-Length`` promises all of it; then the connection is closed."""

    def spoil(self, reply: Reply, /) -> Reply:
        """Cut the reply."""
        return replace(reply, etag=None, ending=Ending.CUT)


@dataclass(frozen=True, slots=True)
class Challenge:
    """An HTML page that asks the client to prove that it is human, with status 403 or 200."""

    http: int = 403

    def spoil(self, _reply: Reply, /) -> Reply:
        """Send the page."""
        return Reply(
            status=self.http,
            body=Body.of(_CHALLENGE_PAGE),
            content_type="text/html; charset=UTF-8",
            headers={"cf-mitigated": "challenge"},
        )


@dataclass(frozen=True, slots=True)
class NotUtf8:
    """A body that no UTF-8 decoder takes."""

    def spoil(self, reply: Reply, /) -> Reply:
        """Put bytes into the first string that UTF-8 has no use for."""
        return replace(reply, body=Body.of(reply.body.raw.replace(b'"', b'"\xff\xfe', 1)), etag=None)


@dataclass(frozen=True, slots=True)
class OtherShape:
    """JSON of another shape, for example ``[]`` or ``{}``, with status 200."""

    value: Any

    def spoil(self, _reply: Reply, /) -> Reply:
        """Send the value."""
        return Reply(status=200, body=Body.of(json.dumps(self.value).encode()))


@dataclass(frozen=True, slots=True)
class OtherId:
    """The proper body, except that its top-level ``id`` is another one."""

    tmdb_id: int

    def spoil(self, reply: Reply, /) -> Reply:
        """Replace the id."""
        body = {**json.loads(reply.body.raw or b"{}"), "id": self.tmdb_id}
        return replace(reply, body=Body.of(json.dumps(body).encode()), etag=None)


@dataclass(slots=True, kw_only=True)
class Fault:
    """A rule: requests that match it get an action in place of the proper answer.

    Args:
        action: what happens to them.
        tmdb_id: only requests below ``/tv/<tmdb_id>``.
        path: only requests whose path, as in ``/3/tv/1396/season/1``, it says yes to.
        times: how often at most; None is for ever.
        probability: the share of matching requests that are struck, from 0 to 1.
        seed: of the random numbers behind the probability.

    Attributes:
        hits: how often the rule has struck so far.
    """

    action: Action = field(kw_only=False)
    tmdb_id: int | None = None
    path: Callable[[str], bool] | None = None
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    hits: int = field(default=0, init=False)
    _random: random.Random = field(init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def strikes(self, path: str, tmdb_id: int | None) -> bool:
        """Say whether this request is struck, and count it if so."""
        if self.tmdb_id not in (None, tmdb_id) or not (self.path is None or self.path(path)):
            return False
        with self._lock:
            struck = (self.times is None or self.hits < self.times) and self._random.random() < self.probability
            self.hits += struck
        return struck

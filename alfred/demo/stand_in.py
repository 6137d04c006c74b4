"""A local server that answers as TMDB does, from a folder of bodies, and fails when told to.

::

    with StandIn(folder) as server:
        requests.get(f"{server.url}/tv/1396", headers={"Authorization": "Bearer any"}, timeout=5)

or, as a process of its own, ``python -m alfred.demo.stand_in FOLDER``.
"""

from __future__ import annotations

import argparse
import re
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from alfred.demo.catalogue import Catalogue, Refused, repeated, today_utc
from alfred.demo.faults import Fault
from alfred.demo.replies import Ending, Reply

LOOPBACK = "127.0.0.1"
BASE_PATH = "/3"
BAD_KEY = (401, 7)
TOO_MANY_REQUESTS = (429, 25)
METHOD_NOT_ALLOWED = (405, 42)

_SECRETS = frozenset({"api_key", "session_id", "guest_session_id"})
_V3_KEY = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_MAX_AGE = 14_400
_MAX_AGE_OF_A_REFUSED_KEY = 300
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """One request as the server saw it, without its token.

    Attributes:
        path: with the base path, without the query.
        query: the parameters, without keys.
        items: what ``append_to_response`` asked for.
        tmdb_id: the id below ``/tv/``, where there is one.
        credential: ``bearer`` or ``api_key``, whichever carried the token; None where there was none.
        status: the HTTP status it was answered with; None where the connection was closed instead.
        at: when it came, in seconds on the server's clock.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    items: tuple[str, ...]
    tmdb_id: int | None
    credential: str | None
    status: int | None
    at: float


class StandIn:
    """A server on the loopback interface that answers like TMDB.

    Args:
        folder: the bodies to serve, see :mod:`alfred.demo.catalogue`.
        tokens: the v3 keys and v4 tokens that are accepted; None accepts any that has the right form.
        port: 0 takes a free one.
        latency: seconds before each answer.
        rate_limit: requests answered in each second of the clock; the others get 429. None is without limit.
        retry_after: seconds named in the ``Retry-After`` of those 429s; None sends no such header.
        aliases: gives the id in the folder for an id that was asked for; by default the id itself.
        today: the day on which the window of ``/tv/changes`` ends by default.
        clock: seconds, for the rate limit and the record.
        keep_requests: False keeps only the counts, for long runs.

    Attributes:
        faults: the rules by which requests fail; add to it at any time.
        requests: the requests so far, oldest first.
        counts: the number of requests by id.
        total: the number of all requests.
        latency, rate_limit, retry_after: as given; may be set at any time.
    """

    def __init__(
        self,
        folder: Path,
        *,
        tokens: Collection[str] | None = None,
        port: int = 0,
        latency: float = 0.0,
        rate_limit: int | None = None,
        retry_after: int | None = None,
        aliases: Callable[[int], int] = int,
        today: Callable[[], date] = today_utc,
        clock: Callable[[], float] = time.monotonic,
        keep_requests: bool = True,
    ) -> None:
        self._catalogue = Catalogue(folder, aliases=aliases, today=today)
        self._tokens = None if tokens is None else frozenset(tokens)
        self._port = port
        self.latency = latency
        self.rate_limit = rate_limit
        self.retry_after = retry_after
        self._clock = clock
        self._keep_requests = keep_requests
        self.faults: list[Fault] = []
        self.requests: list[ReceivedRequest] = []
        self.counts: Counter[int] = Counter()
        self.total = 0
        self._lock = threading.Lock()
        self._second = (0, 0)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base URL, as in ``http://127.0.0.1:4711/3``."""
        if self._server is None:
            raise RuntimeError("the stand-in is not started: use it in a with statement")
        return f"http://{LOOPBACK}:{self._server.server_address[1]}{BASE_PATH}"

    @property
    def changed(self) -> dict[date, list[int]]:
        """The ids that ``/tv/changes`` lists, by day; add to it at any time."""
        return self._catalogue.changed

    def reload(self) -> None:
        """Read the folder again, after files in it were changed."""
        self._catalogue.forget()

    def __enter__(self) -> Self:
        self._server = _Server((LOOPBACK, self._port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="stand-in")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection, waiting ones too, and stop; the record stays readable."""
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join()
        self._server = self._thread = None

    def respond(self, method: str, target: str, headers: Mapping[str, str]) -> Reply:
        """Decide the answer to one request, and put it on record.

        Args:
            method: ``GET``; any other is refused.
            target: the path with its query.
            headers: of the request, by names in lower case.
        """
        at = self._clock()
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        tmdb_id = _tmdb_id(parts.path)
        credential, token = _credential(query, headers)
        reply = self._proper_reply(method, parts.path, query, self._accepts(credential, token), at)
        reply = self._delivered(self._with_faults(reply, parts.path, tmdb_id), headers)
        request = ReceivedRequest(
            method=method,
            path=parts.path,
            query=tuple((name, value) for name, value in query.items() if name not in _SECRETS),
            items=tuple(filter(None, query.get("append_to_response", "").split(","))),
            tmdb_id=tmdb_id,
            credential=credential,
            status=reply.visible_status,
            at=at,
        )
        self._record(request)
        return reply

    def _proper_reply(self, method: str, path: str, query: dict[str, str], accepted: bool, at: float) -> Reply:
        if self._over_the_limit(at):
            headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
            return _error(*TOO_MANY_REQUESTS, headers)
        if not accepted:
            return _error(*BAD_KEY, {"Cache-Control": f"public, max-age={_MAX_AGE_OF_A_REFUSED_KEY}"})
        if method != "GET":
            return _error(*METHOD_NOT_ALLOWED)
        below = path.removeprefix(BASE_PATH) if path.startswith(f"{BASE_PATH}/") else ""
        try:
            body = self._catalogue.answer(below, query)
        except Refused as refused:
            return _error(refused.http, refused.code)
        headers = {"Cache-Control": f"public, max-age={_MAX_AGE}", "Vary": "accept-encoding, Origin"}
        return Reply(status=HTTPStatus.OK, body=body, etag=body.etag, headers=headers)

    def _with_faults(self, reply: Reply, path: str, tmdb_id: int | None) -> Reply:
        if reply.code == TOO_MANY_REQUESTS[1]:
            return reply
        for fault in tuple(self.faults):
            if fault.strikes(path, tmdb_id):
                return fault.action.spoil(reply)
        return reply

    def _delivered(self, reply: Reply, headers: Mapping[str, str]) -> Reply:
        """Fill in an error's body, answer 304 where the client has the body, and add the latency."""
        if reply.code is not None:
            reply = replace(reply, body=self._catalogue.error(reply.status, reply.code))
        if reply.etag is not None and reply.etag in headers.get("if-none-match", ""):
            reply = replace(reply, status=HTTPStatus.NOT_MODIFIED)
        return reply if reply.wait is None else replace(reply, wait=reply.wait + self.latency)

    def _accepts(self, credential: str | None, token: str) -> bool:
        is_v3_key = _V3_KEY.fullmatch(token) is not None
        known = self._tokens is None or token in self._tokens
        return credential is not None and known and is_v3_key == (credential == "api_key")

    def _over_the_limit(self, at: float) -> bool:
        with self._lock:
            second, count = self._second
            self._second = (int(at), count + 1 if int(at) == second else 1)
            return self.rate_limit is not None and self._second[1] > self.rate_limit

    def _record(self, request: ReceivedRequest) -> None:
        with self._lock:
            self.total += 1
            if request.tmdb_id is not None:
                self.counts[request.tmdb_id] += 1
            if self._keep_requests:
                self.requests.append(request)


class _Server(ThreadingHTTPServer):
    """Accepts connections, and can close those that are open."""

    daemon_threads = False  # so that closing waits for them
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Bind without asking a name server for the name of the loopback interface."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection and remember it."""
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection and close it."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that left; anything else is a fault of ours and is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stop accepting, wake up every handler, wait for them, and close the socket."""
        self.stopping.set()
        self.shutdown()
        with self._lock:
            for connection in self._open:
                _hang_up(connection)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Reads requests from one connection and writes the replies."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.stand_in.respond(self.command, self.path, headers)
        if reply.wait != 0:
            self.server.stopping.wait(reply.wait)
        match reply.ending:
            case Ending.DROPPED:
                self.close_connection = True
            case Ending.RESET:
                self._reset()
            case Ending.CUT:
                head, body = self._rendered(reply)
                self.close_connection = True
                self.wfile.write(head + body[: len(body) // 2])
            case Ending.SENT:
                self.wfile.write(b"".join(self._rendered(reply)))

    do_GET = _serve  # noqa: N815 - http.server calls it by this name

    def _refuse_method(self) -> None:
        self.close_connection = True  # the body that may follow is not read
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = _refuse_method  # noqa: N815 - as above

    def _rendered(self, reply: Reply) -> tuple[bytes, bytes]:
        """Return the head and the body as they go over the wire."""
        headers = {"Server": "stand-in", "Date": self.date_time_string(), **reply.headers}
        if reply.etag is not None:
            headers["ETag"] = reply.etag
        body = b""
        if reply.status != HTTPStatus.NOT_MODIFIED:
            zipped = "gzip" in self.headers.get("Accept-Encoding", "")
            body = reply.body.gzipped if zipped else reply.body.raw
            headers |= {"Content-Type": reply.content_type, "Content-Length": str(len(body))}
            headers |= {"Content-Encoding": "gzip"} if zipped else {}
        if self.close_connection or reply.ending is Ending.CUT:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {reply.status:d} {_PHRASES.get(reply.status, '')}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1"), body

    def _reset(self) -> None:
        """Close so that the client gets a reset instead of an orderly end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.rfile.close()  # the socket stays open as long as a file on it is
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Write nothing: the record of requests tells it all."""


def _error(http: int, code: int, headers: dict[str, str] | None = None) -> Reply:
    return Reply(status=http, code=code, headers=headers or {})


def _tmdb_id(path: str) -> int | None:
    match = re.match(rf"{BASE_PATH}/tv/([0-9]+)(?:/|$)", path)
    return int(match[1]) if match else None


def _credential(query: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str | None, str]:
    """Return how the token came, and the token."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return "bearer", token.strip()
    if query.get("api_key"):
        return "api_key", query["api_key"]
    return None, ""


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the client was quicker


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a folder until SIGTERM or Ctrl-C; the first line of output tells the URL."""
    parser = argparse.ArgumentParser(prog="python -m alfred.demo.stand_in", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="holds tv/<id>.json and tv/<id>/season_<n>.json")
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--rate", type=int, help="requests a second; beyond it 429")
    parser.add_argument("--repeat", action="store_true", help="answer ids that the folder lacks with its shows")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with StandIn(
        options.folder,
        port=options.port,
        latency=options.latency,
        rate_limit=options.rate,
        aliases=repeated(options.folder) if options.repeat else int,
        keep_requests=False,
    ) as server:
        sys.stdout.write(f"ready {server.url}\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

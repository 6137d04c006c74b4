"""A stand-in for TMDB that is fast enough to measure clients with: ``python -m bench.fast_tmdb FOLDER ID...``.

It answers as :mod:`alfred.demo.stand_in` does, from the same catalogue, but in one thread. Every id is answered
with one of the shows named, in turn. The limit is strict: no second, wherever it begins, holds more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import deque
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from alfred.demo.catalogue import Catalogue, Refused

TOO_MANY = (HTTPStatus.TOO_MANY_REQUESTS, 25)


class Server:
    """Answers, counts, and refuses what is over the limit."""

    def __init__(self, folder: Path, mix: list[int], *, rate: int | None) -> None:
        self._catalogue = Catalogue(folder, aliases=lambda tmdb_id: mix[tmdb_id % len(mix)])
        self._rate = rate
        self._answered: deque[float] = deque()
        self._counts = {"requests": 0, "refused": 0}

    def answer(self, head: str) -> bytes:
        """Return the whole answer to a request."""
        parts = urlsplit(head.split(" ", 2)[1])
        if parts.path.startswith("/__"):
            return self._control(parts.path)
        self._counts["requests"] += 1
        try:
            if self._is_over_the_limit():
                raise Refused(*TOO_MANY)
            body = self._catalogue.answer(parts.path.removeprefix("/3"), dict(parse_qsl(parts.query)))
        except Refused as refused:
            self._counts["refused"] += refused.http == HTTPStatus.TOO_MANY_REQUESTS
            error = self._catalogue.error(refused.http, refused.code).raw
            return _message(f"{refused.http} Refused", error, "Retry-After: 1\r\n")
        if "gzip" in head:
            return _message("200 OK", body.gzipped, "Content-Encoding: gzip\r\n")
        return _message("200 OK", body.raw)

    def _control(self, path: str) -> bytes:
        told = json.dumps(self._counts).encode()
        if path == "/__reset":
            self._counts = dict.fromkeys(self._counts, 0)
        return _message("200 OK", told)

    def _is_over_the_limit(self) -> bool:
        if self._rate is None:
            return False
        now = time.monotonic()
        while self._answered and self._answered[0] <= now - 1:
            self._answered.popleft()
        if len(self._answered) >= self._rate:
            return True
        self._answered.append(now)
        return False


def _message(status: str, body: bytes, headers: str = "") -> bytes:
    kind = "Content-Type: application/json;charset=utf-8\r\n"
    return f"HTTP/1.1 {status}\r\n{kind}{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, server: Server, latency: float) -> None:
        self._server = server
        self._latency = latency
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer the requests that are whole."""
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            text = head.decode("latin-1")
            answer = self._server.answer(text)
            is_last = "connection: close" in text.lower()
            if self._latency and "/__" not in text[:10]:
                asyncio.get_running_loop().call_later(self._latency, self._send, answer, is_last)
            else:
                self._send(answer, is_last)

    def _send(self, answer: bytes, is_last: bool) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)
            if is_last:
                self._transport.close()


async def serve(options: argparse.Namespace) -> None:
    server = Server(options.folder, options.mix, rate=options.rate)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Connection(server, options.latency), "127.0.0.1", 0, backlog=512)
    print(f"ready http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
    await listening.serve_forever()


def main() -> None:
    """Serve until the process is ended; the first line tells the address."""
    parser = argparse.ArgumentParser(prog="python -m bench.fast_tmdb")
    parser.add_argument("folder", type=Path)
    parser.add_argument("mix", type=int, nargs="+")
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--rate", type=int)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()

"""The client over real sockets, against servers that behave well and badly; and over recorded answers."""

from __future__ import annotations

import gzip
import json
import logging
import shutil
import socket
import socketserver
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from alfred.infrastructure.api.http import RequestAttempt
from alfred.infrastructure.api.tmdb.client import TMDBAPIError, TMDBClient
from alfred.infrastructure.api.tmdb.mapping import show_from
from alfred.infrastructure.api.tmdb.schemas import SeasonPayload, ShowPayload, show_with_seasons

V3_KEY = "0123456789abcdef0123456789abcdef"
SHOW = json.dumps({"id": 5, "name": "Fünf", "overview": "x" * 5000, "seasons": []}).encode()
RECORDED = Path(__file__).parents[2] / ".." / "shared" / "tmdb" / "tv"

Behaviour = Callable[[socket.socket, bytes], bool]
"""Takes the connection and the request's head; says whether the connection stays open."""


class Server(socketserver.ThreadingTCPServer):
    """Listens on a free port of this machine, and does with each request what it was told."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, behave: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.behave = behave
        self.connections = 0
        self.heads: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/3"


class Connection(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        self.server.connections += 1
        try:
            while head := self._receive_head():
                self.server.heads.append(head)
                if not self.server.behave(self.request, head):
                    return
        except OSError:
            return  # the client has had enough

    def _receive_head(self) -> bytes:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.request.recv(1)
            if not byte:
                return b""
            head += byte
        return head


class Attempts:
    def __init__(self) -> None:
        self.seen: list[RequestAttempt] = []

    def record(self, attempt: RequestAttempt, /) -> None:
        self.seen.append(attempt)


@contextmanager
def serving(behave: Behaviour) -> Iterator[Server]:
    with Server(behave) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")


def make_client(base_url: str, **changes: Any) -> TMDBClient:
    return TMDBClient(V3_KEY, **{"base_url": base_url, "sleep": lambda _seconds: None, **changes})


def failure_of(base_url: str, **changes: Any) -> tuple[TMDBAPIError, int]:
    with make_client(base_url, **changes) as client:
        with pytest.raises(TMDBAPIError) as caught:
            client.get_tv_show_info(5)
        assert V3_KEY not in str(caught.value)
        return caught.value, client.requests_sent


def head(body: bytes, *, status: str = "200 OK", more: str = "") -> bytes:
    kind = "Content-Type: application/json;charset=utf-8\r\n"
    return f"HTTP/1.1 {status}\r\n{kind}{more}Content-Length: {len(body)}\r\n\r\n".encode()


def answer_with(body: bytes, **changes: str) -> Behaviour:
    def behave(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(head(body, **changes) + body)
        return True

    return behave


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_several_requests_share_one_connection() -> None:
    with serving(answer_with(SHOW)) as server, make_client(server.url) as client:
        for _ in range(5):
            assert client.get_tv_show_info(5).name == "Fünf"

    assert (len(server.heads), server.connections) == (5, 1)


def test_a_refusal_keeps_the_connection_too() -> None:
    answers = [(b'{"status_code": 9}', "503 Service Unavailable"), (b"", "502 Bad Gateway"), (SHOW, "200 OK")]

    def behave(connection: socket.socket, _head: bytes) -> bool:
        body, status = answers.pop(0)
        connection.sendall(head(body, status=status) + body)
        return True

    with serving(behave) as server, make_client(server.url) as client:
        client.get_tv_show_info(5)

    assert (len(server.heads), server.connections) == (3, 1)


def test_gzip_is_asked_for_and_understood() -> None:
    packed = gzip.compress(SHOW)
    with serving(answer_with(packed, more="Content-Encoding: gzip\r\n")) as server:
        with make_client(server.url) as client:
            show = client.get_tv_show_info(5)

        assert show.overview == "x" * 5000
        assert b"Accept-Encoding: gzip\r\n" in server.heads[0]


def test_a_chunked_answer_keeps_the_connection() -> None:
    def behave(connection: socket.socket, _head: bytes) -> bool:
        packed = gzip.compress(SHOW)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5\r\n" + packed[:5] + b"\r\n" + b"%x\r\n" % len(packed[5:]) + packed[5:] + b"\r\n0\r\n\r\n"
        )  # fmt: skip
        return True

    with serving(behave) as server, make_client(server.url) as client:
        client.get_tv_show_info(5)
        client.get_tv_show_info(5)

    assert (len(server.heads), server.connections) == (2, 1)


def test_threads_share_a_client() -> None:
    with serving(answer_with(SHOW)) as server, make_client(server.url) as client:
        threads = [
            threading.Thread(target=lambda: [client.get_tv_show_info(5) for _ in range(10)]) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (client.requests_sent, len(server.heads)) == (80, 80)
        assert server.connections <= 8


def test_an_idle_connection_that_the_server_closed_is_opened_again() -> None:
    def behave(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(head(SHOW) + SHOW)
        return False

    with serving(behave) as server, make_client(server.url) as client:
        client.get_tv_show_info(5)
        time.sleep(0.05)
        client.get_tv_show_info(5)

        assert client.requests_sent == 2


def test_a_port_where_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error, requests_sent = failure_of(f"http://127.0.0.1:{free.getsockname()[1]}/3")

    assert (error.error_class, requests_sent) == ("connection_refused", 4)
    assert str(error).startswith("cannot reach 127.0.0.1: connection refused")


def test_a_name_that_does_not_resolve() -> None:
    error, _ = failure_of("http://nothing.invalid/3")

    assert error.error_class == "dns"
    assert "nothing.invalid" in str(error)


@pytest.mark.parametrize("host", ["a..b", "x" * 70 + ".test"])
def test_a_name_that_cannot_be_one(host: str) -> None:
    error, _ = failure_of(f"http://{host}/3")

    assert "ALFRED_TMDB_BASE_URL" in str(error)


def test_a_server_that_says_nothing() -> None:
    def behave(connection: socket.socket, _head: bytes) -> bool:
        connection.recv(1)  # until the client goes away
        return False

    with serving(behave) as server:
        error, requests_sent = failure_of(server.url, timeout_seconds=0.05)

    assert (error.error_class, requests_sent) == ("timeout", 4)
    assert str(error).startswith("TMDB did not answer within 0.05 s")


@pytest.mark.parametrize("body", [SHOW, gzip.compress(SHOW)], ids=["plain", "gzip"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_server_that_drips(body: bytes, *, chunked: bool) -> None:
    encoding = "Content-Encoding: gzip\r\n" if body != SHOW else ""

    def behave(connection: socket.socket, _head: bytes) -> bool:
        if chunked:
            connection.sendall(f"HTTP/1.1 200 OK\r\n{encoding}Transfer-Encoding: chunked\r\n\r\n".encode())
        else:
            connection.sendall(head(b"x" * 100_000, more=encoding))
        for byte in body:
            piece = bytes([byte])
            connection.sendall(b"1\r\n" + piece + b"\r\n" if chunked else piece)
            time.sleep(0.02)
        return False

    start = time.monotonic()
    with serving(behave) as server:
        error, requests_sent = failure_of(server.url, timeout_seconds=0.1)

    assert (error.error_class, requests_sent) == ("timeout", 4)
    assert "was still sending" in str(error)
    assert time.monotonic() - start < 4 * (0.3 + 0.1) + 2


def test_a_redirect_whose_body_drips_is_given_up_in_time() -> None:
    def behave(connection: socket.socket, _head: bytes) -> bool:
        location = "Location: http://elsewhere.invalid/\r\n"
        connection.sendall(head(b"x" * 100_000, status="302 Found", more=location))
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    start = time.monotonic()
    with serving(behave) as server:
        error, _ = failure_of(server.url, timeout_seconds=0.1)

    assert error.error_class == "timeout"
    assert time.monotonic() - start < 4 * (0.3 + 0.1) + 2


def test_a_connection_that_is_reset_is_tried_again() -> None:
    def behave(connection: socket.socket, _head: bytes) -> bool:
        if server.connections < 3:
            reset(connection)
            return False
        connection.sendall(head(SHOW) + SHOW)
        return True

    attempts = Attempts()
    with serving(behave) as server, make_client(server.url, observer=attempts) as client:
        assert client.get_tv_show_info(5).tmdb_id.value == 5

    assert [attempt.error_class for attempt in attempts.seen] == ["unknown", "unknown", None]


def test_a_reset_in_the_middle_of_the_body() -> None:
    def behave(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(head(SHOW) + SHOW[:100])
        time.sleep(0.05)
        reset(connection)
        return False

    with serving(behave) as server:
        error, requests_sent = failure_of(server.url)

    assert (error.error_class, requests_sent) == ("unknown", 4)


@pytest.mark.parametrize(
    "start",
    [
        head(SHOW) + SHOW[:-1],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + SHOW[:9],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nlong\r\n" + SHOW,
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + SHOW[:-1],
    ],
    ids=["shorter than said", "within a chunk", "a chunk of no length", "no length at all"],
)
def test_an_answer_that_is_cut_short(start: bytes) -> None:
    def behave(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(start)
        return False

    with serving(behave) as server:
        error, _ = failure_of(server.url)

    assert error.error_class == "parse_error"


@pytest.mark.parametrize(
    "body",
    [b"", b"<!DOCTYPE html><html>hello</html>", SHOW.replace(b"x", b"\xff"), SHOW[:-1], b"[]"],
    ids=["nothing", "HTML", "not UTF-8", "half", "another shape"],
)
def test_an_ok_answer_that_is_none(body: bytes) -> None:
    with serving(answer_with(body)) as server:
        error, requests_sent = failure_of(server.url)

    assert (error.error_class, error.http_status, requests_sent) == ("parse_error", 200, 1)


@pytest.mark.parametrize("packed", [SHOW, gzip.compress(SHOW, mtime=0)[:-20], b"\x1f\x8b"])
def test_a_body_that_is_not_packed_as_it_says(packed: bytes) -> None:
    with serving(answer_with(packed, more="Content-Encoding: gzip\r\n")) as server:
        error, _ = failure_of(server.url)

    assert error.error_class == "parse_error"


def test_a_small_body_that_unpacks_to_a_huge_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alfred.infrastructure.api.http.LARGEST_BODY", 1_000_000)
    with serving(answer_with(gzip.compress(b" " * 50_000_000), more="Content-Encoding: gzip\r\n")) as server:
        error, _ = failure_of(server.url)

    assert error.error_class == "parse_error"
    assert "sent more than" in str(error)


def test_something_that_is_no_web_server() -> None:
    def behave(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")
        return False

    with serving(behave) as server:
        error, _ = failure_of(server.url)

    assert error.error_class == "unknown"


def test_a_challenge_page() -> None:
    page = b"<html><title>Just a moment...</title></html>"
    with serving(answer_with(page, status="403 Forbidden")) as server:
        error, requests_sent = failure_of(server.url)

    assert (error.error_class, requests_sent) == ("cf_challenge", 1)


def test_a_plain_port_spoken_to_with_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer_plainly, args=(listener,), daemon=True).start()
        error, requests_sent = failure_of(f"https://127.0.0.1:{listener.getsockname()[1]}/3")

    assert (error.error_class, requests_sent) == ("tls", 1)
    assert "ALFRED_TMDB_BASE_URL" in str(error)


def _answer_plainly(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(1)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        connection.recv(4096)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_a_certificate_that_nobody_trusts(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(answer_with(SHOW)) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        error, requests_sent = failure_of(server.url.replace("http:", "https:"))

    assert (error.error_class, requests_sent) == ("tls", 1)


def test_the_log_of_a_real_request_does_not_show_the_key(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), serving(answer_with(SHOW)) as server:
        with make_client(server.url) as client:
            client.get_tv_show_info(5)

        assert V3_KEY.encode() in server.heads[0]
    assert "api_key=***" in caplog.text
    assert V3_KEY not in caplog.text


def day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else None


def recorded(pattern: str) -> list[Path]:
    if not RECORDED.is_dir():
        pytest.skip("the recorded answers of TMDB are not on this machine")
    return sorted(RECORDED.glob(pattern))


def test_every_recorded_show_is_understood() -> None:
    files = recorded("*.json") + recorded("*/versions/details*.json")
    assert len(files) > 300
    for file in files:
        plain = json.loads(file.read_bytes())
        show = show_from(ShowPayload.model_validate_json(file.read_bytes()), {})

        assert (show.tmdb_id.value, show.name, show.status) == (plain["id"], plain["name"], plain["status"]), file
        assert show.first_air_date == day(plain["first_air_date"]), file
        assert show.last_air_date == day(plain["last_air_date"]), file
        assert [season.number for season in show.seasons] == [row["season_number"] for row in plain["seasons"]]
        assert [season.air_date for season in show.seasons] == [day(row["air_date"]) for row in plain["seasons"]]
        assert show.imdb_id == (plain.get("external_ids", {}).get("imdb_id") or None), file


def test_every_recorded_season_is_understood_alone_and_appended() -> None:
    files = [
        file
        for file in recorded("*/season_*.json") + recorded("*/versions/season_*.json")
        if "external_ids" not in file.name
    ]
    assert len(files) > 1500
    for file in files:
        plain = json.loads(file.read_bytes())
        number = plain["season_number"]
        alone = SeasonPayload.model_validate_json(file.read_bytes())
        body = {"id": 5, "name": "Five", "seasons": [{"season_number": number}], f"season/{number}": plain}
        show = show_with_seasons((number,)).model_validate_json(json.dumps(body))
        (season,) = show_from(show, show.appended).seasons

        assert show.appended == {number: alone}, file
        assert season.episodes is not None, file
        assert [(e.number, e.title, e.air_date, e.runtime) for e in season.episodes] == [
            (row["episode_number"], row["name"].strip(), day(row["air_date"]), row.get("runtime"))
            for row in plain["episodes"]
        ], file
        assert all(
            "id" not in row or row["id"] == e.episode_id
            for row, e in zip(plain["episodes"], season.episodes, strict=True)
        )

"""``alfred provider`` and the quarantine, as a user meets them; every failure happens on a real socket."""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from alfred.cli.main import run
from alfred.composition import open_connectivity
from alfred.demo.faults import Challenge, Fault, Hang, NotUtf8, OtherShape, Refuse, Reset, Truncate
from alfred.demo.stand_in import StandIn
from alfred.domain.connectivity import ConnectivityProfile, ProviderStatus
from alfred.infrastructure.persistence.state.profiles import SqliteProfiles
from alfred.infrastructure.persistence.state.store import open_state
from tests.e2e.alfred_process import TOKEN, Shelf, own_mounts, without_roots_rights, write_invented_show

Capture = pytest.CaptureFixture[str]
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StandIn]:
    for tmdb_id in (1, 2):
        write_invented_show(tmp_path / "provider", tmdb_id)
    with StandIn(tmp_path / "provider", tokens=[TOKEN]) as server:
        yield server


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make this process see no settings but the test's own; the state is in the folder."""
    for name, value in {
        "ALFRED_STATE_DIR": str(tmp_path / "state"),
        "ALFRED_TMDB_TOKEN": TOKEN,
        "ALFRED_TMDB_TIMEOUT_SECONDS": "0.3",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "NO_PROXY": "*",
        "no_proxy": "*",
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


# --- each class of failure, on a real socket


@contextmanager
def tls_server(certificate: trustme.LeafCert) -> Iterator[str]:
    """Answer every connection with a handshake, and with an empty body if it comes to that."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.settimeout(5)
            try:
                with connection, context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(65536)
                    body = b'{"images": {"base_url": "x", "secure_base_url": "https://x/"}}'
                    secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            except OSError:
                continue  # the client did not like the certificate

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/3"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def a_tls_server(
    stack: ExitStack, folder: Path, monkeypatch: pytest.MonkeyPatch, *, name: str = "127.0.0.1", **dates: Any
) -> str:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "authority.pem"))
    return stack.enter_context(tls_server(authority.issue_cert(name, **dates)))


def expired(stack: ExitStack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    end = _LONG_AGO + timedelta(days=1)
    return a_tls_server(stack, folder, monkeypatch, not_before=_LONG_AGO, not_after=end)


def of_another_host(stack: ExitStack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    return a_tls_server(stack, folder, monkeypatch, name="elsewhere.example")


def self_signed(stack: ExitStack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = a_tls_server(stack, folder, monkeypatch)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    return url


def nobody_listens(stack: ExitStack, _folder: Path, _monkeypatch: pytest.MonkeyPatch) -> str:
    taken = stack.enter_context(socket.socket())
    taken.bind(("127.0.0.1", 0))
    return f"http://127.0.0.1:{taken.getsockname()[1]}/3"


def never_accepts(stack: ExitStack, _folder: Path, _monkeypatch: pytest.MonkeyPatch) -> str:
    """Fill the queue of a listener that accepts nobody, so that not even a connection comes about."""
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(4):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(listener.getsockname())
    return f"http://127.0.0.1:{listener.getsockname()[1]}/3"


def speaks_no_tls(stack: ExitStack, folder: Path, _monkeypatch: pytest.MonkeyPatch) -> str:
    return stack.enter_context(StandIn(folder)).url.replace("http:", "https:")


def no_such_name(_stack: ExitStack, _folder: Path, _monkeypatch: pytest.MonkeyPatch) -> str:
    return "http://nothing.invalid/3"


def cut_off(stack: ExitStack, _folder: Path, _monkeypatch: pytest.MonkeyPatch) -> str:
    """Reset each connection as soon as it is there."""
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    stack.callback(thread.join, 5)
    stack.callback(listener.shutdown, socket.SHUT_RDWR)
    return f"http://127.0.0.1:{listener.getsockname()[1]}/3"


def failing_with(action: Any) -> Callable[[ExitStack, Path, pytest.MonkeyPatch], str]:
    def start(stack: ExitStack, folder: Path, _monkeypatch: pytest.MonkeyPatch) -> str:
        server = stack.enter_context(StandIn(folder))
        server.faults.append(Fault(action))
        return server.url

    return start


@pytest.mark.parametrize(
    ("start", "error_class", "said"),
    [
        pytest.param(expired, "tls", "has expired", id="expired"),
        pytest.param(of_another_host, "tls", "for another host", id="wrong host"),
        pytest.param(self_signed, "tls", "nobody we trust", id="self-signed"),
        pytest.param(speaks_no_tls, "tls", "TLS", id="no TLS at all"),
        pytest.param(no_such_name, "dns", "cannot find", id="no such name"),
        pytest.param(nobody_listens, "connection_refused", "refused", id="nobody listens"),
        pytest.param(never_accepts, "timeout", "did not answer", id="connect time-out"),
        pytest.param(failing_with(Hang()), "timeout", "did not answer", id="read time-out"),
        pytest.param(failing_with(Reset()), "unknown", "broke off", id="reset"),
        pytest.param(cut_off, "unknown", "broke off", id="reset at once"),
        *[
            pytest.param(failing_with(Refuse(401, code)), "auth_error", f"code {code}", id=f"401, {code}")
            for code in (3, 7, 10, 14)
        ],
        pytest.param(failing_with(Refuse(403, 45)), "http_403", "403", id="403"),
        pytest.param(failing_with(Challenge(403)), "cf_challenge", "proof", id="challenge, 403"),
        pytest.param(failing_with(Challenge(200)), "cf_challenge", "proof", id="challenge, 200"),
        pytest.param(failing_with(Refuse(429, 25)), "http_429", "fewer", id="429"),
        pytest.param(failing_with(Refuse(500, 11)), "http_5xx", "trouble", id="500"),
        pytest.param(failing_with(Refuse(503, 9)), "http_5xx", "trouble", id="503"),
        pytest.param(failing_with(OtherShape([1])), "parse_error", "could not be read", id="another shape"),
        pytest.param(failing_with(NotUtf8()), "parse_error", "could not be read", id="not UTF-8"),
        pytest.param(failing_with(Truncate()), "parse_error", "cut short", id="cut"),
    ],
)
def test_each_failure_shows_up_as_its_class(
    start: Callable[[ExitStack, Path, pytest.MonkeyPatch], str],
    error_class: str,
    said: str,
    *,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    (here / "tv").mkdir()
    with ExitStack() as stack:
        monkeypatch.setenv("ALFRED_TMDB_BASE_URL", start(stack, here, monkeypatch))
        for _ in range(4):
            assert run(["provider", "--probe", "--quiet"]) == 4
        capsys.readouterr()

        assert run(["provider", "--probe", "--json"]) == 4
    printed = capsys.readouterr()
    document = json.loads(printed.out)
    (provider,) = document["providers"]

    assert provider["error_class"] == error_class
    assert provider["failures_1h"] == {error_class: 5}
    assert (provider["status"], provider["success_rate_1h"], provider["samples_1h"]) == ("failing", 0.0, 5)
    assert document["probe"]["error_class"] == error_class
    assert said in printed.err
    assert TOKEN not in printed.out + printed.err


def test_a_good_certificate_is_good(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    with ExitStack() as stack:
        monkeypatch.setenv("ALFRED_TMDB_BASE_URL", a_tls_server(stack, here, monkeypatch))

        assert run(["provider", "--probe", "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["providers"][0]["status"] == "healthy"


def test_a_show_that_the_provider_does_not_have_is_a_success_of_the_connection(
    server: StandIn, tmp_path: Path
) -> None:
    shelf = a_shelf(tmp_path, server)
    shelf.add(99)
    shelf.rescanned()

    shelf.alfred("sync", "99").ended(4)

    (provider,) = shelf.alfred("provider", "--json").ended(0).json["providers"]
    assert (provider["status"], provider["success_rate_1h"], provider["failures_1h"]) == ("healthy", 1.0, {})


# --- what a user sees


def a_shelf(tmp_path: Path, server: StandIn) -> Shelf:
    shelf = Shelf(tmp_path).init()
    shelf.add(1, 2)
    shelf.variables |= {"ALFRED_TMDB_BASE_URL": server.url, "ALFRED_TMDB_TOKEN": TOKEN}
    return shelf.rescanned()


def quarantine(shelf: Shelf, *, due: bool = False) -> None:
    since = datetime.now(UTC) - timedelta(minutes=31 if due else 1)
    profile = ConnectivityProfile(
        provider="tmdb",
        status=ProviderStatus.QUARANTINED,
        status_since=since,
        last_checked_at=since,
        error_class="auth_error",
        cooldown=timedelta(minutes=30),
        cooldown_until=since + timedelta(minutes=30),
    )
    with closing(open_state(shelf.state, now=lambda: since)) as state:
        SqliteProfiles(state).revise("tmdb", lambda _before: profile)


def profile_of(shelf: Shelf, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = shelf.alfred("provider", "--json", *options).ended(0).json["providers"][0]
    return found


def test_a_provider_that_was_never_asked_has_a_profile(tmp_path: Path) -> None:
    profile = profile_of(Shelf(tmp_path))

    assert set(profile) >= {
        "provider",
        "status",
        "error_class",
        "success_rate_1h",
        "success_rate_24h",
        "latency_p50_ms",
        "latency_p95_ms",
        "samples_1h",
        "status_since",
        "cooldown_until",
        "last_checked_at",
    }
    assert (profile["provider"], profile["status"], profile["samples_1h"]) == ("tmdb", "degraded", 0)
    assert profile["status_since"].endswith("Z")


def test_a_sync_is_in_the_log_and_in_the_profile(tmp_path: Path, server: StandIn) -> None:
    shelf = a_shelf(tmp_path, server)
    server.faults.append(Fault(Refuse(503, 9), times=1))

    shelf.alfred("sync", "1").ended(0)

    requests = shelf.alfred("provider", "log", "--json").ended(0).json["requests"]
    assert [(one["request_type"], one["http_status"], one["error_class"]) for one in requests] == [
        ("details", 200, None),
        ("details", 503, "http_5xx"),
    ]
    with closing(open_state(shelf.state, now=lambda: _LONG_AGO)) as state:
        kept = SqliteProfiles(state).load("tmdb")
    assert kept is not None
    assert (kept.samples_1h, kept.success_rate_1h) == (2, 0.5), "the sync has rolled the log up itself"
    assert shelf.alfred("provider", "log", "--failed", "--limit", "1").ended(0).stdout.count("\n") == 2
    assert shelf.alfred("provider", "log", "--since", "2999-01-01").ended(0).stdout == "No request was sent.\n"


def test_no_key_is_in_the_state(tmp_path: Path, server: StandIn) -> None:
    shelf = a_shelf(tmp_path, server)
    key = "0123456789abcdef0123456789abcdef"

    shelf.alfred("sync", "1", env={"ALFRED_TMDB_TOKEN": key}).ended(4)
    shelf.alfred("sync", "1").ended(0)

    for file in shelf.state.iterdir():
        content = file.read_bytes()
        assert key.encode() not in content
        assert TOKEN.encode() not in content


def test_a_show_is_not_asked_for_while_the_provider_is_quarantined(tmp_path: Path, server: StandIn) -> None:
    shelf = a_shelf(tmp_path, server)
    quarantine(shelf)

    stopped = shelf.alfred("sync", "1", "--json").ended(4)

    assert stopped.json["error"]["code"] == "provider_quarantined"
    assert "check ALFRED_TMDB_TOKEN" in stopped.stderr
    assert server.total == 0
    assert shelf.show(1)["state"] == "placeholder", "nothing was asked, so nothing failed"
    several = shelf.alfred("sync", "1", "2", "--json").ended(4).json
    assert (len(several["failed"]), several["not_tried"]) == (1, [2])


def test_a_forced_sync_counts_as_the_probe(tmp_path: Path, server: StandIn) -> None:
    shelf = a_shelf(tmp_path, server)
    quarantine(shelf)

    shelf.alfred("sync", "1", "--force").ended(0)

    assert profile_of(shelf)["status"] in ("degraded", "healthy")
    shelf.alfred("sync", "2").ended(0)


def test_a_show_that_is_fresh_is_given_without_asking_in_a_quarantine_too(tmp_path: Path, server: StandIn) -> None:
    shelf = a_shelf(tmp_path, server)
    shelf.alfred("sync", "1").ended(0)
    quarantine(shelf)

    assert shelf.alfred("sync", "1", "--json").ended(0).json["outcome"] == "fresh"


def test_a_probe_of_a_person_ends_a_quarantine_or_says_what_is_still_wrong(
    tmp_path: Path, server: StandIn
) -> None:
    shelf = a_shelf(tmp_path, server)
    quarantine(shelf)
    until = profile_of(shelf)["cooldown_until"]

    still_wrong = shelf.alfred("provider", "--probe", env={"ALFRED_TMDB_TOKEN": "wrong"}).ended(4)
    assert "refused the token" in still_wrong.stderr
    assert profile_of(shelf)["cooldown_until"] == until

    assert profile_of(shelf, "--probe")["status"] == "degraded"


BATCH = """
import sys, time
from pathlib import Path
from alfred.application.exceptions import ProviderQuarantined
from alfred.composition import open_library
from alfred.settings import load_settings

sys.stdin.readline()
with open_library(Path(sys.argv[1]), load_settings()) as library:
    try:
        library.provider_gate()
        print("admitted")
    except ProviderQuarantined as error:
        print("stopped")
"""


def test_of_batches_that_begin_at_once_after_the_cooldown_one_sends_the_probe(
    tmp_path: Path, server: StandIn
) -> None:
    shelf = a_shelf(tmp_path, server)
    quarantine(shelf, due=True)
    server.faults.append(Fault(Refuse(401, 7)))
    server.latency = 0.5
    batches = [
        subprocess.Popen(
            [sys.executable, "-c", BATCH, str(shelf.root)],
            env=shelf.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(4)
    ]
    said = [batch.communicate("go\n", timeout=60)[0].strip() for batch in batches]

    assert (said, server.total) == (["stopped"] * 4, 1)


def test_history_tells_how_the_status_changed(tmp_path: Path, server: StandIn) -> None:
    shelf = a_shelf(tmp_path, server)
    shelf.alfred("provider").ended(0)
    shelf.alfred("sync", "1").ended(0)

    profile = profile_of(shelf, "--history")

    assert [one["status"] for one in profile["history"]] == ["healthy", "degraded"]
    assert len(profile["hours"]) == 24
    assert profile["hours"][-1]["success_rate"] == 1.0


def test_the_table_names_the_next_step(tmp_path: Path, server: StandIn) -> None:
    shelf = a_shelf(tmp_path, server)
    for _ in range(5):
        shelf.alfred("sync", "1", env={"ALFRED_TMDB_TOKEN": "wrong"}).ended(4)

    printed = shelf.alfred("provider").ended(0).stdout

    assert "tmdb\tfailing\t" in printed
    assert "auth_error (5 in the last hour): token refused: check ALFRED_TMDB_TOKEN" in printed


def test_without_a_token_a_probe_is_not_sent(tmp_path: Path, server: StandIn) -> None:
    shelf = a_shelf(tmp_path, server)

    shelf.alfred("provider", "--probe", env={"ALFRED_TMDB_TOKEN": ""}).ended(2)

    assert server.total == 0


def test_a_state_folder_that_cannot_be_written_to_leaves_sync_working_with_one_warning(
    tmp_path: Path, server: StandIn
) -> None:
    without_rights = without_roots_rights()
    if without_rights is None:
        pytest.skip("this machine does not let us give up root's rights")
    shelf = a_shelf(tmp_path, server)
    shelf.prefix = without_rights
    shelf.state.mkdir(exist_ok=True)
    shelf.state.chmod(0o555)
    try:
        synced = shelf.alfred("sync", "1").ended(0)
        asked = shelf.alfred("provider").ended(2)
    finally:
        shelf.state.chmod(0o755)

    assert synced.stderr.count("\n") == 1
    assert synced.stderr.startswith("alfred: warning: requests to the provider are not logged")
    assert str(shelf.state) in asked.stderr
    assert "ALFRED_STATE_DIR" in asked.stderr


def test_a_log_is_complete_when_the_connectivity_is_closed(here: Path, server: StandIn) -> None:
    from alfred.settings import load_settings  # noqa: PLC0415 - after the environment was set

    settings = load_settings({"ALFRED_STATE_DIR": str(here / "state"), "ALFRED_TMDB_BASE_URL": server.url,
                              "ALFRED_TMDB_TOKEN": TOKEN})  # fmt: skip
    with open_connectivity(settings) as connectivity:
        for _ in range(20):
            connectivity.gate.probe()
    with open_connectivity(settings) as connectivity:
        assert len(list(connectivity.requests.latest())) == 20


def test_a_full_disk_under_the_state_leaves_sync_working_with_one_warning(tmp_path: Path, server: StandIn) -> None:
    with own_mounts() as mounts:
        shelf = a_shelf(tmp_path, server)
        shelf.state.mkdir(exist_ok=True)
        if mounts is None or not mounts.mount_memory(shelf.state, size="64k"):
            pytest.skip("this machine does not let us mount a small file system in memory")
        shelf.prefix = mounts.prefix
        mounts.seen_at(shelf.state / "ballast").write_bytes(b"x" * 60_000)

        synced = shelf.alfred("sync", "1").ended(0)

    assert "refreshed" in synced.stdout
    assert synced.stderr.count("\n") == 1
    assert synced.stderr.startswith("alfred: warning: requests to the provider are not logged")


def test_on_a_terminal_the_table_is_drawn(tmp_path: Path, server: StandIn) -> None:
    shelf = a_shelf(tmp_path, server)
    shelf.alfred("sync", "1").ended(0)
    master, terminal = os.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "alfred", "provider"],
        env=shelf.environment() | {"COLUMNS": "140", "TERM": "xterm"},
        stdout=terminal,
        check=False,
    )
    os.close(terminal)
    with os.fdopen(master, "rb", buffering=0) as reader:
        printed = reader.read(65536).decode()

    assert done.returncode == 0
    assert "Last 24 hours" in printed
    assert "█" in printed

"""``alfred refresh`` and ``alfred update`` as processes of their own, against a provider on the loopback."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.faults import Action, Challenge, Delay, Fault, Hang, NotUtf8, Refuse, Reset, Truncate
from alfred.demo.stand_in import StandIn
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.processes import this_process
from tests.e2e.alfred_process import TOKEN, Run, Shelf, write_invented_show

SHOWS = 60


@pytest.fixture(scope="module")
def provider_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("provider")
    for tmdb_id in range(1, 301):
        write_invented_show(folder, tmdb_id)
    return folder


@pytest.fixture
def shelf(tmp_path: Path, tmdb: StandIn) -> Shelf:
    """A library of shows that the provider was never asked about."""
    return a_shelf(tmp_path, tmdb)


def a_shelf(folder: Path, tmdb: StandIn, *, shows: int = SHOWS) -> Shelf:
    shelf = Shelf(folder)
    shelf.variables |= {
        "ALFRED_TMDB_BASE_URL": tmdb.url,
        "ALFRED_TMDB_TOKEN": TOKEN,
        "ALFRED_TMDB_TIMEOUT_SECONDS": "1",
    }
    shelf.init()
    shelf.add(*range(1, shows + 1), episodes=(1,))
    return shelf.rescanned()


def refresh(shelf: Shelf, *options: str, exit_code: int = 0) -> dict[str, Any]:
    document: dict[str, Any] = shelf.alfred("refresh", "--json", *options).ended(exit_code).json
    done = document["refreshed"] + document["unchanged"] + len(document["failed"]) + document["skipped"]
    assert document["selected"] == done + document["left"]
    return document


def claims(shelf: Shelf) -> int:
    with shelf.opened() as library:
        return len(library.index.claims())


# --- a plain run


def test_a_refresh_fetches_every_placeholder_once_and_the_next_one_nothing(shelf: Shelf, tmdb: StandIn) -> None:
    document = refresh(shelf)

    assert (document["selected"], document["refreshed"], document["failed"]) == (SHOWS, SHOWS, [])
    assert document["requests"] == tmdb.total == SHOWS
    assert set(tmdb.counts.values()) == {1}
    assert set(shelf.states().values()) == {"fresh"}
    assert shelf.show(1)["name"] == "Provider's 1"
    assert shelf.show(1)["episodes"] == {"total": 3, "aired": 3, "on_disk": 1}
    assert refresh(shelf)["selected"] == 0
    assert tmdb.total == SHOWS


def test_people_are_told_in_a_line(shelf: Shelf) -> None:
    first, second = shelf.alfred("refresh").ended(0), shelf.alfred("refresh").ended(0)

    assert first.stdout.startswith("60 shows: 60 refreshed, 0 failed. 60 requests, ")
    assert second.stdout == "Nothing to refresh: no show is due.\n"
    assert (first.stderr, second.stderr) == ("", "")
    assert shelf.alfred("refresh", "--force", "--limit", "2", "--quiet").ended(0).stdout == ""


def test_a_dry_run_says_what_a_run_then_does_and_sends_nothing(shelf: Shelf, tmdb: StandIn) -> None:
    refresh(shelf, "--limit", "20")
    planned = shelf.alfred("refresh", "--json", "--dry-run", "--limit", "30").ended(0).json

    assert tmdb.total == 20
    assert planned["requests"] == 30
    assert planned["plan"][0] == {
        "tmdb_id": 21,
        "name": "Show 21",
        "state": "placeholder",
        "reason": "placeholder",
        "requests": 1,
    }
    refresh(shelf, "--limit", "30")
    assert {entry["tmdb_id"] for entry in planned["plan"]} == set(tmdb.counts) - set(range(1, 21))
    lines = shelf.alfred("refresh", "--dry-run").ended(0).stdout.splitlines()
    assert len(lines) == 11
    assert lines[0].split("\t") == ["TMDB", "Name", "State", "Reason", "Requests"]


def test_explain_says_the_same_as_the_plan(shelf: Shelf, tmdb: StandIn) -> None:
    tmdb.faults.append(Fault(Refuse(404, 34), tmdb_id=2))
    tmdb.faults.append(Fault(Refuse(500, 11), tmdb_id=3))
    refresh(shelf, "--limit", "20", exit_code=1)
    shelf.take_away(5, 30)
    shelf.rescan()

    for policy in ("fixed", "adaptive"):
        shelf.variables["ALFRED_TMDB_TTL_POLICY"] = policy
        plan = shelf.alfred("refresh", "--json", "--dry-run").ended(0).json["plan"]
        planned = {entry["tmdb_id"]: entry["reason"] for entry in plan}
        for tmdb_id in (1, 2, 3, 5, 19, 30, 31, 60):
            said = shelf.alfred("explain", str(tmdb_id), "--json").ended(0).json
            assert said["will_refresh"] == (tmdb_id in planned), said
            assert not said["will_refresh"] or said["reason"] == planned[tmdb_id]
            assert said["ttl_policy"] == policy


def test_states_choose_and_skip(shelf: Shelf, tmdb: StandIn) -> None:
    tmdb.faults.append(Fault(Refuse(404, 34), tmdb_id=2, times=1))
    tmdb.faults.append(Fault(Refuse(500, 11), tmdb_id=3, times=4))
    refresh(shelf, "--limit", "20", exit_code=1)
    shelf.take_away(5)
    shelf.rescan()

    def plan(*options: str) -> list[int]:
        entries = shelf.alfred("refresh", "--json", "--dry-run", *options).ended(0).json["plan"]
        return sorted(entry["tmdb_id"] for entry in entries)

    assert plan() == list(range(21, 61))
    assert plan("--skip", "placeholder") == []
    assert plan("--state", "broken") == [3]
    assert plan("--state", "delisted", "--state", "broken") == [2, 3]
    assert plan("--state", "missing") == [5]
    assert plan("--force", "--skip", "placeholder") == [n for n in range(1, 21) if n not in (2, 5)]
    assert refresh(shelf, "--state", "broken")["refreshed"] == 1
    assert shelf.states()[3] == "fresh"
    assert shelf.states()[2] == "delisted"


def test_a_budget_of_requests_is_kept(shelf: Shelf, tmdb: StandIn) -> None:
    document = refresh(shelf, "--max-requests", "25")

    assert (document["refreshed"], document["left"], document["requests"], tmdb.total) == (25, 35, 25, 25)
    assert "30 shows did not fit" in shelf.alfred("refresh", "--max-requests", "5").ended(0).stdout
    assert refresh(shelf, "--max-requests", "30")["left"] == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--workers", "0"),
        ("--workers", "65"),
        ("--limit", "0"),
        ("--max-requests", "-1"),
        ("--state", "unwell"),
    ],
)
def test_options_that_make_no_sense_are_refused(shelf: Shelf, options: tuple[str, str], tmdb: StandIn) -> None:
    run = shelf.alfred("refresh", *options).ended(2)

    assert run.stderr.startswith("alfred: ")
    assert len(run.stderr.splitlines()) == 1
    assert tmdb.total == 0


def test_a_run_that_takes_long_says_every_few_seconds_how_far_it_is(shelf: Shelf, tmdb: StandIn) -> None:
    tmdb.latency = 0.25
    run = shelf.alfred("refresh", "--workers", "2").ended(0)

    assert "of 60 shows" in run.stderr
    assert "shows/s" in run.stderr
    assert "to go" in run.stderr


def test_on_a_terminal_there_is_a_bar(shelf: Shelf, tmdb: StandIn) -> None:
    tmdb.latency = 0.1
    ours, theirs = pty.openpty()
    environment = shelf.environment(
        {"ALFRED_LIBRARY": str(shelf.root), "TERM": "xterm-256color", "COLUMNS": "100"}
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "alfred", "refresh", "--workers", "4"],
        env=environment,
        cwd=shelf.folder,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    stdout, _ = process.communicate()
    os.close(ours)

    assert process.returncode == 0
    assert b"of 60 shows" in shown
    assert b"/s" in shown
    assert stdout.startswith(b"60 shows: 60 refreshed")


# --- faults of the provider


FAULTS = [
    pytest.param(lambda: Fault(Refuse(500, 11), probability=0.05, seed=3), id="one in twenty 500"),
    pytest.param(lambda: Fault(Refuse(429, 25), probability=0.3, seed=3), id="429 without Retry-After"),
    pytest.param(lambda: Fault(Refuse(429, 25, 1), probability=0.2, seed=3), id="429 with Retry-After"),
    pytest.param(lambda: Fault(Hang(), probability=0.05, seed=3), id="hangs"),
    pytest.param(lambda: Fault(Reset(), probability=0.1, seed=3), id="resets"),
    pytest.param(lambda: Fault(Truncate(), probability=0.1, seed=3), id="truncated"),
    pytest.param(lambda: Fault(Delay(0.3), probability=0.2, seed=3), id="slow"),
]


@pytest.mark.parametrize("make_fault", FAULTS)
def test_faults_that_pass_are_ridden_out(shelf: Shelf, tmdb: StandIn, make_fault: Any) -> None:
    fault = make_fault()
    tmdb.faults.append(fault)
    run = shelf.alfred("refresh", "--json")
    document = run.json

    failed = {entry["tmdb_id"] for entry in document["failed"]}
    assert fault.hits
    assert document["refreshed"] + len(failed) == SHOWS
    assert len(failed) <= 2
    assert run.exit_code == (1 if failed else 0)
    assert document["requests"] == tmdb.total
    assert {number for number, state in shelf.states().items() if state == "broken"} == failed
    assert claims(shelf) == 0


LASTING: list[tuple[Action, str, str]] = [
    (Refuse(500, 11), "http_5xx", "broken"),
    (Refuse(429, 25), "http_429", "broken"),
    (Refuse(403, 3), "auth_error", "broken"),
    (Refuse(401, 7), "auth_error", "broken"),
    (Hang(), "timeout", "broken"),
    (Reset(), "unknown", "broken"),
    (Truncate(), "parse_error", "broken"),
    (NotUtf8(), "parse_error", "broken"),
    (Challenge(), "cf_challenge", "broken"),
    (Refuse(404, 34), "not_found", "delisted"),
]


def test_faults_of_some_shows_mark_those_and_no_others(shelf: Shelf, tmdb: StandIn) -> None:
    for number, (action, _, _) in enumerate(LASTING, 1):
        tmdb.faults.append(Fault(action, tmdb_id=5 * number))

    run = shelf.alfred("refresh", "--json", "--workers", "2").ended(1)

    failed = {entry["tmdb_id"]: entry["error_class"] for entry in run.json["failed"]}
    assert failed == {5 * number: error_class for number, (_, error_class, _) in enumerate(LASTING, 1)}
    states = shelf.states()
    assert {5 * number: states[5 * number] for number in range(1, len(LASTING) + 1)} == {
        5 * number: state for number, (_, _, state) in enumerate(LASTING, 1)
    }
    assert [number for number, state in states.items() if state == "fresh"] == [
        number for number in states if number not in failed
    ]
    assert all(f"alfred: {number} " in run.stderr for number in failed)
    assert TOKEN not in run.stdout + run.stderr
    tmdb.faults.clear()
    assert refresh(shelf)["selected"] == 0  # their time has not come
    assert refresh(shelf, "--state", "broken")["refreshed"] == len(LASTING) - 1


def test_a_show_that_tmdb_does_not_know_is_its_own_failure_even_where_it_is_the_only_one(
    shelf: Shelf, tmdb: StandIn
) -> None:
    tmdb.faults.append(Fault(Refuse(404, 34), tmdb_id=1))

    run = shelf.alfred("refresh", "--limit", "1").ended(1)

    assert run.stdout.startswith("1 show: 0 refreshed, 1 failed.")
    assert run.stderr == "alfred: 1 Show 1: TMDB has no show 1 (404, code 34): check the id\n"


def test_a_refused_token_ends_the_run_at_once_and_marks_nobody(shelf: Shelf, tmdb: StandIn) -> None:
    run = shelf.alfred("refresh", env={"ALFRED_TMDB_TOKEN": "b" * 30}).ended(4)

    assert tmdb.total == 3
    assert len(run.stderr.splitlines()) == 1
    assert "ALFRED_TMDB_TOKEN" in run.stderr
    assert "60 shows left as they were" in run.stderr
    assert set(shelf.states().values()) == {"placeholder"}
    document = shelf.alfred("refresh", "--json", env={"ALFRED_TMDB_TOKEN": "b" * 30}).ended(4).json
    assert (document["left"], document["error"]["code"]) == (60, "provider")


def test_a_token_that_is_revoked_in_mid_run_keeps_what_was_done(shelf: Shelf, tmdb: StandIn) -> None:
    tmdb.faults.append(Fault(Refuse(401, 7), path=lambda _: tmdb.total >= 30))

    document = refresh(shelf, exit_code=4)

    assert document["refreshed"] == 30
    assert (document["failed"], document["left"]) == ([], 30)
    assert sorted(shelf.states().values()) == ["fresh"] * 30 + ["placeholder"] * 30
    tmdb.faults.clear()
    assert refresh(shelf)["refreshed"] == 30


def test_a_provider_that_is_not_there_ends_the_run_and_marks_nobody(shelf: Shelf, tmdb: StandIn) -> None:
    tmdb.close()

    run = shelf.alfred("refresh").ended(4)

    assert "connection refused" in run.stderr
    assert set(shelf.states().values()) == {"placeholder"}


def test_without_a_token_nothing_is_sent_or_marked(shelf: Shelf, tmdb: StandIn) -> None:
    run = shelf.alfred("refresh", env={"ALFRED_TMDB_TOKEN": ""}).ended(2)

    assert "ALFRED_TMDB_TOKEN" in run.stderr
    assert (tmdb.total, set(shelf.states().values())) == (0, {"placeholder"})


# --- stopping


def stopped(shelf: Shelf, tmdb: StandIn, number: int, *options: str) -> Run:
    """Start a slow refresh, and send it a signal in the middle."""
    tmdb.latency = 0.1
    process = shelf.start("refresh", "--workers", "4", *options)
    wait_for(lambda: tmdb.total >= 12)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=20)
    assert b"Traceback" not in stdout + stderr
    return Run(("refresh",), process.returncode, stdout, stderr)


def wait_for(condition: Any, seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_stop_finishes_what_is_under_way(shelf: Shelf, tmdb: StandIn, number: int) -> None:
    document = stopped(shelf, tmdb, number, "--json").ended(130).json

    assert document["error"]["code"] == "interrupted"
    assert document["refreshed"] == tmdb.total
    assert 0 < document["left"] == SHOWS - tmdb.total
    assert claims(shelf) == 0
    tmdb.latency = 0
    assert refresh(shelf)["refreshed"] == document["left"]
    assert set(tmdb.counts.values()) == {1}


def test_the_second_interrupt_ends_at_once(shelf: Shelf, tmdb: StandIn) -> None:
    tmdb.faults.append(Fault(Hang(30), path=lambda _: tmdb.total >= 12))
    process = shelf.start("refresh", "--workers", "4", env={"ALFRED_TMDB_TIMEOUT_SECONDS": "60"})
    wait_for(lambda: tmdb.total >= 16)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    stderr = process.communicate(timeout=20)[1].decode()

    assert process.returncode == 130
    assert "stopping when the shows under way are done" in stderr
    assert "Traceback" not in stderr
    assert claims(shelf) == 0


# --- several at once


@pytest.mark.parametrize("runs", [2, 4])
def test_runs_at_the_same_time_share_the_shows(tmp_path: Path, tmdb: StandIn, runs: int) -> None:
    shelf = a_shelf(tmp_path, tmdb, shows=300)
    tmdb.latency = 0.02
    processes = [shelf.start("refresh", "--json", "--workers", "4") for _ in range(runs)]
    ended = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0] * runs, ended
    assert len(tmdb.counts) == 300
    assert set(tmdb.counts.values()) == {1}
    assert set(shelf.states().values()) == {"fresh"}
    assert claims(shelf) == 0


def test_a_show_that_another_process_holds_is_not_fetched(shelf: Shelf, tmdb: StandIn) -> None:
    with shelf.opened() as library:
        library.index.claim(TmdbId(7), str(this_process()), library.now())

    assert refresh(shelf)["selected"] == SHOWS - 1
    assert tmdb.counts[7] == 0
    assert shelf.states()[7] == "processing"


# --- update


def test_an_update_rescans_and_refreshes_what_is_due(shelf: Shelf, tmdb: StandIn) -> None:
    shelf.add(201, 202)
    shelf.take_away(9)

    document = shelf.alfred("update", "--json").ended(0).json

    assert (document["rescan"]["added"], document["rescan"]["missing"]) == ([201, 202], [9])
    assert document["refresh"]["refreshed"] == SHOWS + 1
    assert tmdb.counts[9] == 0
    lines = shelf.alfred("update").ended(0).stdout.splitlines()
    assert lines[0].startswith("61 shows on disk: 0 added, 0 changed")
    assert lines[1].startswith("Nothing to refresh")
    assert shelf.alfred("update", "--quiet").ended(0).stdout == ""


def test_two_updates_do_not_pile_up(shelf: Shelf, tmdb: StandIn) -> None:
    tmdb.latency = 0.1
    first = shelf.start("update", "--workers", "2")
    wait_for(lambda: tmdb.total >= 2)
    second = shelf.alfred("update").ended(0)
    as_json = shelf.alfred("update", "--json").ended(0).json
    first.communicate(timeout=60)

    assert second.stdout == "Another update of this library is under way; nothing was done.\n"
    assert as_json == {"already_running": True, "rescan": None, "refresh": None}
    assert first.returncode == 0
    assert set(tmdb.counts.values()) == {1}


def test_an_update_whose_process_was_killed_keeps_nobody_out(shelf: Shelf, tmdb: StandIn) -> None:
    tmdb.latency = 0.1
    process = shelf.start("update", "--workers", "2")
    wait_for(lambda: tmdb.total >= 2)
    process.kill()
    process.communicate()
    tmdb.latency = 0

    shelf.alfred("update").ended(0)
    assert set(shelf.states().values()) == {"fresh"}


def test_an_update_that_refuses_to_mark_leaves_it_at_that(shelf: Shelf, tmdb: StandIn) -> None:
    """What is not there may be on a disk that is away: its slots are to keep their files."""
    shelf.take_away(*range(1, 31))

    run = shelf.alfred("update").ended(6)

    assert "30" in run.stderr
    assert (tmdb.total, set(shelf.states().values())) == (0, {"placeholder"})

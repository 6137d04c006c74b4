"""The provider fails in every way: one line, exit code 4, and nothing that was known is lost."""

from __future__ import annotations

import shutil
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alfred.demo.faults import (
    Action,
    Challenge,
    Fault,
    Hang,
    NotUtf8,
    OtherId,
    OtherShape,
    Refuse,
    Reset,
    Truncate,
)
from alfred.demo.replies import Body, Reply
from alfred.demo.shows import CHEESE, FOLDERS, KETTLE, LIBRARY, LIGHTHOUSE, MARMALADE, PUDDING
from alfred.demo.stand_in import StandIn
from alfred.domain.library.entry import EntryState
from tests.e2e.machine import TOKEN, Knowledge, Machine, complaint_of, state_of

V3_KEY = "0123456789abcdef0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Page:
    """A web page where an answer should be, with status 200."""

    def spoil(self, _reply: Reply, /) -> Reply:
        page = b"<!DOCTYPE html><html><body>Sign in to the network of this hotel</body></html>"
        return Reply(status=200, body=Body.of(page), content_type="text/html")


@dataclass(frozen=True, slots=True)
class Plain:
    """A status without TMDB's error body."""

    http: int

    def spoil(self, reply: Reply, /) -> Reply:
        return replace(reply, status=self.http, body=Body.of(b""), etag=None)


AT_ONCE: dict[str, tuple[Action, str]] = {
    "refused token": (Refuse(401, 7), "auth_error"),
    "forbidden": (Plain(403), "http_403"),
    "too many requests, wait an hour": (Refuse(429, 25, retry_after=3600), "http_429"),
    "another page": (Page(), "parse_error"),
    "not UTF-8": (NotUtf8(), "parse_error"),
    "a list": (OtherShape([]), "parse_error"),
    "an empty object": (OtherShape({}), "parse_error"),
    "another show": (OtherId(1396), "parse_error"),
    "challenge": (Challenge(403), "cf_challenge"),
    "challenge with 200": (Challenge(200), "cf_challenge"),
    "404 without TMDB's words": (Plain(404), "unknown"),
}

AFTER_SOME_TRIES: dict[int, tuple[Action, str]] = {
    LIGHTHOUSE: (Refuse(429, 25), "http_429"),
    KETTLE: (Refuse(429, 25, retry_after=1), "http_429"),
    LIBRARY: (Refuse(500, 11), "http_5xx"),
    CHEESE: (Hang(), "timeout"),
    MARMALADE: (Reset(), "unknown"),
    PUDDING: (Truncate(), "parse_error"),
}


@pytest.mark.parametrize("name", AT_ONCE)
def test_a_failure_of_the_provider_loses_nothing(name: str, synced: Machine, tmdb: StandIn) -> None:
    action, error_class = AT_ONCE[name]
    tmdb.faults.append(Fault(action))

    fails({LIGHTHOUSE: error_class}, synced)

    assert tmdb.total == 1


def test_a_failure_that_stays_after_some_tries_loses_nothing(synced: Machine, tmdb: StandIn) -> None:
    tmdb.faults += [Fault(action, tmdb_id=tmdb_id) for tmdb_id, (action, _) in AFTER_SOME_TRIES.items()]

    fails({tmdb_id: error_class for tmdb_id, (_, error_class) in AFTER_SOME_TRIES.items()}, synced)

    assert tmdb.counts == dict.fromkeys(AFTER_SOME_TRIES, 4)


def test_a_provider_that_cannot_be_reached_loses_nothing(synced: Machine, tmdb: StandIn) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free_port = taken.getsockname()[1]
    with socket.create_server(("127.0.0.1", 0)) as silent:  # lets everybody in, and never says a word
        places = {
            LIGHTHOUSE: (f"http://127.0.0.1:{free_port}/3", "connection_refused"),
            KETTLE: ("http://no-such-host.invalid/3", "dns"),
            LIBRARY: (f"http://127.0.0.1:{silent.getsockname()[1]}/3", "timeout"),
            CHEESE: (tmdb.url.replace("http://", "https://"), "tls"),
        }
        fails(
            {tmdb_id: error_class for tmdb_id, (_, error_class) in places.items()},
            synced,
            urls={tmdb_id: url for tmdb_id, (url, _) in places.items()},
        )


def fails(classes: Mapping[int, str], machine: Machine, *, urls: Mapping[int, str] | None = None) -> None:
    """Let syncs fail, each of another show, and look at what is left.

    Args:
        classes: the error class that each show gets.
        urls: the provider that each show is asked of, where it is not the machine's.
    """
    before = Knowledge.of(machine)
    processes = {}
    for tmdb_id in classes:
        env = {"ALFRED_TMDB_TIMEOUT_SECONDS": "0.3"}
        if urls:
            env["ALFRED_TMDB_BASE_URL"] = urls[tmdb_id]
        processes[tmdb_id] = machine.start("sync", str(tmdb_id), "--force", "--json", env=env)
    runs = {tmdb_id: machine.finish(process) for tmdb_id, process in processes.items()}

    after = Knowledge.of(machine)
    assert replace(after, events=before.events) == before
    assert set(before.events) < set(after.events)
    told = [(tmdb_id, kind) for _, tmdb_id, _, _, kind, _ in set(after.events) - set(before.events)]
    assert sorted(told) == [(tmdb_id, "sync_failed") for tmdb_id in sorted(classes)]
    for tmdb_id, run in runs.items():
        message = complaint_of(run, 4)
        assert run.json["error"]["code"] == "provider"
        entry = machine.entry(tmdb_id)
        assert state_of(entry) is EntryState.BROKEN
        assert (entry.sync.error_class, entry.sync.status_message) == (classes[tmdb_id], message)
        assert entry.sync.retry_after is not None
        assert entry.sync.retry_after > datetime.now(UTC) + timedelta(minutes=4)


def test_people_and_scripts_are_told_the_same(synced: Machine, tmdb: StandIn) -> None:
    tmdb.faults.append(Fault(Refuse(401, 7)))
    was = synced.show(LIGHTHOUSE)

    said = complaint_of(synced.alfred("sync", str(LIGHTHOUSE), "--force"), 4)
    assert complaint_of(synced.alfred("--json", "sync", str(LIGHTHOUSE), "--force"), 4) == said

    now = synced.show(LIGHTHOUSE)
    assert (now["state"], now["error_class"], now["status_message"]) == ("broken", "auth_error", said)
    assert {key for key in now if now[key] != was[key]} == {"state", "error_class", "status_message"}


def test_a_wrong_token_is_refused_and_not_shown(synced: Machine, tmdb: StandIn) -> None:
    synced.token = V3_KEY

    runs = synced.together(
        ("sync", str(CHEESE), "--force"), ("sync", str(KETTLE), "--force", "--json", "--verbose")
    )

    assert "ALFRED_TMDB_TOKEN" in complaint_of(runs[0], 4)
    assert runs[1].exit_code == 4
    assert V3_KEY not in "".join(run.stdout + run.stderr for run in runs)
    assert tmdb.requests[-1].status == 401
    assert V3_KEY not in str(synced.show(CHEESE))


def test_no_token_is_a_matter_of_settings_and_changes_nothing(synced: Machine, tmdb: StandIn) -> None:
    synced.token = None
    before, entry = Knowledge.of(synced), synced.entry(LIGHTHOUSE)

    said = complaint_of(synced.alfred("sync", str(LIGHTHOUSE), "--force"), 2)
    run = synced.alfred("sync", str(LIGHTHOUSE), "--force", "--json")

    assert "ALFRED_TMDB_TOKEN" in said
    assert complaint_of(run, 2) == said
    assert run.json["error"]["code"] == "token_missing"
    assert (Knowledge.of(synced), synced.entry(LIGHTHOUSE)) == (before, entry)
    assert tmdb.total == 0


def test_without_a_token_what_is_fresh_is_still_fresh(synced: Machine) -> None:
    synced.token = None

    assert synced.alfred("sync", str(LIGHTHOUSE), "--json").done().json["outcome"] == "fresh"


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "ümlaut-token"])
def test_a_token_that_cannot_be_one_is_refused_and_not_shown(token: str, synced: Machine, tmdb: StandIn) -> None:
    synced.token = token
    before, entry = Knowledge.of(synced), synced.entry(LIGHTHOUSE)

    run = synced.alfred("sync", str(LIGHTHOUSE), "--force", "--json")

    assert "ALFRED_TMDB_TOKEN" in complaint_of(run, 2)
    assert not any(word in run.stdout + run.stderr for word in token.split())
    assert (Knowledge.of(synced), synced.entry(LIGHTHOUSE)) == (before, entry)
    assert tmdb.total == 0


def test_an_id_that_nobody_knows_costs_no_request(synced: Machine, tmdb: StandIn) -> None:
    before = Knowledge.of(synced)

    for command in ("sync", "show", "explain", "wanted", "rescan"):
        run = synced.alfred(command, "4242", "--json")
        assert "4242" in complaint_of(run, 3)
        assert run.json["error"]["code"] == "show_not_found"

    assert tmdb.total == 0
    assert Knowledge.of(synced) == before


def test_a_show_that_tmdb_no_longer_has_is_broken_and_keeps_its_facts(synced: Machine, tmdb: StandIn) -> None:
    tmdb.faults.append(Fault(Refuse(404, 34)))

    fails({LIGHTHOUSE: "not_found"}, synced)

    explained = synced.alfred("explain", str(LIGHTHOUSE), "--json").json
    again = datetime.fromisoformat(explained["next_refresh_at"])
    assert timedelta(hours=23) < again - datetime.now(UTC) <= timedelta(days=1)


def test_three_answers_in_a_row_do_not_delist_a_show_on_one_day(synced: Machine, tmdb: StandIn) -> None:
    tmdb.faults.append(Fault(Refuse(404, 34)))

    for _ in range(3):
        assert synced.alfred("sync", str(LIGHTHOUSE), "--force").exit_code == 4

    assert state_of(synced.entry(LIGHTHOUSE)) is EntryState.BROKEN


def test_an_id_that_tmdb_never_had_is_delisted_at_once(adopted: Machine, tmdb: StandIn) -> None:
    tmdb.faults.append(Fault(Refuse(404, 34)))

    said = complaint_of(adopted.alfred("sync", str(LIGHTHOUSE)), 4)

    entry = adopted.listed("--state", "delisted")[LIGHTHOUSE]
    assert (entry["error_class"], entry["status_message"]) == ("not_found", said)
    assert entry["tags"] == ["comfort", "sea"]
    assert entry["episodes"]["on_disk"] > 0
    explained = adopted.alfred("explain", str(LIGHTHOUSE), "--json").done().json
    assert (explained["will_refresh"], explained["reason"]) == (False, "delisted")


def test_a_placeholder_that_could_not_be_fetched_is_broken_and_keeps_its_files(
    adopted: Machine, tmdb: StandIn
) -> None:
    tmdb.faults.append(Fault(Refuse(401, 7)))
    was = adopted.show(LIGHTHOUSE)

    complaint_of(adopted.alfred("sync", str(LIGHTHOUSE)), 4)

    now = adopted.show(LIGHTHOUSE)
    assert now["state"] == "broken"
    assert (now["seasons"], now["tags"], now["status"]) == (was["seasons"], was["tags"], "unknown")


def test_what_the_provider_asks_for_is_waited_for(synced: Machine, tmdb: StandIn) -> None:
    tmdb.faults.append(Fault(Refuse(429, 25, retry_after=7200)))

    complaint_of(synced.alfred("sync", str(LIGHTHOUSE), "--force"), 4)

    assert tmdb.total == 1
    explained = synced.alfred("explain", str(LIGHTHOUSE), "--json").done().json
    again = datetime.fromisoformat(explained["next_refresh_at"])
    assert timedelta(minutes=119) < again - datetime.now(UTC) <= timedelta(hours=2)
    assert explained["will_refresh"] is False


def test_a_failure_that_passes_is_not_noticed(synced: Machine, tmdb: StandIn) -> None:
    shows: dict[int, Action] = {
        LIGHTHOUSE: Refuse(503, 9),
        KETTLE: Reset(),
        MARMALADE: Refuse(429, 25),
        PUDDING: Truncate(),
    }
    tmdb.faults += [Fault(action, tmdb_id=tmdb_id, times=1) for tmdb_id, action in shows.items()]

    for run in synced.together(*(("sync", str(tmdb_id), "--force", "--json") for tmdb_id in shows)):
        assert (run.done().json["state"], run.json["requests"], run.complaints) == ("fresh", 2, [])


def test_a_success_heals_a_failure(synced: Machine, tmdb: StandIn) -> None:
    tmdb.faults.append(Fault(Refuse(401, 7), times=1))
    shown = synced.show(LIGHTHOUSE)
    complaint_of(synced.alfred("sync", str(LIGHTHOUSE), "--force"), 4)
    assert state_of(synced.entry(LIGHTHOUSE)) is EntryState.BROKEN

    synced.alfred("sync", str(LIGHTHOUSE), "--force").done()

    now = synced.show(LIGHTHOUSE)
    assert {key for key in now if now[key] != shown[key]} == {"fetched_at"}


def test_some_of_several_fail_and_each_is_named(synced: Machine, tmdb: StandIn) -> None:
    tmdb.faults += [Fault(Refuse(404, 34), tmdb_id=CHEESE), Fault(OtherShape([]), tmdb_id=MARMALADE)]

    run = synced.alfred("sync", str(CHEESE), str(LIGHTHOUSE), str(MARMALADE), "4242", "--force", "--json")

    assert run.exit_code == 1
    assert [entry["tmdb_id"] for entry in run.json["shows"]] == [LIGHTHOUSE]
    assert [(failure["tmdb_id"], failure["error_class"]) for failure in run.json["failed"]] == [
        (CHEESE, "not_found"),
        (MARMALADE, "parse_error"),
        (4242, "show_not_found"),
    ]
    assert [line.split(":")[1].strip() for line in run.complaints] == [str(CHEESE), str(MARMALADE), "4242"]
    assert all(line.startswith("alfred: ") for line in run.complaints)


def test_a_failure_that_all_would_meet_ends_a_sync_of_several(synced: Machine, tmdb: StandIn) -> None:
    tmdb.faults.append(Fault(Refuse(401, 7)))

    run = synced.alfred("sync", *map(str, (CHEESE, LIGHTHOUSE, KETTLE)), "--force", "--json")

    assert (run.exit_code, tmdb.total) == (4, 1)
    assert (run.json["shows"], run.json["not_tried"]) == ([], [LIGHTHOUSE, KETTLE])
    assert state_of(synced.entry(KETTLE)) is EntryState.FRESH


def test_a_later_part_that_fails_keeps_what_was_known_of_it(synced: Machine, tmdb: StandIn) -> None:
    before = synced.show(CHEESE)["seasons"]
    tmdb.faults.append(Fault(Refuse(403, 1), path=lambda _path: tmdb.total > 0))

    run = synced.alfred("sync", str(CHEESE), "--force", "--json").done()

    assert run.json["status_message"] == "episodes of season 2024 could not be had"
    assert any("2024" in warning for warning in run.json["warnings"])
    assert synced.show(CHEESE)["seasons"] == before
    assert run.json["state"] == "fresh"


def test_ctrl_c_ends_a_sync_that_hangs(synced: Machine, tmdb: StandIn) -> None:
    before, entry = Knowledge.of(synced), synced.entry(LIGHTHOUSE)
    for options in ((), ("--json",)):
        tmdb.faults[:] = [Fault(Hang())]
        already = tmdb.total
        process = synced.start("sync", str(LIGHTHOUSE), "--force", *options)
        _wait_for_a_request(tmdb, already)
        process.send_signal(signal.SIGINT)
        run = synced.finish(process)
        assert "interrupted" in complaint_of(run, 130)
    assert (Knowledge.of(synced), synced.entry(LIGHTHOUSE)) == (before, entry)


def _wait_for_a_request(server: StandIn, already: int) -> None:
    give_up = time.monotonic() + 20
    while server.total == already:
        assert time.monotonic() < give_up, "no request ever came"
        time.sleep(0.01)


def test_a_listed_season_that_is_not_sent_keeps_what_was_known_of_it(
    synced: Machine, provider_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "shorter"
    shutil.copytree(provider_folder, folder)
    (folder / f"tv/{LIGHTHOUSE}/season_2.json").unlink()
    with StandIn(folder, tokens=[TOKEN]) as other:
        synced.provider_url = other.url
        before = synced.show(LIGHTHOUSE)["seasons"]

        run = synced.alfred("sync", str(LIGHTHOUSE), "--force", "--json").done()

    assert run.json["path"] == FOLDERS[LIGHTHOUSE]
    assert synced.show(LIGHTHOUSE)["seasons"] == before
    assert run.json["status_message"] == "episodes of season 2 could not be had"

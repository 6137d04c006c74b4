"""``alfred history``: what rescans, syncs and the user changed, told by the program itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.faults import Fault, Refuse
from alfred.demo.stand_in import StandIn
from tests.e2e.alfred_process import TOKEN, Shelf, name_of, put_episode, write_invented_show


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path).init()


@pytest.fixture
def provider(tmp_path: Path) -> Path:
    folder = tmp_path / "provider"
    write_invented_show(folder, 1)
    return folder


@pytest.fixture
def server(provider: Path, shelf: Shelf) -> Iterator[StandIn]:
    with StandIn(provider, tokens=[TOKEN]) as running:
        shelf.variables |= {"ALFRED_TMDB_TOKEN": TOKEN, "ALFRED_TMDB_BASE_URL": running.url}
        yield running


def history(shelf: Shelf, *arguments: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = shelf.alfred("history", *arguments, "--json").ended(0).json["events"]
    return events


def told(shelf: Shelf, *arguments: str) -> list[tuple[str, Any]]:
    """Return kind and detail of events, the oldest first."""
    return [(event["kind"], event["detail"]) for event in reversed(history(shelf, *arguments))]


def change_provider(folder: Path, **changes: Any) -> None:
    path = folder / "tv" / "1.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes), encoding="utf-8")


def test_the_story_of_a_folder_is_told(shelf: Shelf) -> None:
    (folder,) = shelf.add(1)
    shelf.add(2)
    shelf.rescan()
    third = put_episode(folder, 3)
    shelf.rescan()
    third.unlink()
    shelf.rescan()
    put_episode(folder, 3)
    shelf.rescan()
    shelf.rescan()
    shelf.take_away(1)
    shelf.rescan()
    (shelf.folder / "away" / name_of(1)).rename(shelf.root / "Another name")
    shelf.rescan()

    path = f"{name_of(1)}/Season 01/Show S01E03.mkv"
    assert told(shelf, "1") == [
        ("added", {"path": name_of(1)}),
        ("files_gained", {"count": 1, "paths": [path]}),
        ("files_lost", {"count": 1, "paths": [path]}),
        ("files_restored", {"count": 1, "paths": [path]}),
        ("marked_missing", {}),
        ("restored", {}),
        ("folder_moved", {"from": name_of(1), "to": "Another name"}),
    ]
    assert told(shelf, "2") == [("added", {"path": name_of(2)})]


def test_a_rescan_that_finds_nothing_new_tells_nothing(shelf: Shelf) -> None:
    shelf.add(1, 2)
    shelf.rescan()
    before = history(shelf)

    shelf.rescan()
    shelf.rescan("1")
    (shelf.show_folder(1) / "poster.jpg").write_bytes(b"not a video")
    shelf.rescan()

    assert history(shelf) == before
    assert [event["kind"] for event in before] == ["added", "added"]


def test_a_dry_run_tells_nothing(shelf: Shelf) -> None:
    shelf.add(1, 2)
    shelf.rescan()
    shelf.lose(1)
    shelf.rescan("--dry-run")

    assert [event["kind"] for event in history(shelf)] == ["added", "added"]


def test_the_story_of_syncs_is_told(shelf: Shelf, provider: Path, server: StandIn) -> None:
    shelf.add(1)
    shelf.rescan()
    shelf.alfred("sync", "1").ended(0)
    write_invented_show(provider, 1, episodes=5)
    change_provider(provider, name="Renamed", status="Returning Series")
    server.reload()
    shelf.alfred("sync", "1", "--force").ended(0)
    shelf.alfred("sync", "1", "--force").ended(0)
    server.faults = [Fault(Refuse(401, 7))]
    for _ in range(2):
        shelf.alfred("sync", "1", "--force").ended(4)
    server.faults = []
    shelf.alfred("sync", "1", "--force").ended(0)

    events = told(shelf, "1")
    assert [kind for kind, _ in events] == [
        "added",
        "synced",
        "renamed",
        "status_changed",
        "episodes_added",
        "sync_failed",
        "sync_recovered",
    ]
    assert events[1][1] == {"seasons": 1, "episodes": 3}
    assert events[2][1] == {"from": "Provider's 1", "to": "Renamed"}
    assert events[4][1] == {"count": 2}
    assert events[5][1]["error_class"] == "auth_error"
    assert TOKEN not in json.dumps(events)
    assert {event["name"] for event in history(shelf)} == {"Renamed"}


def test_tags_and_notes_are_told_to_people_and_scripts(shelf: Shelf) -> None:
    shelf.add(1)
    shelf.rescan()
    shelf.alfred("tag", "1", "--add", "comfort", "--add", "rewatch").ended(0)
    shelf.alfred("tag", "1", "--remove", "rewatch").ended(0)
    shelf.alfred("note", "1", "with the kids").ended(0)

    assert told(shelf, "1")[1:] == [
        ("tagged", {"added": ["comfort", "rewatch"], "removed": []}),
        ("tagged", {"added": [], "removed": ["rewatch"]}),
        ("noted", {"from": None, "to": "with the kids"}),
    ]
    lines = shelf.alfred("history", "1").ended(0).stdout.splitlines()
    assert [line.split("\t")[2] for line in lines] == [
        "What changed",
        "note: with the kids",
        "tags: -rewatch",
        "tags: +comfort +rewatch",
        f"added: {name_of(1)}",
    ]


def test_since_and_limit_choose_the_latest(shelf: Shelf) -> None:
    shelf.add(1)
    shelf.rescanned(now=lambda: datetime.now(UTC) - timedelta(days=3))
    shelf.alfred("tag", "1", "--add", "new").ended(0)

    assert [event["kind"] for event in history(shelf)] == ["tagged", "added"]
    assert [event["kind"] for event in history(shelf, "--limit", "1")] == ["tagged"]
    assert [event["kind"] for event in history(shelf, "--since", "12h")] == ["tagged"]
    assert [event["kind"] for event in history(shelf, "1", "--since", "1w")] == ["tagged", "added"]
    last = history(shelf, "--since", "1d")[0]["at"]
    assert last.endswith("Z")
    assert [event["kind"] for event in history(shelf, "--since", last)] == ["tagged"]
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert history(shelf, "--since", tomorrow) == []


@pytest.mark.parametrize("text", ["yesterday", "0d", "2026-02-30"])
def test_a_time_that_is_none_is_explained(shelf: Shelf, text: str) -> None:
    run = shelf.alfred("history", "--since", text).ended(2)

    assert run.stdout == ""
    assert text in run.stderr
    assert "7d" in run.stderr


def test_the_ends_of_time_are_times(shelf: Shelf) -> None:
    shelf.add(1)
    shelf.rescan()

    for text in ("0001-01-01T00:00+14:00", "99999w"):
        assert len(history(shelf, f"--since={text}")) == 1
    assert history(shelf, "--since", "9999-12-31T23:59-12:00") == []


def test_a_show_that_is_not_in_the_library_has_no_history(shelf: Shelf) -> None:
    run = shelf.alfred("history", "404", "--json").ended(3)

    assert run.json["error"]["code"] == "show_not_found"
    assert history(shelf) == []
    assert shelf.alfred("history").ended(0).stdout == "Nothing changed.\n"


def test_a_pruned_show_takes_its_history_along(shelf: Shelf) -> None:
    shelf.add(1, 2)
    shelf.rescanned(now=lambda: datetime.now(UTC) - timedelta(days=200))
    shelf.lose(1)
    shelf.rescanned(now=lambda: datetime.now(UTC) - timedelta(days=100))
    assert len(history(shelf, "1")) == 2

    shelf.alfred("prune", "--missing-for", "90d", "--yes").ended(0)

    assert [event["tmdb_id"] for event in history(shelf)] == [2]


def test_history_loads_nothing_that_a_query_does_not_need(shelf: Shelf) -> None:
    shelf.add(1)
    shelf.rescan()
    run = shelf.alfred("history", "--json", env={"PYTHONPROFILEIMPORTTIME": "1"}).ended(0)

    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if "|" in line}
    assert "alfred.cli.spans" in loaded
    assert not loaded & {"pydantic", "requests", "rich", "tenacity"}

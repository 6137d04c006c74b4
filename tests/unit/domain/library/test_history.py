"""What is told of a change, and what is no change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alfred.domain.library.entry import Outcome, SyncRecord
from alfred.domain.library.history import (
    LONGEST_EXCERPT,
    PATHS_NAMED,
    Event,
    ShowFacts,
    Slot,
    changes_of_episodes,
    changes_of_facts,
    changes_of_files,
    changes_of_folder,
    changes_of_sync,
    changes_of_user,
)
from alfred.domain.library.release import EpisodeFile, FileStatus, UserMetadata
from tests.builders import NOW, a_file

READY, MISSING = FileStatus.READY, FileStatus.MISSING
PROCESSING, FAILED = FileStatus.PROCESSING, FileStatus.FAILED

FACTS = ShowFacts("Name", "Ended", frozenset({0, 1, 2}))


def as_lost(file: EpisodeFile) -> EpisodeFile:
    return replace(file, status=MISSING, missing_since=NOW)


def test_facts_that_stay_are_not_told() -> None:
    assert changes_of_facts(FACTS, FACTS) == ()


def test_name_status_and_seasons_are_told_each_once() -> None:
    after = ShowFacts("New name", "Returning Series", frozenset({0, 4, 3}))

    assert changes_of_facts(FACTS, after) == (
        Event("renamed", {"from": "Name", "to": "New name"}),
        Event("status_changed", {"from": "Ended", "to": "Returning Series"}),
        Event("season_added", {"seasons": (3, 4)}),
        Event("season_removed", {"seasons": (1, 2)}),
    )


def test_episodes_are_counted_by_id_and_slot() -> None:
    before = {1: Slot(1, 1), 2: Slot(1, 2), 3: Slot(1, 3)}
    after = {1: Slot(1, 1), 4: Slot(2, 1), 5: Slot(2, 2), 3: Slot(1, 3)}

    assert changes_of_episodes(before, after) == (
        Event("episodes_added", {"count": 2}),
        Event("episodes_removed", {"count": 1}),
    )


@pytest.mark.parametrize(
    "after", [{1: Slot(2, 7)}, {9: Slot(1, 1)}], ids=["renumbered", "listed under another id"]
)
def test_an_episode_with_its_old_id_or_slot_is_neither_added_nor_removed(after: dict[int, Slot]) -> None:
    assert changes_of_episodes({1: Slot(1, 1)}, after) == ()


def test_a_folder_is_told_only_when_it_moved() -> None:
    assert changes_of_folder("A/Show", "A/Show") == ()
    assert changes_of_folder("A/Show", "B/Show") == (Event("folder_moved", {"from": "A/Show", "to": "B/Show"}),)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (None, READY, "files_gained"),
        (PROCESSING, READY, "files_gained"),
        (FAILED, READY, "files_gained"),
        (MISSING, READY, "files_restored"),
        (READY, MISSING, "files_lost"),
        (READY, None, "files_lost"),
        (PROCESSING, FAILED, "files_failed"),
        (None, PROCESSING, None),
        (None, MISSING, None),
        (READY, PROCESSING, None),
        (PROCESSING, MISSING, None),
        (PROCESSING, None, None),
        (MISSING, None, None),
        (READY, READY, None),
    ],
)
def test_what_becomes_of_a_file(before: FileStatus | None, after: FileStatus | None, kind: str | None) -> None:
    old, new = ([replace(a_file(1), status=status)] if status else [] for status in (before, after))

    told = [Event(kind, {"count": 1, "paths": (a_file(1).library_path,)})] if kind else []
    assert list(changes_of_files(old, new)) == told


def test_many_files_are_one_event_that_names_a_few() -> None:
    files = [a_file(number) for number in range(1, 31)]

    (event,) = changes_of_files(files, [as_lost(file) for file in files])

    assert event.kind == "files_lost"
    assert event.detail["count"] == 30
    assert event.detail["paths"] == tuple(file.library_path for file in files[:PATHS_NAMED])


def test_files_that_went_to_another_folder_are_the_same_files() -> None:
    files = [a_file(number) for number in range(1, 4)]
    there = [replace(file, folder="Elsewhere", mtime_ns=1) for file in files]

    assert changes_of_files(files, there) == ()


def test_a_renamed_file_is_the_same_file() -> None:
    assert changes_of_files([a_file(1)], [replace(a_file(1), path="Season 01/renamed.mkv")]) == ()


def test_a_missing_file_that_turns_up_in_another_folder_is_restored() -> None:
    (event,) = changes_of_files([as_lost(a_file(1))], [a_file(1, folder="Elsewhere")])

    assert event == Event("files_restored", {"count": 1, "paths": (f"Elsewhere/{a_file(1).path}",)})


def test_of_two_copies_only_one_is_the_file_from_before() -> None:
    copies = [a_file(1, folder="One"), a_file(1, folder="Two")]

    (event,) = changes_of_files([a_file(1)], copies)

    assert (event.kind, event.detail["count"]) == ("files_gained", 1)


def test_a_file_replaced_by_another_is_one_lost_and_one_gained() -> None:
    events = changes_of_files([a_file(1)], [as_lost(a_file(1)), a_file(2)])

    assert [event.kind for event in events] == ["files_gained", "files_lost"]


OK = SyncRecord(outcome=Outcome.OK)
NEVER = SyncRecord()
TIMED_OUT = SyncRecord(outcome=Outcome.FAILED, error_class="timeout", status_message="too slow", attempts=1)
NOT_FOUND = SyncRecord(outcome=Outcome.FAILED, error_class="not_found", status_message="no such show")
DELISTED = replace(NOT_FOUND, outcome=Outcome.DELISTED)
SIDECAR = SyncRecord(outcome=Outcome.FAILED, error_class="sidecar", status_message="damaged")
FAILED_EVENT = Event("sync_failed", {"error_class": "timeout", "message": "too slow"})


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (NEVER, OK, None),
        (OK, OK, None),
        (OK, TIMED_OUT, FAILED_EVENT),
        (NEVER, TIMED_OUT, FAILED_EVENT),
        (NOT_FOUND, TIMED_OUT, FAILED_EVENT),
        (TIMED_OUT, replace(TIMED_OUT, attempts=2, status_message="still too slow"), None),
        (TIMED_OUT, OK, Event("sync_recovered", {"error_class": "timeout"})),
        (NOT_FOUND, DELISTED, Event("delisted", {"message": "no such show"})),
        (DELISTED, DELISTED, None),
        (DELISTED, OK, Event("sync_recovered", {"error_class": "not_found"})),
        (OK, SIDECAR, None),
        (SIDECAR, OK, None),
        (SIDECAR, TIMED_OUT, FAILED_EVENT),
    ],
)
def test_a_sync_is_told_when_its_class_changes(before: SyncRecord, after: SyncRecord, event: Event | None) -> None:
    assert changes_of_sync(before, after) == ((event,) if event else ())


def test_tags_are_told_by_what_was_added_and_removed() -> None:
    before, after = UserMetadata(tags=("a", "b")), UserMetadata(tags=("b", "c"), changed_at=NOW)

    assert changes_of_user(before, after) == (Event("tagged", {"added": ("c",), "removed": ("a",)}),)


def test_the_same_words_said_later_are_no_change() -> None:
    user = UserMetadata(tags=("a",), note="n", changed_at=NOW)

    assert changes_of_user(user, replace(user, changed_at=None)) == ()


def test_a_long_note_is_told_by_its_beginning() -> None:
    (event,) = changes_of_user(UserMetadata(note="short"), UserMetadata(note="x" * 10_000))

    assert event.detail["from"] == "short"
    assert event.detail["to"] == "x" * (LONGEST_EXCERPT - 1) + "…"

"""Every kind of event has words of its own."""

from __future__ import annotations

import pytest

from alfred.cli.commands.history_command import describe
from alfred.domain.library.history import Detail, Event, EventKind

DETAIL: dict[str, Detail] = {
    "path": "Show",
    "from": "old",
    "to": "new",
    "episodes": 2,
    "count": 7,
    "paths": ("a.mkv", "b.mkv"),
    "error_class": "timeout",
    "message": "too slow",
    "added": ("one",),
    "removed": ("two",),
}


@pytest.mark.parametrize("kind", list(EventKind))
def test_every_kind_is_described(kind: EventKind) -> None:
    detail = DETAIL | {"seasons": 2 if kind is EventKind.SYNCED else (2, 3)}

    assert describe(Event(kind, detail)) != kind.replace("_", " ")


def test_a_kind_of_a_newer_alfred_is_named() -> None:
    assert describe(Event("moved_house", {"to": "Mars"})) == "moved house"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Event("season_added", {"seasons": (3,)}), "added: season 3"),
        (Event("season_removed", {"seasons": (3, 4)}), "removed: seasons 3, 4"),
        (Event("episodes_added", {"count": 1}), "added: 1 episode"),
        (Event("files_lost", {"count": 7, "paths": ("a", "b")}), "lost 7 files: a, b and 5 more"),
        (Event("files_gained", {"count": 1, "paths": ("a",)}), "gained 1 file: a"),
        (Event("tagged", {"added": ("x", "y"), "removed": ("z",)}), "tags: +x +y -z"),
        (Event("noted", {"from": "old", "to": None}), "note removed"),
    ],
)
def test_words_for_people(event: Event, words: str) -> None:
    assert describe(event) == words

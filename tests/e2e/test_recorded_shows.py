"""Every show whose real listing was recorded, synced by real processes: nothing of it is lost or invented."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.stand_in import StandIn
from alfred.domain.library.views import ShowView, SlotView
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry
from tests.e2e.machine import Json, Machine, Run

RECORDED = Path(__file__).resolve().parents[2] / "../shared/tmdb"

pytestmark = pytest.mark.skipif(not (RECORDED / "tv").is_dir(), reason="the recorded listings are not here")

MEAN_REQUESTS = 1.25
MOST_REQUESTS = 13
MOST_SEASONS = 6480
"""A show with 253 seasons."""

Row = tuple[int, str, str | None]
"""An episode: number, title, air date."""


@dataclass(frozen=True)
class Recording:
    """A recorded show: what the bodies say, read without Alfred."""

    tmdb_id: int

    @cached_property
    def details(self) -> Json:
        body: Json = json.loads((RECORDED / f"tv/{self.tmdb_id}.json").read_bytes())
        return body

    @property
    def seasons(self) -> list[int]:
        return list(dict.fromkeys(season["season_number"] for season in self.details["seasons"]))

    def body(self, season: int) -> Json | None:
        file = RECORDED / f"tv/{self.tmdb_id}/season_{season}.json"
        return json.loads(file.read_bytes()) if file.exists() else None

    @cached_property
    def absent(self) -> list[int]:
        """Listed seasons without a body."""
        return [season for season in self.seasons if self.body(season) is None]

    @cached_property
    def episodes(self) -> dict[int, list[Row]]:
        """The episodes by season, in the order of their numbers; none for a season without a body."""
        return {season: _rows(self.body(season)) for season in self.seasons}


def _rows(body: Json | None) -> list[Row]:
    listed = body["episodes"] if body else []
    rows = [(row["episode_number"], row["name"] or "", _day(row["air_date"])) for row in listed]
    return sorted(rows, key=repr)


def _day(text: str | None) -> str | None:
    return date.fromisoformat(text).isoformat() if text else None


@dataclass(frozen=True, repr=False)
class Library:
    """The library after all its shows were synced."""

    machine: Machine
    recordings: list[Recording]
    rescan: Run
    sync: list[Run]
    requests: Counter[int]
    entries: dict[int, ShowIndexEntry]
    views: dict[int, ShowView]

    @property
    def complete(self) -> list[Recording]:
        return [show for show in self.recordings if not show.absent]

    @property
    def incomplete(self) -> list[Recording]:
        return [show for show in self.recordings if show.absent]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("recorded")
    recordings = [Recording(int(file.stem)) for file in sorted((RECORDED / "tv").glob("*.json"))]
    for nth, show in enumerate(recordings):
        place = folder / "TV" / f"Show {show.tmdb_id} [tmdbid-{show.tmdb_id}]"
        place.mkdir(parents=True)
        if nth % 10 == 0:
            (place / "S01E01.mkv").touch()
    with StandIn(RECORDED) as server:
        machine = Machine(folder, server.url)
        machine.alfred("init", str(machine.root)).done()
        rescan = machine.alfred("rescan", "--json").done()
        ids = [str(show.tmdb_id) for show in recordings]
        half = len(ids) // 2
        sync = machine.together(("sync", "--json", *ids[:half]), ("sync", "--json", *ids[half:]))
        requests = Counter(server.counts)
    with DotAlfredTVShowLibraryIndex(machine.root) as index:
        entries = {entry.tmdb_id.value: entry for entry in index.entries()}
        views = {show.tmdb_id: index.show(TmdbId(show.tmdb_id)) for show in recordings}
    return Library(machine, recordings, rescan, sync, requests, entries, views)


def listed(view: ShowView) -> dict[int, list[Row]]:
    """Return what the index lists, as the recordings give it."""
    return {season.number: sorted((_row(slot) for slot in season.episodes), key=repr) for season in view.seasons}


def _row(slot: SlotView) -> Row:
    return slot.number, slot.title, slot.air_date.isoformat() if slot.air_date else None


def as_shown(document: Json) -> dict[int, list[Row]]:
    """Return what ``alfred show --json`` lists, as the recordings give it."""
    return {
        season["number"]: sorted(
            ((slot["number"], slot["title"], slot["air_date"]) for slot in season["episodes"]), key=repr
        )
        for season in document["seasons"]
    }


def differing(shows: list[Recording], views: dict[int, ShowView]) -> dict[int, Any]:
    """Return the shows whose index is not what was recorded, with what differs."""
    found = {}
    for show in shows:
        want, have = show.episodes, listed(views[show.tmdb_id])
        if want != have:
            found[show.tmdb_id] = {
                season: (want.get(season), have.get(season))
                for season in want.keys() | have.keys()
                if want.get(season) != have.get(season)
            }
    return found


def test_every_folder_is_adopted_by_its_tag(library: Library) -> None:
    document = library.rescan.json

    assert document["added"] == sorted(show.tmdb_id for show in library.recordings)
    assert document["unidentified"] == document["broken"] == []
    assert document["files"]["ready"] == -(-len(library.recordings) // 10)


def test_every_show_syncs(library: Library) -> None:
    assert [run.exit_code for run in library.sync] == [0, 0]
    shown = [entry for run in library.sync for entry in run.json["shows"]]
    assert [entry["tmdb_id"] for entry in shown] == [show.tmdb_id for show in library.recordings]
    assert {entry["outcome"] for entry in shown} == {"refreshed"}
    assert {entry["state"] for entry in shown} == {"fresh"}


def test_names_and_statuses_are_those_of_the_bodies(library: Library) -> None:
    assert {tmdb_id: (entry.name, entry.status) for tmdb_id, entry in library.entries.items()} == {
        show.tmdb_id: (show.details["name"], show.details["status"]) for show in library.recordings
    }


def test_a_show_with_all_seasons_recorded_is_listed_exactly(library: Library) -> None:
    assert len(library.complete) > 100

    assert differing(library.complete, library.views) == {}
    assert not [
        (show.tmdb_id, library.entries[show.tmdb_id].sync.status_message)
        for show in library.complete
        if library.entries[show.tmdb_id].sync.status_message
    ]


def test_seasons_stand_in_the_order_of_the_body(library: Library) -> None:
    assert {tmdb_id: [season.number for season in view.seasons] for tmdb_id, view in library.views.items()} == {
        show.tmdb_id: show.seasons for show in library.recordings
    }


def test_a_season_that_could_not_be_had_is_kept_without_episodes_and_said(library: Library) -> None:
    assert len(library.incomplete) > 100

    assert differing(library.incomplete, library.views) == {}
    for show in library.incomplete:
        message = library.entries[show.tmdb_id].sync.status_message or ""
        numbers = message.partition("episodes of season ")[2].partition(" could not be had")[0]
        assert numbers == ", ".join(map(str, show.absent)), message


def test_counts_are_those_of_the_episodes(library: Library) -> None:
    today = max(entry.metadata.added_at for entry in library.entries.values()).date().isoformat()
    wrong = {}
    for show in library.recordings:
        rows = [row for episodes in show.episodes.values() for row in episodes]
        aired = sum(air_date is not None and air_date <= today for _, _, air_date in rows)
        counts = library.entries[show.tmdb_id].episodes
        if (counts.total, counts.aired) != (len(rows), aired):
            wrong[show.tmdb_id] = (counts, len(rows), aired)
    assert wrong == {}


def test_the_show_with_most_seasons_is_shown_whole_by_the_command(library: Library) -> None:
    show = Recording(MOST_SEASONS)

    document = library.machine.show(show.tmdb_id)

    assert len(document["seasons"]) == 253
    assert as_shown(document) == show.episodes


def features(show: Recording) -> set[str]:
    """Name what makes a listing awkward."""
    numbers = sorted(number for number in show.seasons if number)
    firsts = {season: min((row[0] for row in rows), default=1) for season, rows in show.episodes.items() if season}
    rows = [row for episodes in show.episodes.values() for row in episodes]
    gaps = any(
        len(rows) > 1 and rows[-1][0] - rows[0][0] + 1 > len(rows)
        for rows in (sorted(episodes) for season, episodes in show.episodes.items() if season)
        if all(isinstance(row[0], int) for row in rows)
    )
    return {
        name
        for name, applies in {
            "specials": 0 in show.seasons,
            "seasons with gaps": numbers != list(range(1, len(numbers) + 1)),
            "year seasons": any(number > 1900 for number in numbers),
            "numbers that run on": any(first > 1 for season, first in firsts.items() if season > 1),
            "episodes with gaps": gaps,
            "another script": not show.details["name"].isascii(),
            "no air date": any(air_date is None for _, _, air_date in rows),
        }.items()
        if applies
    }


def test_each_kind_of_awkward_listing_is_shown_exactly_by_the_command(library: Library) -> None:
    chosen: dict[str, Recording] = {}
    for show in sorted(library.recordings, key=lambda show: len(show.absent)):
        for feature in features(show):
            chosen.setdefault(feature, show)
    assert chosen.keys() >= {"specials", "year seasons", "numbers that run on", "episodes with gaps"}
    assert chosen.keys() >= {"seasons with gaps", "another script", "no air date"}

    for show in {show.tmdb_id: show for show in chosen.values()}.values():
        document = library.machine.show(show.tmdb_id)
        assert as_shown(document) == show.episodes
        assert document["name"] == show.details["name"]


def test_few_requests_are_enough(library: Library) -> None:
    counts = [library.requests[show.tmdb_id] for show in library.recordings]

    assert min(counts) == 1
    assert max(counts) == library.requests[MOST_SEASONS] == MOST_REQUESTS
    assert sum(counts) / len(counts) <= MEAN_REQUESTS


def test_the_answer_counts_the_requests_that_the_provider_saw(library: Library) -> None:
    said = {entry["tmdb_id"]: entry["requests"] for run in library.sync for entry in run.json["shows"]}

    assert said == dict(library.requests)


def test_rows_of_old_answers_without_ids_titles_or_dates_are_kept(tmp_path: Path) -> None:
    provider = tmp_path / "provider/tv"
    (provider / "1396").mkdir(parents=True)
    details = json.loads((RECORDED / "tv/1396.json").read_bytes())
    old = json.loads((RECORDED / "tv/1396/versions/season_2@2014-02-05.php-tmdb.json").read_bytes())
    rows = old["episodes"]
    assert "id" not in rows[0]
    rows[3]["name"], rows[4]["name"], rows[5]["air_date"], rows[6]["air_date"] = None, "", None, ""
    (provider / "1396.json").write_text(json.dumps(details))
    (provider / "1396/season_2.json").write_text(json.dumps(old))
    (tmp_path / "TV/Bad [tmdbid-1396]").mkdir(parents=True)

    with StandIn(tmp_path / "provider") as server:
        machine = Machine(tmp_path, server.url)
        machine.alfred("init", str(machine.root)).done()
        machine.alfred("rescan").done()
        machine.alfred("sync", "1396").done()
        machine.alfred("sync", "1396", "--force").done()

    seasons = as_shown(machine.show(1396))
    by_number = {number: (title, air_date) for number, title, air_date in seasons[2]}
    assert seasons[2] == _rows(old)
    assert [by_number[rows[at]["episode_number"]][0] for at in (3, 4)] == ["", ""]
    assert [by_number[rows[at]["episode_number"]][1] for at in (5, 6)] == [None, None]
    assert seasons[1] == []

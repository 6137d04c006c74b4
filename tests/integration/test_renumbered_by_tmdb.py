"""Real renumberings, replayed: a library is synced with one recorded state of a show and then with a later one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alfred.application.library.check import CheckReport
from alfred.composition import Library, check, initialise, open_library
from alfred.demo.stand_in import StandIn
from alfred.domain.library.placement import UnmatchedReason
from alfred.domain.shared.value_objects import TmdbId
from alfred.settings import Settings
from tests.fakes.clock import FakeClock

RECORDED = Path(__file__).parents[2] / "../shared/tmdb/tv"

PAW_PATROL = 57532
SPONGEBOB = 387
WONDER_MAN = 198178

pytestmark = [
    pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers of TMDB are not beside the project"),
]


class World:
    """A library with a file for every recorded episode of one show, and a TMDB that can go on to a later day."""

    def __init__(self, tmp_path: Path, tmdb_id: int) -> None:
        self.tmdb_id = TmdbId(tmdb_id)
        self.bodies = tmp_path / "bodies"
        self.root = tmp_path / "tv"
        self.show = self.root / f"Show [tmdbid-{tmdb_id}]"
        self.clock = FakeClock()
        self._seasons = self.bodies / "tv" / str(tmdb_id)
        shutil.copytree(RECORDED / str(tmdb_id), self._seasons)
        details = RECORDED / f"{tmdb_id}.json"
        summaries = [self._summary(path) for path in self._seasons.glob("season_*.json")]
        body = json.loads(details.read_text()) if details.exists() else {"name": "Show", "status": "Ended"}
        self._details = self.bodies / "tv" / f"{tmdb_id}.json"
        self._details.write_text(json.dumps(body | {"id": tmdb_id, "seasons": summaries}))
        self.show.mkdir(parents=True)
        for season, number in self.listed().values():
            (self.show / name_of(season, number)).touch()

    @staticmethod
    def _summary(path: Path) -> dict[str, Any]:
        body = json.loads(path.read_text())
        keys = ("id", "name", "season_number", "air_date")
        return {key: body.get(key) for key in keys} | {"episode_count": len(body["episodes"])}

    def listed(self) -> dict[int, tuple[int, int]]:
        """Return season and number of each episode id, as TMDB lists them now."""
        found: dict[int, tuple[int, int]] = {}
        for summary in json.loads(self._details.read_text())["seasons"]:
            body = json.loads((self._seasons / f"season_{summary['season_number']}.json").read_text())
            found |= {row["id"]: (body["season_number"], row["episode_number"]) for row in body["episodes"]}
        return found

    def goes_on_to(self, *versions: str) -> None:
        """Have TMDB answer with later (or earlier) states of some seasons."""
        details = json.loads(self._details.read_text())
        for version in versions:
            body = self._seasons / "versions" / f"{version}.json"
            name = version.partition("@")[0]
            shutil.copyfile(body, self._seasons / f"{name}.json")
            number = int(name.removeprefix("season_"))
            others = [row for row in details["seasons"] if row["season_number"] != number]
            details["seasons"] = [*others, self._summary(body)]
        self._details.write_text(json.dumps(details))

    def drops_season(self, number: int) -> None:
        details = json.loads(self._details.read_text())
        details["seasons"] = [row for row in details["seasons"] if row["season_number"] != number]
        self._details.write_text(json.dumps(details))

    @contextmanager
    def library(self) -> Iterator[Library]:
        with StandIn(self.bodies) as tmdb:
            self._tmdb = tmdb
            settings = Settings(tmdb_token="0" * 32, tmdb_base_url=tmdb.url, state_dir=self.root.parent / "state")
            initialise(self.root, settings, now=self.clock)
            with open_library(self.root, settings, now=self.clock) as library:
                yield library

    def check(self) -> CheckReport:
        return check(self.root, Settings(state_dir=self.root.parent / "state"), now=self.clock)

    def places(self, library: Library) -> dict[str, set[int]]:
        """Return the episode ids that each file is placed on, by file name."""
        release = library.index.presence.recorded_release(self.tmdb_id)
        assert release is not None
        listed = self.listed()
        return {file.path: {one for one in file.episode_ids if one in listed} for file in release.files}

    def sync(self, library: Library) -> None:
        self.clock.advance(days=1)
        self._tmdb.reload()
        library.sync(self.tmdb_id, force=True)


def name_of(season: int, number: int) -> str:
    return f"Show S{season:02d}E{number:02d}.mkv"


def kinds(library: Library, tmdb_id: TmdbId) -> list[str]:
    return [past.event.kind for past in library.index.history(tmdb_id)]


@pytest.mark.parametrize("index_is_lost", [False, True])
def test_the_files_of_a_renumbered_season_keep_their_episodes(tmp_path: Path, *, index_is_lost: bool) -> None:
    world = World(tmp_path, PAW_PATROL)
    with world.library() as library:
        library.rescan()
        world.sync(library)
        before = world.places(library)
        assert before == {name_of(*at): {episode_id} for episode_id, at in world.listed().items()}
    numbers = world.listed()
    if index_is_lost:
        for path in (world.root / ".alfred").glob("index.sqlite3*"):
            path.unlink()

    world.goes_on_to("season_5@2026-08-21", "season_11@2026-08-21", "season_12@2026-08-21")
    with world.library() as library:
        world.sync(library)
        after, view = world.places(library), library.index.show(world.tmdb_id)

        now = world.listed()
        gone = {name_of(*numbers[one]) for one in numbers.keys() - now.keys()}
        moved = {name_of(*numbers[one]) for one in numbers.keys() & now.keys() if numbers[one] != now[one]}
        assert (len(gone), len(moved)) == (1, 28)
        assert {path: ids for path, ids in after.items() if path not in gone} == {
            path: ids for path, ids in before.items() if path not in gone
        }
        assert {one.file.path for one in view.unmatched} == gone
        assert {one.reason for one in view.unmatched} == {UnmatchedReason.EPISODE_GONE}
        assert {one.file.path for one in view.drifted} == moved
        assert {(one.season, one.number) for one in view.drifted} == {
            now[one] for one in numbers.keys() & now.keys() if numbers[one] != now[one]
        }
        assert kinds(library, world.tmdb_id).count("files_renumbered") == 1
        assert kinds(library, world.tmdb_id).count("files_unplaced") == (0 if index_is_lost else 1)
        assert "files_replaced" not in kinds(library, world.tmdb_id)

        library.rescan()
        world.sync(library)
        assert world.places(library) == after, "a later rescan and sync move nothing"
        assert kinds(library, world.tmdb_id).count("files_renumbered") == 1
    report = world.check()
    assert report.differences == ()
    assert {one.path.rpartition("/")[2] for one in report.renumbered} == moved


def test_a_single_episode_that_moved_within_its_season_keeps_its_file(tmp_path: Path) -> None:
    world = World(tmp_path, SPONGEBOB)
    with world.library() as library:
        library.rescan()
        world.sync(library)
        before = world.places(library)
        (moved,) = (one for one, at in world.listed().items() if at == (15, 9))
        world.goes_on_to("season_15@2026-08-20", "season_16@2026-08-20")

        world.sync(library)

        assert world.listed()[moved] == (15, 15)
        assert world.places(library) == before
        assert [(one.file.path, one.season, one.number) for one in library.index.show(world.tmdb_id).drifted] == [
            (name_of(15, 9), 15, 15)
        ]


def test_an_empty_season_that_comes_and_goes_changes_no_file(tmp_path: Path) -> None:
    world = World(tmp_path, WONDER_MAN)
    world.goes_on_to("season_2@2026-07-31")
    with world.library() as library:
        library.rescan()
        world.sync(library)
        before = world.places(library)
        world.drops_season(2)

        world.sync(library)

        view = library.index.show(world.tmdb_id)
        assert [season.number for season in view.seasons] == [1]
        assert world.places(library) == before
        assert len(before) == 8
        assert (view.unmatched, view.drifted) == ((), ())

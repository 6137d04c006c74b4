"""A batch refresh killed outright in the middle, again and again: the next run does what is left, and no more.

``ALFRED_TEST_KILLS`` gives the number of kills: a few by default, a hundred for a proof, and then of 500 shows.
What they came to is logged; ``-rP`` shows it.
"""

from __future__ import annotations

import logging
import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from alfred.demo.stand_in import StandIn
from alfred.infrastructure.persistence.sqlite.database import Database
from tests.e2e.alfred_process import TOKEN, Shelf, write_invented_show

log = logging.getLogger(__name__)

KILLS = int(os.environ.get("ALFRED_TEST_KILLS", "6"))
SHOWS = 500 if KILLS >= 100 else 150
WORKERS = 8


@pytest.fixture(scope="module")
def tmdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    folder = tmp_path_factory.mktemp("provider")
    for tmdb_id in range(1, SHOWS + 1):
        write_invented_show(folder, tmdb_id)
    with StandIn(folder, tokens=[TOKEN], latency=0.02, keep_requests=False) as server:
        yield server


def a_shelf(folder: Path, tmdb: StandIn) -> Shelf:
    shelf = Shelf(folder)
    shelf.variables |= {
        "ALFRED_TMDB_BASE_URL": tmdb.url,
        "ALFRED_TMDB_TOKEN": TOKEN,
        "ALFRED_WORKERS": str(WORKERS),
    }
    return shelf


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, tmdb: StandIn) -> Path:
    shelf = a_shelf(tmp_path_factory.mktemp("library"), tmdb)
    shelf.init()
    shelf.add(*range(1, SHOWS + 1), episodes=(1,))
    shelf.rescanned()
    return shelf.folder


def is_sound(shelf: Shelf) -> bool:
    database = Database(shelf.index)
    try:
        return database.is_sound() and not database.all("PRAGMA foreign_key_check")
    finally:
        database.close()


def test_a_refresh_killed_at_any_moment_is_finished_by_the_next(
    library: Path, tmdb: StandIn, tmp_path: Path
) -> None:
    """Each kill is followed by a new run; one undisturbed run after another so many kills must not cost more."""
    shelf = a_shelf(tmp_path / "killed", tmdb)
    moments = random.Random(KILLS)  # noqa: S311  (which moments is not a secret)
    undisturbed, kills, rounds, claims_left = 0.0, 0, 0, 0
    before = tmdb.total
    while kills < KILLS:
        shutil.rmtree(shelf.folder, ignore_errors=True)
        shutil.copytree(library, shelf.folder)
        rounds += 1
        if not undisturbed:
            started = time.monotonic()
            shelf.alfred("refresh", "--quiet").ended(0)
            undisturbed = time.monotonic() - started
            assert tmdb.total - before == SHOWS
            continue
        for _ in range(min(KILLS - kills, 4)):
            process = shelf.start("refresh", "--quiet")
            time.sleep(moments.uniform(0.2, 0.6) * undisturbed)
            process.kill()
            process.communicate()
            if process.returncode == 0:
                break  # it was through before it could be killed
            kills += 1
            assert is_sound(shelf), f"after kill {kills}"
            with shelf.opened() as opened:
                claims_left += len(opened.index.claims())
        shelf.alfred("refresh", "--quiet").ended(0)
        assert set(shelf.states().values()) == {"fresh"}, f"after kill {kills}"
        with shelf.opened() as opened:
            assert opened.index.claims() == ()

    requests = tmdb.total - before
    log.warning(
        "%d kills (%d claims left behind) on %d libraries of %d shows: %d requests; %.2f s undisturbed",
        kills, claims_left, rounds, SHOWS, requests, undisturbed,
    )  # fmt: skip
    assert requests <= 1.05 * rounds * SHOWS + kills * WORKERS

"""``alfred cleanup`` as a process, on a real library."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alfred.composition import initialise, open_library
from alfred.settings import Settings
from tests.builders import a_show
from tests.e2e.alfred_process import without_roots_rights
from tests.e2e.machine import Machine, Run, complaint_of

FOLDER = "The Lamplighters (2019) [tmdbid-501]"
NAME = f"{FOLDER}/Season 01/Lamplighters S01E01.mkv"

CLAIM = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from alfred.infrastructure.processes import this_process

with DotAlfredTVShowLibraryIndex(Path(sys.argv[1])) as index:
    print(index.claim(TmdbId(501), str(this_process()), datetime.now(UTC)), flush=True)
    sys.stdin.read()
"""

Alfred = Callable[..., Run]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library where two hours ago a download was seen, and a show was synced."""
    root = tmp_path / "tv"
    (root / NAME).parent.mkdir(parents=True)
    (root / (NAME + ".part")).write_text("some of it")
    settings = Settings(state_dir=tmp_path / "state")
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    initialise(root, settings, now=lambda: long_ago)
    with open_library(root, settings, now=lambda: long_ago) as library:
        library.rescan()
        library.index.upsert(a_show(), None, path=FOLDER, fetched_at=long_ago)
        library.rescan()
    return root


@pytest.fixture
def alfred(root: Path, tmp_path: Path) -> Alfred:
    return Machine(tmp_path, root=root, token=None).alfred


def answer(run: Run) -> Any:
    assert run.stderr == ""
    return run.done().json


def file_of(alfred: Alfred) -> Any:
    (file,) = answer(alfred("show", "501", "--json"))["seasons"][0]["episodes"][0]["files"]
    return file


def state_of(alfred: Alfred) -> str:
    return str(answer(alfred("show", "501", "--json"))["state"])


def test_a_download_that_never_came_is_failed_once(alfred: Alfred, root: Path) -> None:
    assert file_of(alfred)["status"] == "processing"
    (root / (NAME + ".part")).unlink()

    planned = answer(alfred("cleanup", "--dry-run", "--json"))
    assert file_of(alfred)["status"] == "processing"

    done = answer(alfred("cleanup", "--json"))
    assert done == planned
    assert [(one["tmdb_id"], one["path"]) for one in done["failed"]] == [(501, NAME + ".part")]
    assert "in processing since" in done["failed"][0]["status_message"]
    assert done["released"] == []
    assert file_of(alfred)["status"] == "failed"
    assert file_of(alfred)["status_message"] == done["failed"][0]["status_message"]

    assert answer(alfred("cleanup", "--json")) == {"failed": [], "released": []}
    assert answer(alfred("rescan", "--json"))["files"] == {"ready": 0, "processing": 0, "missing": 0, "failed": 1}


def test_a_download_that_is_there_is_left_alone(alfred: Alfred) -> None:
    assert answer(alfred("cleanup", "--json")) == {"failed": [], "released": []}
    assert file_of(alfred)["status"] == "processing"


def test_the_age_can_be_set(alfred: Alfred, root: Path) -> None:
    (root / (NAME + ".part")).unlink()

    assert answer(alfred("cleanup", "--json", env={"ALFRED_ORPHAN_AGE_MINUTES": "180"}))["failed"] == []
    assert len(answer(alfred("cleanup", "--json", env={"ALFRED_ORPHAN_AGE_MINUTES": "60"}))["failed"]) == 1


def test_a_download_in_a_folder_that_cannot_be_read_is_not_failed(alfred: Alfred, root: Path) -> None:
    prefix = without_roots_rights()
    if prefix is None:
        pytest.skip("the tests run as root, and nothing here can take a process root's rights away")
    (root / (NAME + ".part")).unlink()
    season = (root / NAME).parent
    season.chmod(0)
    try:
        assert answer(alfred("cleanup", "--json", prefix=prefix))["failed"] == []
    finally:
        season.chmod(0o755)
    assert len(answer(alfred("cleanup", "--json", prefix=prefix))["failed"]) == 1


def test_an_offline_library_is_left_alone(alfred: Alfred, root: Path) -> None:
    (root / (NAME + ".part")).unlink()
    marker = root / ".alfred" / "library.json"
    marker.rename(root / "away.json")

    complaint_of(alfred("cleanup"), 5)

    (root / "away.json").rename(marker)
    assert file_of(alfred)["status"] == "processing"


def test_people_are_told_in_words(alfred: Alfred, root: Path) -> None:
    (root / (NAME + ".part")).unlink()

    assert alfred("cleanup", "--dry-run").stdout.startswith("1 file would be marked failed, 0 claims would be")
    assert NAME in alfred("cleanup").stdout
    assert alfred("cleanup").stdout == "0 files marked failed, 0 claims released.\n"


def test_a_claim_of_a_living_process_stays_and_one_of_a_killed_process_is_free_at_once(
    alfred: Alfred, root: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "True\n"

            assert answer(alfred("cleanup", "--json"))["released"] == []
            assert state_of(alfred) == "processing"
            listed = answer(alfred("list", "--state", "processing", "--json"))["shows"]
            assert [show["tmdb_id"] for show in listed] == [501]
            assert answer(alfred("list", "--skip", "processing", "--json"))["shows"] == []
        finally:
            child.kill()

    assert answer(alfred("cleanup", "--dry-run", "--json"))["released"] == [501]
    assert state_of(alfred) == "processing"
    assert answer(alfred("cleanup", "--json"))["released"] == [501]
    assert state_of(alfred) == "fresh"
    assert answer(alfred("cleanup", "--json"))["released"] == []

"""The page of the on-disk format, and the example of it."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alfred.cli.main import run
from alfred.domain.library.episode_name import DecidedBy
from alfred.domain.library.placement import SlotState
from alfred.domain.library.release import FileStatus, UserMetadata
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2.repository import (
    DotAlfredSeriesReleaseRepository,
    DotAlfredTVShowLibraryIndex,
)
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_show import (
    SidecarFile,
    SidecarShow,
    SidecarUser,
    parse_sidecar,
    render_sidecar,
)
from alfred.infrastructure.persistence.marker import README, create_marker, marker_path, read_marker
from alfred.infrastructure.persistence.sqlite.schema import MIGRATIONS
from alfred.infrastructure.persistence.state import store
from tests.builders import NOW
from tests.docs.pages import PROJECT, fences, names_in, table, text_of

PAGE = "docs/format/dot_alfred_v2.md"
EXAMPLE = PROJECT / ".alfred-example"
LIGHTHOUSE = TmdbId(9_000_001)
MARMALADE = TmdbId(9_000_005)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return shutil.copytree(EXAMPLE, tmp_path / "tv")


def sidecars_of(root: Path) -> list[Path]:
    return sorted(root.rglob("release.json"))


def test_the_marker_that_the_page_shows_is_one(tmp_path: Path) -> None:
    create_marker(tmp_path, now=NOW)
    written = json.loads(marker_path(tmp_path).read_bytes())
    shown = fences(text_of(PAGE), "json")[0]
    marker_path(tmp_path).write_text(shown, encoding="utf-8")

    assert read_marker(tmp_path).name == "TV"
    assert list(json.loads(shown)) == list(written)


def test_the_sidecar_that_the_page_shows_is_one() -> None:
    shown = fences(text_of(PAGE), "json")[1]

    release = parse_sidecar(shown.encode(), folder="Show")

    assert json.loads(render_sidecar(release, folder="Show", written_at=NOW)).keys() == json.loads(shown).keys()
    assert set(json.loads(shown)["files"][0]) == set(SidecarFile.model_fields)
    assert release.files[0].status is FileStatus.MISSING


def test_each_field_of_a_sidecar_is_explained_and_no_other() -> None:
    text = text_of(PAGE).partition("## The sidecar")[2]
    explained = {name for row in table(text, "field") for name in names_in(row[0])}

    fields = set(SidecarShow.model_fields) - {"user"}
    fields |= set(SidecarFile.model_fields) | {f"user.{name}" for name in SidecarUser.model_fields}
    assert explained == fields


@pytest.mark.parametrize(("heading", "kind"), [("table", "TABLE"), ("index", "INDEX")])
def test_each_table_and_index_of_the_database_is_explained_and_no_other(heading: str, kind: str) -> None:
    made = re.findall(rf"CREATE {kind} (\w+)", "".join(MIGRATIONS))

    assert [names_in(row[0])[0] for row in table(text_of(PAGE), heading)] == made
    assert f"schema {len(MIGRATIONS)}" in text_of(PAGE)


def test_each_table_of_the_state_file_is_explained_and_no_other() -> None:
    rows = table(text_of(PAGE), "state table")

    assert [names_in(row[0])[0] for row in rows] == re.findall(r"CREATE TABLE (\w+)", store.SCHEMA)
    assert f"state file, schema {store.VERSION}" in text_of(PAGE)
    assert store.STATE_NAME in text_of(PAGE)


def test_each_shape_of_a_name_is_listed() -> None:
    for page in (PAGE, "docs/json.md"):
        lines = [line for line in text_of(page).splitlines() if line.startswith("| `decided_by` |")]

        assert [set(names_in(line)) - {"decided_by"} for line in lines] == [set(DecidedBy)]


def test_the_example_has_a_marker_and_its_readme() -> None:
    assert read_marker(EXAMPLE).name == "TV"
    assert (EXAMPLE / ".alfred" / "README.txt").read_text(encoding="utf-8") == README


@pytest.mark.parametrize("sidecar", sidecars_of(EXAMPLE), ids=lambda path: path.parents[1].name)
def test_a_sidecar_of_the_example_is_what_alfred_would_write(sidecar: Path) -> None:
    folder = sidecar.parents[1].relative_to(EXAMPLE).as_posix()
    written_at = SidecarShow.model_validate_json(sidecar.read_bytes()).written_at
    assert written_at is not None

    release = parse_sidecar(sidecar.read_bytes(), folder=folder)

    assert render_sidecar(release, folder=folder, written_at=written_at) == sidecar.read_bytes()


def test_the_example_holds_several_files_one_of_them_missing_and_user_metadata() -> None:
    found = DotAlfredSeriesReleaseRepository(EXAMPLE).load_by_tmdb_id(LIGHTHOUSE)
    assert found is not None
    release, folder = found

    assert folder.is_dir()
    assert [file.path[-10:] for file in release.files if file.status is FileStatus.MISSING] == ["S01E03.mkv"]
    assert release.user == UserMetadata(
        tags=("cosy", "finished"),
        note="Ask Mum for the DVD: the third episode was on the old disk.",
        changed_at=datetime(2026, 11, 19, 21, 30, 5, 120_000, tzinfo=UTC),
    )


def test_the_index_is_made_from_the_example(library: Path) -> None:
    with DotAlfredTVShowLibraryIndex(library, now=lambda: NOW) as index:
        entries = {entry.tmdb_id: entry for entry in index.entries()}
        seasons = {season.number: season for season in index.show(LIGHTHOUSE).seasons}

    assert {tmdb_id: entry.status for tmdb_id, entry in entries.items()} == {
        LIGHTHOUSE: "unknown",
        MARMALADE: "unknown",
    }
    assert entries[LIGHTHOUSE].user.tags == ("cosy", "finished")
    assert entries[MARMALADE].user.tags == ("kids",)
    assert entries[MARMALADE].episodes.on_disk == 5
    assert [slot.state for slot in seasons[1].episodes] == [
        SlotState.ON_DISK,
        SlotState.ON_DISK,
        SlotState.MISSING,
        SlotState.ON_DISK,
        SlotState.ON_DISK,
    ]


def test_list_shows_the_placeholders_of_the_example_with_their_tags(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("ALFRED_STATE_DIR", str(tmp_path / "state"))

    code = run(["--library", str(library), "--json", "list", "--state", "placeholder"])

    shows = json.loads(capsys.readouterr().out)["shows"]
    assert code == 0
    assert [(show["name"], show["tags"]) for show in shows] == [
        ("Captain Marmalade", ["kids"]),
        ("The Lighthouse Inspectors", ["cosy", "finished"]),
    ]

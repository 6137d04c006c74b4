"""Sidecars on disk: written whole, read back the same, kept aside when damaged, salvaged where possible."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alfred.application.exceptions import SidecarCorrupt, SidecarTooNew, SidecarUnreadable
from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.domain.library.release import FileStatus, SeriesRelease, UserMetadata
from alfred.infrastructure.persistence.dot_alfred.v2 import sidecars as sidecars_module
from alfred.infrastructure.persistence.dot_alfred.v2.repository import DotAlfredSeriesReleaseRepository
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_show import (
    parse_sidecar,
    render_sidecar,
    salvage_user_metadata,
)
from alfred.infrastructure.persistence.dot_alfred.v2.sidecars import DotAlfredSidecars
from alfred.infrastructure.persistence.files import keep_aside, write_whole
from alfred.infrastructure.persistence.marker import create_marker
from tests.builders import FOLDER, NOW, SHOW_ID, a_file, a_release, days
from tests.fakes.clock import FakeClock

USER = UserMetadata(tags=("comfort", 'with "quotes"', "夜"), note="line one\nline two \\ \U0001f30a")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "TV"
    (root / FOLDER).mkdir(parents=True)
    return root


@pytest.fixture
def sidecars(root: Path) -> DotAlfredSidecars:
    return DotAlfredSidecars(root, now=FakeClock())


def place(root: Path, folder: str = FOLDER) -> Path:
    return root / folder / ".alfred/release.json"


def everything() -> SeriesRelease:
    """Return a release with a file of each kind."""
    dated = EpisodeName(air_date=date(2024, 2, 4), decided_by=DecidedBy.AIR_DATE)
    absolute = EpisodeName(absolute=(700, 701), decided_by=DecidedBy.ABSOLUTE)
    return a_release(
        a_file(1),
        replace(a_file(2), path="夜/Ünï.mkv", name=EpisodeName(season=0, episodes=(3, 4))),
        replace(a_file(3), status=FileStatus.MISSING, missing_since=NOW - days(3)),
        replace(a_file(4), status=FileStatus.FAILED, status_message="it never came"),
        replace(a_file(5), name=dated, mtime_ns=-1),
        replace(a_file(6), name=absolute, size=0),
        replace(a_file(7), name=EpisodeName()),
        user=USER,
    )


def test_what_was_written_is_read_back_the_same(root: Path, sidecars: DotAlfredSidecars) -> None:
    stamp = sidecars.write(FOLDER, everything())

    assert sidecars.read(FOLDER) == everything()
    assert sidecars.stamp(FOLDER) == stamp != ""
    assert [path.name for path in place(root).parent.iterdir()] == ["release.json"]
    assert place(root).stat().st_mode & 0o777 == 0o644


def test_the_same_release_has_the_same_digest_and_another_has_another(sidecars: DotAlfredSidecars) -> None:
    digests = []
    for release in (everything(), everything(), a_release(a_file(1))):
        sidecars.write(FOLDER, release)
        found = sidecars.read(FOLDER)
        assert found is not None
        digests.append(found.digest)

    assert digests[0] == digests[1] != digests[2]
    assert "" not in digests


def test_only_the_files_of_its_own_folder_are_in_a_sidecar(sidecars: DotAlfredSidecars) -> None:
    sidecars.write(FOLDER, a_release(a_file(1), a_file(2, folder="Another folder")))

    assert sidecars.read(FOLDER) == a_release(a_file(1))


def test_a_sidecar_moves_with_its_folder(root: Path, sidecars: DotAlfredSidecars) -> None:
    sidecars.write(FOLDER, a_release(a_file(1)))
    (root / FOLDER).rename(root / "Moved")

    assert sidecars.read("Moved") == a_release(a_file(1, folder="Moved"))
    assert sidecars.read(FOLDER) is None
    assert sidecars.stamp(FOLDER) == ""


TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tags=st.sets(TEXT, max_size=4), note=st.none() | TEXT)
def test_any_tag_and_note_is_read_back(tags: set[str], note: str | None) -> None:
    release = a_release(user=UserMetadata(tags=tuple(sorted(tags)), note=note))
    content = render_sidecar(release, folder=FOLDER, written_at=NOW)

    assert parse_sidecar(content, folder=FOLDER) == release


@given(st.binary(max_size=300))
def test_any_garbage_is_a_damaged_sidecar_and_nothing_else(garbage: bytes) -> None:
    with pytest.raises(SidecarUnreadable):
        parse_sidecar(garbage, folder=FOLDER)


@given(st.data())
def test_a_sidecar_cut_anywhere_is_damaged_and_its_tags_are_salvaged_where_they_are_whole(
    data: st.DataObject,
) -> None:
    content = render_sidecar(everything(), folder=FOLDER, written_at=NOW).rstrip()
    at = data.draw(st.integers(0, len(content) - 1))

    with pytest.raises(SidecarCorrupt) as caught:
        parse_sidecar(content[:at], folder=FOLDER)

    whole = at > content.index(b'"files"')
    salvaged = caught.value.salvaged
    assert salvaged == USER if whole else salvaged.tags in ((), USER.tags)


@pytest.mark.parametrize(
    ("content", "tags", "note"),
    [
        (b'{"user": {"tags": ["a", "b"], "note": null}, "files": 7', ("a", "b"), None),
        (b'xx "tags" : [ "a" ] xx', ("a",), None),
        (b'"tags": ["bro', (), None),
        (b'"tags": [1, 2], "note": "still here"', (), "still here"),
        (b'"tags": ["still here"], "note": "bad \\q escape"', ("still here",), None),
        (b'"note": "only \\"this\\""', (), 'only "this"'),
        (b'"tags": ["\xff\xfe"]', ("\ufffd\ufffd",), None),
        (b"\x00" * 1000, (), None),
        (b"", (), None),
        (b'"tags": [' + b'"a",' * 50_000, (), None),
        (b'"note": "' + b"\\" * 50_000, (), None),
    ],
)
def test_tags_and_note_are_salvaged_each_for_itself(
    content: bytes, tags: tuple[str, ...], note: str | None
) -> None:
    assert salvage_user_metadata(content) == UserMetadata(tags=tags, note=note)


@pytest.mark.parametrize(
    "change",
    [
        {"tmdb_id": 0},
        {"tmdb_id": None},
        {"format": "2"},
        {"format": 1},
        {"files": None},
        {"files": [{"path": "x"}]},
        {"user": []},
        {"written_at": "yesterday"},
    ],
)
def test_a_sidecar_with_a_wrong_value_is_damaged_and_the_value_named(change: dict[str, object]) -> None:
    body = json.loads(render_sidecar(everything(), folder=FOLDER, written_at=NOW))
    content = json.dumps(body | change).encode()

    with pytest.raises(SidecarCorrupt, match=next(iter(change))) as caught:
        parse_sidecar(content, folder=FOLDER)

    assert "\n" not in str(caught.value)


def test_a_newer_alfred_may_add_to_a_sidecar() -> None:
    body = json.loads(render_sidecar(everything(), folder=FOLDER, written_at=NOW))
    body["rating"] = 5
    body["user"]["stars"] = 3

    assert parse_sidecar(json.dumps(body).encode(), folder=FOLDER) == everything()


def test_a_sidecar_of_a_newer_format_is_never_written_over(root: Path, sidecars: DotAlfredSidecars) -> None:
    place(root).parent.mkdir()
    place(root).write_bytes(b'{"format": 3, "anything": []}')

    with pytest.raises(SidecarTooNew):
        sidecars.read(FOLDER)
    with pytest.raises(SidecarTooNew):
        sidecars.write(FOLDER, everything())

    assert place(root).read_bytes() == b'{"format": 3, "anything": []}'


def test_a_damaged_sidecar_is_kept_aside_and_never_over_another(root: Path, sidecars: DotAlfredSidecars) -> None:
    place(root).parent.mkdir()
    for content in (b"first", b"second", b"third"):
        place(root).write_bytes(content)
        sidecars.write(FOLDER, everything())

    kept = sorted(place(root).parent.glob("release.json.corrupt-*"))
    assert [path.name for path in kept] == [
        "release.json.corrupt-20260601T120000Z",
        "release.json.corrupt-20260601T120000Z-1",
        "release.json.corrupt-20260601T120000Z-2",
    ]
    assert [path.read_bytes() for path in kept] == [b"first", b"second", b"third"]
    assert sidecars.read(FOLDER) == everything()


def test_a_show_folder_without_sidecar_has_none(root: Path, sidecars: DotAlfredSidecars) -> None:
    assert sidecars.read(FOLDER) is None
    assert sidecars.read("no such folder") is None
    assert sidecars.stamp(FOLDER) == ""
    (root / FOLDER / ".alfred").write_bytes(b"a file where a folder should be")
    assert sidecars.read(FOLDER) is None
    assert sidecars.stamp(FOLDER) == ""


def test_a_sidecar_that_is_a_folder_cannot_be_read(root: Path, sidecars: DotAlfredSidecars) -> None:
    place(root).mkdir(parents=True)

    with pytest.raises(SidecarUnreadable) as caught:
        sidecars.read(FOLDER)

    assert not isinstance(caught.value, SidecarCorrupt)
    with pytest.raises(OSError, match="cannot read"):
        sidecars.write(FOLDER, everything())


# --- where a folder cannot be written to


@pytest.fixture
def _read_only_shows(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(path: Path, content: bytes) -> None:
        if path.is_relative_to(root):
            raise OSError(errno.EROFS, "Read-only file system")
        write_whole(path, content)

    monkeypatch.setattr(sidecars_module, "write_whole", write)


@pytest.mark.usefixtures("_read_only_shows")
def test_sidecars_of_read_only_folders_go_elsewhere_and_are_found_there(
    root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (root / "Other show").mkdir()
    fallback = tmp_path / "state" / "sidecars" / "library"
    both = DotAlfredSidecars(root, fallback=fallback, now=FakeClock())

    stamps = [both.write(FOLDER, everything()), both.write("Other show", a_release())]

    assert both.read(FOLDER) == everything()
    assert both.read("Other show") == a_release()
    assert [both.stamp(FOLDER), both.stamp("Other show")] == stamps
    assert len(list(fallback.iterdir())) == 2
    assert [record.getMessage() for record in caplog.records if str(fallback) in record.getMessage()] == [
        f"{FOLDER} cannot be written: sidecars go to {fallback}"
    ]
    assert DotAlfredSidecars(root, fallback=fallback).read(FOLDER) == everything()


@pytest.mark.usefixtures("_read_only_shows")
def test_without_another_place_a_read_only_folder_is_an_error(sidecars: DotAlfredSidecars) -> None:
    with pytest.raises(OSError, match="Read-only"):
        sidecars.write(FOLDER, everything())


def test_a_sidecar_beside_the_show_wins_over_one_elsewhere(root: Path, tmp_path: Path) -> None:
    fallback = tmp_path / "state"
    both = DotAlfredSidecars(root, fallback=fallback, now=FakeClock())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sidecars_module, "write_whole", _refusing_below(root))
        both.write(FOLDER, a_release(a_file(1)))

    both.write(FOLDER, a_release(a_file(2)))

    assert both.read(FOLDER) == a_release(a_file(2))
    assert place(root).exists()


def _refusing_below(root: Path) -> object:
    def write(path: Path, content: bytes) -> None:
        if path.is_relative_to(root):
            raise OSError(errno.EACCES, "Permission denied")
        write_whole(path, content)

    return write


# --- writing whole


def test_a_write_that_fails_leaves_what_was_there_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    write_whole(file, b"before")

    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, b"after")

    assert file.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_write_that_is_interrupted_leaves_what_was_there_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    write_whole(file, b"before")

    def interrupt(_self: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write_whole(file, b"after")

    assert file.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_is_on_the_disk_before_it_takes_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace_path = os.fsync, Path.replace

    def flush(descriptor: int) -> None:
        done.append("flushed")
        fsync(descriptor)

    def rename(self: Path, target: Path) -> Path:
        done.append("renamed")
        return replace_path(self, target)

    monkeypatch.setattr("os.fsync", flush)
    monkeypatch.setattr(Path, "replace", rename)
    write_whole(tmp_path / "file", b"content")

    assert done[:2] == ["flushed", "renamed"]


def test_a_write_into_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "gone" / "file", b"")


def test_what_is_gone_already_cannot_be_kept_aside(tmp_path: Path) -> None:
    assert keep_aside(tmp_path / "gone", label="now") is None


# --- by TMDB id


def test_a_release_is_found_by_its_id_wherever_its_folder_is(root: Path, sidecars: DotAlfredSidecars) -> None:
    create_marker(root, now=NOW)
    sidecars.write(FOLDER, everything())
    (root / "A-F/Other").mkdir(parents=True)
    sidecars.write("A-F/Other", a_release(tmdb_id=replace(SHOW_ID, value=7)))
    repository = DotAlfredSeriesReleaseRepository(root)

    assert repository.load_by_tmdb_id(SHOW_ID) == (everything(), root / FOLDER)
    assert repository.load_by_tmdb_id(replace(SHOW_ID, value=7)) == (
        a_release(tmdb_id=replace(SHOW_ID, value=7)),
        root / "A-F/Other",
    )
    assert repository.load_by_tmdb_id(replace(SHOW_ID, value=8)) is None


def test_a_release_in_two_folders_is_one(root: Path, sidecars: DotAlfredSidecars) -> None:
    (root / "Zweite Kopie").mkdir()
    sidecars.write(FOLDER, a_release(a_file(1)))
    sidecars.write("Zweite Kopie", a_release(a_file(1, folder="Zweite Kopie"), user=USER))

    found = DotAlfredSeriesReleaseRepository(root).load_by_tmdb_id(SHOW_ID)

    assert found == (a_release(a_file(1), a_file(1, folder="Zweite Kopie"), user=USER), root / FOLDER)


@pytest.mark.parametrize("content", [b"damaged", b'{"format": 9}'])
def test_a_sidecar_that_cannot_be_used_counts_as_absent(
    content: bytes, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place(root).parent.mkdir()
    place(root).write_bytes(content)

    assert DotAlfredSeriesReleaseRepository(root).load_by_tmdb_id(SHOW_ID) is None
    assert FOLDER in caplog.text


def test_of_an_offline_root_nothing_is_known(tmp_path: Path) -> None:
    repository = DotAlfredSeriesReleaseRepository(tmp_path / "unplugged")

    assert repository.load_by_tmdb_id(SHOW_ID) is None
    assert not repository.root_is_online()

"""The marker of a library on disk."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

from alfred.application.exceptions import (
    FormatTooNew,
    LibraryUnavailable,
    NotALibrary,
    ReadOnlyLibrary,
    RootOffline,
)
from alfred.infrastructure.persistence import marker as marker_module
from alfred.infrastructure.persistence.marker import create_marker, marker_path, read_marker, root_is_online
from tests.builders import NOW


def test_what_was_marked_is_read_back(tmp_path: Path) -> None:
    created = create_marker(tmp_path, now=NOW)

    assert read_marker(tmp_path) == created
    assert str(UUID(created.library_id)) == created.library_id
    assert (created.name, created.created) == (tmp_path.name, "2026-06-01T12:00:00Z")
    assert root_is_online(tmp_path)
    assert {path.name for path in (tmp_path / ".alfred").iterdir()} == {"library.json", "README.txt"}


def test_two_libraries_are_two(tmp_path: Path) -> None:
    roots = [tmp_path / "a", tmp_path / "b"]
    for root in roots:
        root.mkdir()

    assert len({create_marker(root, now=NOW).library_id for root in roots}) == 2


def test_a_library_gets_the_id_back_that_it_had(tmp_path: Path) -> None:
    assert create_marker(tmp_path, now=NOW, library_id="who-it-was").library_id == "who-it-was"
    assert read_marker(tmp_path).library_id == "who-it-was"


def test_a_folder_that_is_not_there_is_offline(tmp_path: Path) -> None:
    with pytest.raises(RootOffline):
        read_marker(tmp_path / "unplugged")
    with pytest.raises(RootOffline):
        create_marker(tmp_path / "unplugged", now=NOW)
    assert not root_is_online(tmp_path / "unplugged")
    assert not (tmp_path / "unplugged").exists()


def test_a_folder_without_a_marker_is_no_library(tmp_path: Path) -> None:
    (tmp_path / ".alfred").mkdir()

    with pytest.raises(NotALibrary, match="alfred init"):
        read_marker(tmp_path)
    assert not root_is_online(tmp_path)


def test_a_file_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(NotALibrary):
        read_marker(tmp_path / "file")
    with pytest.raises(RootOffline):
        create_marker(tmp_path / "file", now=NOW)
    assert not root_is_online(tmp_path / "file")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"1",
        b'{"format": true, "library_id": "x", "name": "n", "created": "c"}',
        b'{"format": 0, "library_id": "x", "name": "n", "created": "c"}',
        b'{"format": 1, "library_id": "", "name": "n", "created": "c"}',
        b'{"format": 1, "library_id": 7, "name": "n", "created": "c"}',
        b'{"format": 1, "library_id": "x", "created": "c"}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_marker_is_said_and_left_alone(content: bytes, tmp_path: Path) -> None:
    marker_path(tmp_path).parent.mkdir()
    marker_path(tmp_path).write_bytes(content)

    with pytest.raises(LibraryUnavailable, match="damaged") as caught:
        read_marker(tmp_path)

    assert type(caught.value) is LibraryUnavailable
    assert str(marker_path(tmp_path)) in str(caught.value)
    assert marker_path(tmp_path).read_bytes() == content


def test_a_marker_of_a_newer_alfred_is_refused_whatever_else_it_holds(tmp_path: Path) -> None:
    marker_path(tmp_path).parent.mkdir()
    marker_path(tmp_path).write_bytes(b'{"format": 2, "id": {"another": "shape"}}')

    with pytest.raises(FormatTooNew, match="format 2"):
        read_marker(tmp_path)


def test_a_newer_alfred_may_add_to_a_marker(tmp_path: Path) -> None:
    created = create_marker(tmp_path, now=NOW)
    body = json.loads(marker_path(tmp_path).read_bytes())
    marker_path(tmp_path).write_text(json.dumps(body | {"colour": "green"}))

    assert read_marker(tmp_path) == created


def test_a_marker_that_is_a_folder_is_said(tmp_path: Path) -> None:
    marker_path(tmp_path).mkdir(parents=True)

    with pytest.raises(LibraryUnavailable):
        read_marker(tmp_path)
    assert not root_is_online(tmp_path)


def test_a_folder_that_cannot_be_written_to_is_no_library_after_the_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _content: bytes) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(marker_module, "write_whole", refuse)

    with pytest.raises(ReadOnlyLibrary, match="Permission denied"):
        create_marker(tmp_path, now=NOW)
    assert not root_is_online(tmp_path)

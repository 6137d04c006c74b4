"""``alfred doctor`` and ``alfred check`` as processes, on libraries that are really broken."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.stand_in import StandIn
from tests.e2e.alfred_process import (
    TOKEN,
    Run,
    Shelf,
    name_of,
    own_mounts,
    read_sidecar,
    without_roots_rights,
)

HALF_WRITTEN = ".release.json.ab12_xyz.new"
Finding = dict[str, Any]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A library with three shows; one of them is tagged. A token is set, and TMDB is nowhere."""
    shelf = Shelf(tmp_path, variables={"ALFRED_TMDB_TOKEN": TOKEN, "ALFRED_TMDB_BASE_URL": "http://127.0.0.1:9/3"})
    shelf.init()
    shelf.add(1, 2, 3)
    shelf.rescanned()
    shelf.alfred("tag", "2", "--add", "comfort").ended(0)
    return shelf


@pytest.fixture
def tmdb(tmp_path: Path) -> Iterator[StandIn]:
    (tmp_path / "provider" / "tv").mkdir(parents=True)
    with StandIn(tmp_path / "provider", tokens=[TOKEN]) as server:
        yield server


def doctor(shelf: Shelf, *options: str, exit_code: int, env: dict[str, str] | None = None) -> dict[str, Any]:
    run = shelf.alfred("doctor", "--json", *options, env=env).ended(exit_code)
    assert TOKEN not in run.stdout + run.stderr
    document: dict[str, Any] = run.json
    assert list(document) == ["findings", "repaired"]
    return document


def standing(document: dict[str, Any]) -> dict[str, Finding]:
    """Return what is worse than a remark, by code; that disks of this machine may be full is left out."""
    worse = [one for one in document["findings"] if one["severity"] in ("warning", "error")]
    return {one["code"]: one for one in worse if one["code"] != "space_low"}


def checked(shelf: Shelf, *, exit_code: int) -> list[dict[str, Any]]:
    differences: list[dict[str, Any]] = shelf.alfred("check", "--json").ended(exit_code).json["differences"]
    return differences


def repaired(document: dict[str, Any]) -> list[str]:
    return [one["code"] for one in document["repaired"]]


def contents(shelf: Shelf) -> dict[str, bytes]:
    """Return the files of the library, but for SQLite's memory of its own."""
    return {
        str(path): path.read_bytes()
        for path in sorted(shelf.root.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm", ".lock"))
    }


def edit_sidecar(shelf: Shelf, tmdb_id: int, change: Callable[[dict[str, Any]], object]) -> None:
    body = read_sidecar(shelf.sidecar(tmdb_id))
    change(body)
    shelf.sidecar(tmdb_id).write_text(json.dumps(body))


# --- a library that is well


def test_a_library_that_is_well(shelf: Shelf) -> None:
    document = doctor(shelf, exit_code=0)

    assert standing(document) == {}
    assert {tuple(one) for one in document["findings"]} == {("check", "severity", "code", "message", "remedy")}
    assert {one["check"] for one in document["findings"]} == {
        "settings", "root", "marker", "space", "state_dir", "index", "sidecars", "leftovers", "token", "clock"
    }  # fmt: skip
    assert checked(shelf, exit_code=0) == []


def test_people_get_a_line_for_each_finding_and_the_command_that_mends_it(shelf: Shelf) -> None:
    shelf.sidecar(1).unlink()

    run = shelf.alfred("doctor").ended(1)

    lines = run.stdout.splitlines()
    at = lines.index(f"warning  sidecars   1 of 3 folders has no sidecar: {name_of(1)}")
    assert lines[at + 1].split() == ["->", "alfred", "doctor", "--repair"]


def test_the_exit_codes_are_in_the_help(shelf: Shelf) -> None:
    text = " ".join(shelf.alfred("doctor", "--help").ended(0).stdout.split())

    assert "0 where nothing is wrong, with 1 where warnings or errors stand, with 5 where the library" in text


@pytest.mark.parametrize(
    "arguments", [["doctor", "--json"], ["check", "--json"], ["doctor", "--repair", "--dry-run"]]
)
def test_looking_changes_nothing(shelf: Shelf, arguments: list[str]) -> None:
    shelf.sidecar(1).unlink()
    shelf.index.write_bytes(b"no database " * 999)
    before = contents(shelf)

    shelf.alfred(*arguments)

    assert contents(shelf) == before


# --- broken things are findings


def test_without_a_library_everything_else_is_still_looked_at(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    shelf.folder = tmp_path / "empty"

    document = doctor(shelf, exit_code=5, env={"ALFRED_LIBRARY": ""})

    assert list(standing(document)) == ["not_a_library"]
    assert {"settings", "state_dir", "token", "clock"} <= {one["check"] for one in document["findings"]}


def test_a_library_that_is_gone(shelf: Shelf) -> None:
    shelf.root.rename(shelf.folder / "elsewhere")

    assert list(standing(doctor(shelf, "--repair", exit_code=5))) == ["root_offline"]
    assert shelf.alfred("check", "--json").ended(5).json["error"]["code"] == "root_offline"


def test_a_damaged_marker(shelf: Shelf) -> None:
    shelf.marker.write_text("{")

    (finding,) = standing(doctor(shelf, "--repair", exit_code=5)).values()

    assert (finding["check"], finding["severity"]) == ("marker", "error")
    assert shelf.marker.read_text() == "{"


def test_the_marker_of_another_library(shelf: Shelf) -> None:
    body = json.loads(shelf.marker.read_text())
    shelf.marker.write_text(json.dumps(body | {"library_id": "11111111-2222-3333-4444-555555555555"}))

    assert list(standing(doctor(shelf, "--repair", exit_code=5))) == ["wrong_library"]


def test_settings_that_cannot_be_read_do_not_keep_the_rest_from_being_looked_at(shelf: Shelf) -> None:
    file = shelf.folder / "config" / "alfred" / "settings.toml"
    file.parent.mkdir(parents=True)
    file.write_text("workers = = 3")

    document = doctor(shelf, exit_code=1)

    assert list(standing(document)) == ["settings_wrong"]
    assert str(file) in standing(document)["settings_wrong"]["message"]
    assert {"index_ok", "sidecars_ok"} <= {one["code"] for one in document["findings"]}


def test_a_wrong_variable(shelf: Shelf) -> None:
    (finding,) = standing(doctor(shelf, exit_code=1, env={"ALFRED_WORKERS": "many"})).values()

    assert finding["message"].startswith("ALFRED_WORKERS must be")


def test_a_state_folder_that_cannot_be_used(shelf: Shelf) -> None:
    (shelf.folder / "a file").write_text("")

    document = doctor(shelf, exit_code=1, env={"ALFRED_STATE_DIR": str(shelf.folder / "a file" / "state")})

    assert list(standing(document)) == ["state_dir_unusable"]


def test_a_marker_from_the_future(shelf: Shelf) -> None:
    body = json.loads(shelf.marker.read_text())
    shelf.marker.write_text(json.dumps(body | {"created": "2999-01-01T00:00:00Z"}))

    assert list(standing(doctor(shelf, exit_code=1))) == ["marker_from_future"]


# --- sidecars against index


def test_a_missing_sidecar_is_written_from_the_index(shelf: Shelf) -> None:
    before = read_sidecar(shelf.sidecar(2))
    shelf.sidecar(2).unlink()

    (difference,) = checked(shelf, exit_code=1)
    assert difference == {
        "tmdb_id": 2, "path": name_of(2), "kind": "sidecar_missing", "sidecar": None, "index": {"files": 2}
    }  # fmt: skip
    assert list(standing(doctor(shelf, exit_code=1))) == ["sidecar_missing"]

    document = doctor(shelf, "--repair", exit_code=0)

    assert repaired(document) == ["sidecars_written"]
    after = read_sidecar(shelf.sidecar(2))
    assert after["user"]["tags"] == ["comfort"]
    assert {**after, "written_at": 0} == {**before, "written_at": 0}
    assert shelf.rescan()["changed"] == []


def test_a_repair_marks_nothing_as_missing(shelf: Shelf) -> None:
    shelf.sidecar(1).unlink()
    (shelf.show_folder(1) / "Season 01" / "Show S01E01.mkv").unlink()
    shelf.lose(3)

    document = doctor(shelf, "--repair", exit_code=1)

    assert repaired(document) == ["sidecars_written"]
    assert list(standing(document)) == ["folder_gone"]
    assert "missing" not in shelf.states().values()
    assert {file["status"] for file in read_sidecar(shelf.sidecar(1))["files"]} == {"ready"}


def test_another_tag_in_the_sidecar(shelf: Shelf) -> None:
    edit_sidecar(shelf, 2, lambda body: body["user"].update(tags=["sea"], changed_at="2999-01-01T00:00:00Z"))

    (difference,) = checked(shelf, exit_code=1)
    (finding,) = standing(doctor(shelf, exit_code=1)).values()

    assert (difference["tmdb_id"], difference["kind"]) == (2, "user_differs")
    assert (difference["sidecar"]["tags"], difference["index"]["tags"]) == (["sea"], ["comfort"])
    assert (finding["code"], finding["remedy"]) == ("user_differs", "alfred rescan")
    shelf.rescan()
    assert checked(shelf, exit_code=0) == []
    assert shelf.show(2)["tags"] == ["sea"]


def test_what_a_rescan_would_overlook_is_looked_at_after_a_repair(shelf: Shelf) -> None:
    seen = shelf.sidecar(2).stat()
    edit_sidecar(shelf, 2, lambda body: body["files"][0].update(size=99))
    text = shelf.sidecar(2).read_text()
    shelf.sidecar(2).write_text(text + " " * (seen.st_size - len(text.encode())))
    assert shelf.sidecar(2).stat().st_size == seen.st_size
    os.utime(shelf.sidecar(2), ns=(seen.st_atime_ns, seen.st_mtime_ns))

    (finding,) = standing(doctor(shelf, exit_code=1)).values()
    assert (finding["code"], finding["remedy"]) == ("file_differs", "alfred doctor --repair; alfred rescan")
    shelf.rescan()
    assert [one["kind"] for one in checked(shelf, exit_code=1)] == ["file_differs"]

    assert repaired(doctor(shelf, "--repair", exit_code=1)) == ["looked_at_again"]
    shelf.rescan()

    assert checked(shelf, exit_code=0) == []


def test_a_damaged_sidecar_and_one_of_a_newer_alfred(shelf: Shelf) -> None:
    shelf.sidecar(1).write_text('{"format": 2, "tmdb')
    edit_sidecar(shelf, 2, lambda body: body.update(format=99))

    document = doctor(shelf, "--repair", exit_code=1)

    assert [(one["tmdb_id"], one["kind"]) for one in checked(shelf, exit_code=1)] == [
        (1, "sidecar_damaged"),
        (2, "sidecar_too_new"),
    ]
    assert standing(document)["sidecar_damaged"]["remedy"] == "alfred rescan"
    assert standing(document)["sidecar_too_new"]["remedy"] is None
    assert shelf.sidecar(1).read_text() == '{"format": 2, "tmdb'


def test_a_folder_that_no_rescan_has_seen(shelf: Shelf) -> None:
    shelf.add(9)

    assert [(one["tmdb_id"], one["kind"]) for one in checked(shelf, exit_code=1)] == [(9, "folder_unknown")]
    assert standing(doctor(shelf, exit_code=1))["folder_unknown"]["remedy"] == "alfred rescan"


def test_people_see_what_differs(shelf: Shelf) -> None:
    edit_sidecar(shelf, 2, lambda body: body["user"].update(tags=["sea"]))

    run = shelf.alfred("check").ended(1)

    assert run.stdout.splitlines()[0] == "1 difference in 3 folders:"
    assert f"user_differs        2  {name_of(2)}: sidecar tags ['sea']" in run.stdout


# --- the index


def test_a_damaged_index_is_made_anew_and_kept_aside(shelf: Shelf) -> None:
    shelf.lose_index()
    shelf.index.write_bytes(b"no database " * 999)
    document = doctor(shelf, exit_code=1)
    assert standing(document)["index_damaged"]["remedy"] == "alfred doctor --repair"
    assert shelf.alfred("check", "--json").ended(5).json["error"]["code"] == "index_corrupt"

    document = doctor(shelf, "--repair", exit_code=0)

    assert repaired(document) == ["index_made_anew"]
    (kept,) = shelf.index.parent.glob("index.sqlite3.corrupt-*")
    assert kept.read_bytes() == b"no database " * 999
    assert any(kept.name in one["message"] for one in document["findings"] if one["code"] == "kept_aside")
    assert shelf.show(2)["tags"] == ["comfort"]


def test_damage_that_only_a_whole_check_sees_is_mended_too(shelf: Shelf) -> None:
    with shelf.opened() as library:
        database = library.index._database
        database.execute("PRAGMA writable_schema = ON")
        database.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'tmdb_id, status)', 'status, tmdb_id)') "
            "WHERE name = 'file_by_status'"
        )
    assert list(standing(doctor(shelf, exit_code=1))) == ["index_damaged"]

    assert repaired(doctor(shelf, "--repair", exit_code=0)) == ["index_made_anew"]
    assert shelf.show(2)["tags"] == ["comfort"]


def test_an_index_that_is_gone_is_made_anew(shelf: Shelf) -> None:
    shelf.lose_index()
    assert list(standing(doctor(shelf, exit_code=1))) == ["index_missing"]
    assert not shelf.index.exists()

    assert repaired(doctor(shelf, "--repair", exit_code=0)) == ["index_made_anew"]
    assert set(shelf.listed()) == {1, 2, 3}


def test_a_journal_mode_is_corrected(shelf: Shelf) -> None:
    with shelf.opened() as library:
        library.index._database.execute("PRAGMA journal_mode = delete")
    document = doctor(shelf, exit_code=1)
    if standing(document) == {}:
        pytest.skip("the tests run on a network file system")

    assert list(standing(document)) == ["journal_mode"]
    assert repaired(doctor(shelf, "--repair", exit_code=0)) == ["journal_mode_corrected"]


def test_old_half_written_files_are_removed_and_young_ones_stay(shelf: Shelf) -> None:
    old = shelf.sidecar(1).with_name(HALF_WRITTEN)
    young = shelf.sidecar(2).with_name(HALF_WRITTEN)
    for path in (old, young):
        path.write_text("{")
    two_hours_ago = time.time() - 7200
    os.utime(old, (two_hours_ago, two_hours_ago))
    assert list(standing(doctor(shelf, exit_code=1))) == ["abandoned_files"]

    document = doctor(shelf, "--repair", "--dry-run", exit_code=1)
    assert (repaired(document), old.exists()) == (["abandoned_removed"], True)

    assert repaired(doctor(shelf, "--repair", exit_code=0)) == ["abandoned_removed"]
    assert (old.exists(), young.exists()) == (False, True)


# --- disks that refuse


def test_a_library_that_cannot_be_written_to(shelf: Shelf) -> None:
    prefix = without_roots_rights()
    if prefix is None:
        pytest.skip("the tests run as root, and nothing here can take a process root's rights away")
    shelf.prefix = prefix
    shelf.sidecar(1).unlink()
    folders = [shelf.marker.parent, shelf.sidecar(1).parent]
    for folder in folders:
        folder.chmod(0o555)
    try:
        document = doctor(shelf, "--repair", exit_code=1)
    finally:
        for folder in folders:
            folder.chmod(0o755)

    assert {"root_read_only", "index_read_only", "sidecar_missing", "repair_failed"} <= set(standing(document))
    assert checked(shelf, exit_code=1) != []


def test_a_sidecar_that_may_not_be_read(shelf: Shelf) -> None:
    prefix = without_roots_rights()
    if prefix is None:
        pytest.skip("the tests run as root, and nothing here can take a process root's rights away")
    shelf.prefix = prefix
    shelf.sidecar(1).chmod(0o000)

    document = doctor(shelf, "--repair", exit_code=1)

    shelf.sidecar(1).chmod(0o644)
    assert list(standing(document)) == ["sidecar_unreadable"]


def test_a_small_disk_that_is_full(shelf: Shelf, tmp_path: Path) -> None:
    with own_mounts() as mounts:
        small = tmp_path / "small"
        small.mkdir()
        if mounts is None or not mounts.mount_memory(small, size="2m"):
            pytest.skip("nothing can be mounted here")
        other = Shelf(tmp_path, prefix=mounts.prefix, root=small, variables=shelf.variables)
        inside = mounts.seen_at(small)
        other.alfred("init", str(small)).ended(0)
        inside_show = inside / name_of(5)
        inside_show.mkdir()
        (inside_show / "Show S01E01.mkv").write_text("x")
        other.alfred("rescan").ended(0)
        (inside_show / ".alfred" / "release.json").unlink()
        _fill(inside / "filler")

        found = [one["code"] for one in doctor(other, exit_code=1)["findings"]]
        document = doctor(other, "--repair", exit_code=1)

        assert {"space_low", "sidecar_missing"} <= set(found)
        assert {"sidecar_missing", "repair_failed"} <= set(standing(document))
        assert [path.name for path in (inside_show / ".alfred").iterdir()] == []
        assert set(other.listed()) == {5}
        refused = other.alfred("tag", "5", "--add", "comfort", "--json").ended(1)
        assert refused.json["error"]["code"] == "disk_full"


def _fill(path: Path) -> None:
    """Write until nothing more goes in."""
    with path.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue


# --- the token


def probe(shelf: Shelf, url: str, token: str | None, *, exit_code: int) -> Finding:
    variables = {"ALFRED_TMDB_BASE_URL": url, "ALFRED_TMDB_TOKEN": token or ""}
    document = doctor(shelf, "--probe", exit_code=exit_code, env=variables)
    (last,) = [one for one in document["findings"] if one["check"] == "token"][-1:]
    return dict(last)


def test_a_token_that_is_accepted_takes_one_request(shelf: Shelf, tmdb: StandIn) -> None:
    finding = probe(shelf, tmdb.url, TOKEN, exit_code=0)

    assert (finding["code"], finding["severity"]) == ("probe_accepted", "ok")
    assert [(request.path, request.credential) for request in tmdb.requests] == [("/3/configuration", "bearer")]


def test_a_token_that_is_refused(shelf: Shelf, tmdb: StandIn) -> None:
    finding = probe(shelf, tmdb.url, "another-token", exit_code=1)

    assert (finding["code"], finding["severity"]) == ("probe_auth_error", "error")
    assert "another-token" not in finding["message"]
    assert tmdb.total == 1


def test_a_provider_that_refuses_the_connection_is_asked_once(shelf: Shelf) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}/3"
        finding = probe(shelf, url, TOKEN, exit_code=1)

    assert finding["code"] == "probe_connection_refused"


def test_without_a_token_nothing_is_asked(shelf: Shelf, tmdb: StandIn) -> None:
    finding = probe(shelf, tmdb.url, None, exit_code=1)

    assert (finding["code"], tmdb.total) == ("token_missing", 0)


def test_without_being_asked_to_the_doctor_asks_nobody(shelf: Shelf, tmdb: StandIn) -> None:
    doctor(shelf, exit_code=0, env={"ALFRED_TMDB_BASE_URL": tmdb.url})

    assert tmdb.total == 0


def test_an_unknown_option_is_wrong_usage(shelf: Shelf) -> None:
    run: Run = shelf.alfred("doctor", "--mend")

    assert run.exit_code == 2

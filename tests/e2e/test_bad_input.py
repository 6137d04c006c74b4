"""Wrong usage, wrong settings, libraries that are not there: one line, the right exit code, nothing changed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from alfred.demo.shows import FOLDERS, LIGHTHOUSE, MARMALADE
from alfred.demo.stand_in import StandIn
from tests.e2e.machine import Machine, complaint_of, tree

COMMANDS = ("init", "rescan", "sync", "list", "show", "wanted", "explain")
SECRET = "a-secret-that-was-pasted-there"  # noqa: S105  (it opens nothing)

# --- usage


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("sync", "TMDB_ID"),
        ("sync abc", "'abc'"),
        ("sync 0", "'0'"),
        ("sync -1", "'-1'"),
        ("sync 1.5", "'1.5'"),
        ("sync 99999999999999999999999", "99999999999999999999999"),
        ("sync 9000001 abc", "'abc'"),
        ("rescan abc", "'abc'"),
        ("show", "TMDB_ID"),
        ("show 9000001 9000002", "9000002"),
        ("show 9000001 --season -1", "--season"),
        ("show 9000001 --season 77", "77"),
        ("explain", "TMDB_ID"),
        ("wanted --limit 0", "--limit"),
        ("list --state nonsense", "nonsense"),
        ("list --skip nonsense", "nonsense"),
        ("list --library", "--library"),
        ("init", "ROOT"),
        ("nonsense", "nonsense"),
        ("--nonsense list", "--nonsense"),
    ],
)
def test_wrong_usage_is_refused_and_named(arguments: str, named: str, synced: Machine, tmdb: StandIn) -> None:
    before = tree(synced.root)

    run = synced.alfred("--json", *arguments.split())

    assert named in complaint_of(run, 2)
    assert run.json["error"]["code"] == "usage"
    assert tmdb.total == 0
    assert tree(synced.root) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_a_command_does_not_know_is_wrong_usage(command: str, machine: Machine) -> None:
    assert "--nonsense" in complaint_of(machine.alfred(command, "--nonsense"), 2)


# --- settings


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("TMDB_CACHE_TTL_DAYS", "soon", "whole number"),
        ("TMDB_CACHE_TTL_DAYS", "-1", "from 0"),
        ("TMDB_CACHE_TTL_DAYS", "3.5", "whole number"),
        ("TMDB_TTL_POLICY", "sometimes", "fixed or adaptive"),
        ("TMDB_REQUESTS_PER_SECOND", "nan", "number"),
        ("TMDB_TIMEOUT_SECONDS", "0", "number of seconds"),
        ("TMDB_BASE_URL", "ftp://example.org", "http"),
        ("TMDB_LANGUAGE", "english", "language"),
        ("WORKERS", "0", "from 1"),
        ("ORPHAN_AGE_MINUTES", "an hour", "whole number"),
        ("INDEX_URL", "postgresql://somewhere", "sqlite:///"),
    ],
)
def test_a_variable_of_the_wrong_kind_is_named_with_its_value(
    name: str, value: str, expected: str, machine: Machine
) -> None:
    run = machine.alfred("list", "--json", env={f"ALFRED_{name}": value})

    said = complaint_of(run, 2)
    assert f"ALFRED_{name}" in said
    assert expected in said
    assert repr(value) in said or name == "TMDB_BASE_URL"
    assert run.json["error"]["code"] == "usage"


@pytest.mark.parametrize(
    ("line", "named", "shown"),
    [
        ("tmdb_cache_ttl_days = 'soon'", "tmdb_cache_ttl_days", "'soon'"),
        ("tmdb_cache_ttl_days = true", "tmdb_cache_ttl_days", "True"),
        ("workers = [8]", "workers", "[8]"),
        ("tmdb_language = 7", "tmdb_language", "7"),
        ("index_url = {}", "index_url", "{}"),
        ("link_targets = 7", "link_targets", "7"),
        ("link_targets = [7]", "link_targets", "7"),
        ("tmdb_cache_ttl_dais = 7", "tmdb_cache_ttl_dais", "tmdb_cache_ttl_days"),
        ("[tmdb]\ntoken = 'x'", "tmdb", "tmdb_token"),
        ("workers = = 8", "settings.toml", "TOML"),
    ],
)
def test_a_settings_file_of_the_wrong_kind_is_named(line: str, named: str, shown: str, machine: Machine) -> None:
    machine.write_settings(line)

    said = complaint_of(machine.alfred("list"), 2)

    assert named in said
    assert shown in said
    assert str(machine.settings_file) in said


def test_a_settings_file_that_is_not_utf8_is_refused(machine: Machine) -> None:
    machine.write_settings("")
    machine.settings_file.write_bytes(b"library = '\xff'")

    assert str(machine.settings_file) in complaint_of(machine.alfred("list"), 2)


def test_a_settings_file_that_is_a_folder_is_refused(machine: Machine) -> None:
    machine.settings_file.mkdir(parents=True)

    assert str(machine.settings_file) in complaint_of(machine.alfred("list"), 2)


@pytest.mark.parametrize("value", [f"['{SECRET}']", f"{{a = '{SECRET}'}}", "4711"])
def test_a_token_of_the_wrong_kind_is_not_printed(value: str, machine: Machine) -> None:
    machine.token = None
    machine.write_settings(f"tmdb_token = {value}")

    said = complaint_of(machine.alfred("list"), 2)

    assert "tmdb_token" in said
    assert SECRET not in said
    assert "4711" not in said.replace(str(machine.folder), "")


@pytest.mark.parametrize(
    "url",
    [
        f"https://api.themoviedb.org/3?api_key={SECRET}",
        f"https://user:{SECRET}@api.themoviedb.org/3",
        f"https://api.themoviedb.org/3#{SECRET}",
        f"api.themoviedb.org/3?api_key={SECRET}",
    ],
)
def test_a_key_that_was_pasted_into_an_address_is_not_printed(url: str, synced: Machine) -> None:
    run = synced.alfred(
        "sync", str(LIGHTHOUSE), "--force", "--json", "--verbose", env={"ALFRED_TMDB_BASE_URL": url}
    )

    assert "ALFRED_TMDB_BASE_URL" in complaint_of(run, 2)
    assert SECRET not in run.stdout + run.stderr


def test_a_bad_setting_does_not_keep_help_and_version_away(machine: Machine) -> None:
    machine.write_settings("workers = = 8")

    for arguments in (("--version",), ("--help",), ("sync", "--help")):
        assert machine.alfred(*arguments).done().complaints == []


def test_a_variable_that_is_empty_counts_as_not_set(synced: Machine) -> None:
    synced.alfred("list", env={"ALFRED_TMDB_CACHE_TTL_DAYS": "", "ALFRED_TMDB_TOKEN": ""}).done()


def test_the_environment_goes_over_the_file_and_the_file_over_the_default(synced: Machine) -> None:
    synced.write_settings("tmdb_cache_ttl_days = 0")
    assert {entry["state"] for entry in synced.listed().values()} == {"stale"}

    synced.variables["ALFRED_TMDB_CACHE_TTL_DAYS"] = "7"
    assert {entry["state"] for entry in synced.listed().values()} == {"fresh"}


# --- the library


def test_outside_of_any_library_the_way_into_one_is_told(machine: Machine) -> None:
    run = machine.alfred("list", "--json", cwd=machine.root)

    assert "alfred init" in complaint_of(run, 5)
    assert run.json["error"]["code"] == "not_a_library"


@pytest.mark.parametrize(
    "command", ["rescan", "sync 9000001", "list", "show 9000001", "wanted", "explain 9000001"]
)
def test_a_folder_that_is_no_library_is_left_alone(command: str, machine: Machine) -> None:
    (machine.root / "Show [tmdbid-9000001]").mkdir()

    run = machine.alfred(*command.split(), "--json")

    assert str(machine.root) in complaint_of(run, 5)
    assert run.json["error"]["code"] == "not_a_library"
    assert os.listdir(machine.root) == ["Show [tmdbid-9000001]"]  # noqa: PTH208  (hidden files too, and no order)


@pytest.mark.parametrize("command", ["init", "rescan", "list", "sync 9000001"])
def test_a_root_that_is_not_there_is_offline(command: str, machine: Machine) -> None:
    place = machine.folder / "unplugged"
    arguments = [command, str(place)] if command == "init" else command.split()

    run = machine.alfred(*arguments, "--json", library=place)

    assert str(place) in complaint_of(run, 5)
    assert run.json["error"]["code"] == "root_offline"
    assert not place.exists()


@pytest.mark.parametrize("command", ["init", "rescan", "list", "sync 9000001"])
def test_a_root_that_is_a_file_is_refused(command: str, machine: Machine) -> None:
    place = machine.folder / "file"
    place.write_bytes(b"not a folder")
    arguments = [command, str(place)] if command == "init" else command.split()

    assert str(place) in complaint_of(machine.alfred(*arguments, library=place), 5)
    assert place.read_bytes() == b"not a folder"


def test_a_root_that_vanished_keeps_everything_until_it_is_back(synced: Machine, tmdb: StandIn) -> None:
    before, shown = tree(synced.root), synced.show(LIGHTHOUSE)
    synced.root.rename(synced.folder / "elsewhere")

    for command in ("rescan", "list", f"sync {LIGHTHOUSE} --force", f"show {LIGHTHOUSE}"):
        assert "mount" in complaint_of(synced.alfred(*command.split()), 5)

    assert tmdb.total == 0
    assert not synced.root.exists()
    (synced.folder / "elsewhere").rename(synced.root)
    assert (tree(synced.root), synced.show(LIGHTHOUSE)) == (before, shown)


def test_an_unmounted_root_marks_nothing(synced: Machine) -> None:
    before = tree(synced.root)
    synced.root.rename(synced.folder / "disk")
    (synced.root / "lost+found").mkdir(parents=True)
    (synced.root / ".alfred").mkdir()

    run = synced.alfred("rescan", "--json")

    assert "mount" in complaint_of(run, 5)
    assert sorted(path.name for path in synced.root.rglob("*")) == [".alfred", "lost+found"]
    shutil.rmtree(synced.root)
    (synced.folder / "disk").rename(synced.root)
    assert tree(synced.root) == before


def test_with_the_index_elsewhere_an_offline_root_keeps_its_files(
    machine: Machine, adopted_template: Path
) -> None:
    shutil.copytree(adopted_template / "TV", machine.root, dirs_exist_ok=True)
    (machine.root / ".alfred/index.sqlite3").unlink()
    machine.variables["ALFRED_INDEX_URL"] = f"sqlite:///{machine.folder / 'kept.sqlite3'}"
    machine.alfred("rescan").done()
    machine.alfred("sync", str(LIGHTHOUSE)).done()
    before = machine.show(LIGHTHOUSE)
    machine.root.rename(machine.folder / "elsewhere")

    run = machine.alfred("sync", str(LIGHTHOUSE), "--force", "--json").done()

    assert run.json["warnings"] == ["root offline"]
    assert run.json["outcome"] == "refreshed"
    now = machine.show(LIGHTHOUSE)
    assert {key for key in now if now[key] != before[key]} == {"fetched_at"}
    complaint_of(machine.alfred("rescan"), 5)
    (machine.folder / "elsewhere").rename(machine.root)
    assert machine.alfred("rescan", "--json").done().json["changed"] == []


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"format": 1}', b'{"format": "one"}', b"\xff\xfe", b'{"format": 2}']
)
def test_a_marker_that_cannot_be_used_is_left_alone(content: bytes, synced: Machine) -> None:
    synced.marker.write_bytes(content)
    before = tree(synced.root)

    for arguments in (("rescan", "--json"), ("init", str(synced.root))):
        assert str(synced.marker) in complaint_of(synced.alfred(*arguments), 5)

    assert tree(synced.root) == before


# --- what cannot be written to

READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'


def read_only(*folders: Path) -> list[str]:
    """Return the beginning of a command line that runs its rest where these folders are read-only."""
    prefix = [
        word for folder in folders for word in ("unshare", "--mount", "sh", "-c", READ_ONLY, "sh", str(folder))
    ]
    tried = shutil.which("unshare") and subprocess.run([*prefix, "true"], capture_output=True, check=False)
    if not tried or tried.returncode:
        pytest.skip("this user may not mount a folder read-only")
    return prefix


@pytest.mark.parametrize("command", ["rescan", f"sync {LIGHTHOUSE} --force", f"sync {LIGHTHOUSE}"])
def test_a_read_only_root_is_said_by_what_would_write(command: str, synced: Machine, tmdb: StandIn) -> None:
    before = tree(synced.root)

    run = synced.alfred(*command.split(), "--json", prefix=read_only(synced.root))

    assert str(synced.index) in complaint_of(run, 5)
    assert run.json["error"]["code"] == "read_only"
    assert tmdb.total == 0
    assert tree(synced.root) == before


def test_a_read_only_root_is_good_enough_for_queries(synced: Machine) -> None:
    prefix = read_only(synced.root)
    writable = {command: synced.alfred(*command.split()).done() for command in _queries()}
    before = tree(synced.root)

    for command, run in writable.items():
        again = synced.alfred(*command.split(), prefix=prefix).done()
        assert (again.stdout, again.stderr) == (run.stdout, "")

    assert tree(synced.root) == before


def _queries() -> list[str]:
    return ["list --json", f"show {LIGHTHOUSE} --json", "wanted --json", f"explain {LIGHTHOUSE} --json"]


def test_a_read_only_root_that_moved_is_still_the_same_library(synced: Machine) -> None:
    moved = synced.folder / "moved"
    synced.root.rename(moved)

    run = synced.alfred("list", "--json", library=moved, prefix=read_only(moved)).done()

    assert len(run.json["shows"]) == 6


def test_a_read_only_folder_cannot_become_a_library(machine: Machine) -> None:
    run = machine.alfred("init", str(machine.root), prefix=read_only(machine.root))

    assert str(machine.root) in complaint_of(run, 5)
    assert not list(machine.root.iterdir())


def test_sidecars_of_read_only_show_folders_go_to_the_state(machine: Machine, adopted_template: Path) -> None:
    shutil.copytree(adopted_template / "TV", machine.root, dirs_exist_ok=True)
    folders = [FOLDERS[LIGHTHOUSE], FOLDERS[MARMALADE]]
    for folder in folders:
        shutil.rmtree(machine.root / folder / ".alfred")
    (machine.root / ".alfred/index.sqlite3").unlink()
    prefix = read_only(*(machine.root / folder for folder in folders))

    first = machine.alfred("rescan", "--json", prefix=prefix).done()

    assert {LIGHTHOUSE, MARMALADE} <= set(first.json["added"])
    kept = list((machine.state / "sidecars").rglob("*.json"))
    assert len(kept) == len(folders)
    assert len([line for line in first.complaints if str(machine.state) in line]) == 1
    before = tree(machine.folder)
    second = machine.alfred("rescan", "--json", prefix=prefix).done()
    assert (second.json["added"], second.json["changed"], second.complaints) == ([], [], [])
    assert tree(machine.folder) == before
    machine.alfred("sync", str(LIGHTHOUSE), prefix=prefix).done()
    assert machine.show(LIGHTHOUSE)["episodes"]["on_disk"] == 10

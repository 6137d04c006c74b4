"""Prune, the only delete: what it lists, when it asks, and what it never touches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.alfred_process import Shelf, name_of
from tests.e2e.terminal import on_a_terminal


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A library of five shows; 1 is missing since 100 days, 2 since 10, 3 since an hour."""
    shelf = Shelf(tmp_path).init()
    shelf.add(1, 2, 3, 4, 5, episodes=[1])
    shelf.rescanned(now=lambda: ago(days=200))
    for tmdb_id, since in ((1, ago(days=100)), (2, ago(days=10)), (3, ago(hours=1))):
        shelf.take_away(tmdb_id)
        with shelf.opened(now=lambda since=since: since) as library:  # type: ignore[misc]  # a bound default
            assert [gone.value for gone in library.rescan().missing] == [tmdb_id]
    return shelf


def test_a_dry_run_lists_what_would_go_and_deletes_nothing(shelf: Shelf) -> None:
    before = shelf.listed("--all")

    run = shelf.alfred("prune", "--missing-for", "90d", "--dry-run").ended(0)
    assert "1 entry to delete" in run.stdout
    assert "Show 1" in run.stdout
    assert "Show 2" not in run.stdout
    for span, ids in (("90d", [1]), ("1w", [1, 2]), ("30h", [1, 2]), ("101d", [])):
        run = shelf.alfred("prune", "--missing-for", span, "--dry-run", "--json").ended(0)
        assert run.json == {"deleted": ids}

    assert shelf.listed("--all") == before


def test_only_what_has_been_missing_for_so_long_is_deleted(shelf: Shelf) -> None:
    run = shelf.alfred("prune", "--missing-for", "1w", "--yes", "--json").ended(0)

    assert run.json == {"deleted": [1, 2]}
    assert shelf.states() == {3: "missing", 4: "placeholder", 5: "placeholder"}
    assert shelf.alfred("prune", "--missing-for", "1w", "--yes", "--json").ended(0).json == {"deleted": []}
    assert shelf.rescan()["missing"] == []


def test_no_file_is_touched_and_a_show_that_comes_back_has_its_tags_again(shelf: Shelf) -> None:
    shelf.bring_back(1)
    shelf.rescanned()
    shelf.alfred("tag", "1", "--add", "comfort").ended(0)
    shelf.take_away(1)
    with shelf.opened(now=lambda: ago(days=100)) as library:
        library.rescan()
    files = {path: path.read_bytes() for path in shelf.folder.rglob("*") if path.suffix in (".mkv", ".json")}

    run = shelf.alfred("prune", "--missing-for", "90d", "--yes", "--json").ended(0)
    assert run.json == {"deleted": [1]}
    assert all(path.read_bytes() == content for path, content in files.items())

    shelf.bring_back(1)
    assert shelf.rescan()["added"] == [1]
    assert shelf.listed()[1]["tags"] == ["comfort"]


@pytest.mark.parametrize("as_json", [True, False])
def test_without_a_terminal_it_refuses_unless_told_yes(shelf: Shelf, as_json: bool) -> None:
    before = shelf.listed("--all")

    run = shelf.alfred("prune", "--missing-for", "90d", *(["--json"] if as_json else [])).ended(2)

    assert run.stderr == "alfred: 1 entry would be deleted for good: say --yes to do it\n"
    if as_json:
        assert run.json["error"]["code"] == "usage"
    assert shelf.listed("--all") == before


def test_nothing_to_delete_needs_no_yes(shelf: Shelf) -> None:
    assert "Nothing was deleted." in shelf.alfred("prune", "--missing-for", "900d").ended(0).stdout


@pytest.mark.parametrize(
    ("answer", "exit_code", "left"),
    [
        pytest.param("y\n", 0, {2, 3, 4, 5}, id="yes"),
        pytest.param("n\n", 130, {1, 2, 3, 4, 5}, id="no"),
        pytest.param("\n", 130, {1, 2, 3, 4, 5}, id="just enter"),
        pytest.param("\x04", 130, {1, 2, 3, 4, 5}, id="end of input"),
        pytest.param("\x03", 130, {1, 2, 3, 4, 5}, id="Ctrl-C"),
    ],
)
def test_on_a_terminal_it_lists_and_asks(shelf: Shelf, answer: str, exit_code: int, left: set[int]) -> None:
    screen = on_a_terminal(shelf, "prune", "--missing-for", "90d", answer=("for good?", answer))

    assert screen.exit_code == exit_code, screen
    assert screen.text.index("Show 1") < screen.text.index("Delete them for good?")
    assert "Show 4" not in screen.text
    assert set(shelf.listed("--all")) == left


def test_an_entry_that_is_present_is_never_touched(shelf: Shelf) -> None:
    shelf.bring_back(1)
    assert shelf.rescan()["restored"] == [1]

    run = shelf.alfred("prune", "--missing-for", "1h", "--yes", "--json").ended(0)

    assert run.json == {"deleted": [2, 3]}
    assert shelf.states() == dict.fromkeys((1, 4, 5), "placeholder")


def test_an_entry_whose_folder_is_back_is_not_touched_though_no_rescan_said_so(shelf: Shelf) -> None:
    (shelf.folder / "away" / name_of(1)).rename(shelf.root / "Under another name")

    run = shelf.alfred("prune", "--missing-for", "90d", "--yes", "--json").ended(0)

    assert run.json == {"deleted": []}
    assert shelf.rescan()["restored"] == [1]


def test_a_library_that_is_offline_is_never_touched(shelf: Shelf) -> None:
    shelf.marker.rename(shelf.folder / "marker")
    shelf.alfred("prune", "--missing-for", "1h", "--yes").ended(5)
    shelf.marker.parent.rename(shelf.folder / ".alfred")
    shelf.alfred("prune", "--missing-for", "1h", "--yes").ended(5)

    (shelf.folder / ".alfred").rename(shelf.marker.parent)
    (shelf.folder / "marker").rename(shelf.marker)
    assert set(shelf.states()) == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("span", ["", "90", "d", "0d", "-3d", "1.5d", "3 months", "999999d", "90m"])
def test_a_span_of_time_that_is_none_is_refused(shelf: Shelf, span: str) -> None:
    run = shelf.alfred("prune", "--missing-for", span, "--yes").ended(2)

    assert len(run.stderr.splitlines()) == 1
    assert "90d" in run.stderr


def test_the_span_must_be_given(shelf: Shelf) -> None:
    shelf.alfred("prune", "--yes").ended(2)
    assert set(shelf.states()) == {1, 2, 3, 4, 5}


def test_the_longest_span_is_too_long_for_everything(shelf: Shelf) -> None:
    assert shelf.alfred("prune", "--missing-for", "99999w", "--dry-run", "--json").json == {"deleted": []}

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from alfred.application.exceptions import RootOffline
from alfred.application.ports.folders import FolderScan, Problem
from alfred.domain.library.episode_names import read_episode_name
from alfred.domain.library.layout import season_number_of_folder
from alfred.infrastructure.folders import DiskFolders, list_show_folders, scan_show_folder

SHOW = "Show (2010) [tmdbid-1]"
RECORDED_NAMES = Path(__file__).parents[2] / ".." / "shared" / "names"


def put(path: Path, content: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def paths(scan: FolderScan) -> list[str]:
    return [video.path for video in scan.videos]


def test_sub_folders_of_the_root_are_shows(tmp_path: Path) -> None:
    put(tmp_path / SHOW / "S01E01.mkv")
    put(tmp_path / "Other" / "S01E01.mkv")
    put(tmp_path / "loose.mkv")
    put(tmp_path / ".alfred" / "library.json")
    put(tmp_path / "#recycle" / "S01E01.mkv")

    assert list_show_folders(tmp_path).folders == ("Other", SHOW)


def test_a_root_that_is_not_there_is_offline(tmp_path: Path) -> None:
    with pytest.raises(RootOffline, match="gone"):
        list_show_folders(tmp_path / "gone")


def test_a_marker_at_the_root_hides_no_show(tmp_path: Path) -> None:
    put(tmp_path / ".nomedia")
    put(tmp_path / SHOW / "S01E01.mkv")

    assert list_show_folders(tmp_path).folders == (SHOW,)


@pytest.mark.parametrize("group", ["A-F", "#", "A"])
def test_a_folder_named_by_letters_groups_shows(tmp_path: Path, group: str) -> None:
    put(tmp_path / group / "Alf" / "S01E01.mkv")
    put(tmp_path / group / "24" / "S01E01.mkv")

    assert list_show_folders(tmp_path).folders == (f"{group}/24", f"{group}/Alf")


@pytest.mark.parametrize("own", ["Alf [tmdbid-2]/a.txt", "Alf/tvshow.nfo", "Alf/.alfred/release.json"])
def test_a_folder_with_identified_folders_in_it_groups_shows(tmp_path: Path, own: str) -> None:
    put(tmp_path / "Anime" / own)

    assert list_show_folders(tmp_path).folders == ("Anime/" + own.partition("/")[0],)


@pytest.mark.parametrize("own", ["tvshow.nfo", ".alfred/release.json", "Season 1/01.mkv", "S01E01.mkv"])
def test_a_show_named_like_a_group_stays_a_show(tmp_path: Path, own: str) -> None:
    put(tmp_path / "V" / own)
    put(tmp_path / "V" / "Bonus" / "x.mkv")

    assert list_show_folders(tmp_path).folders == ("V",)


def test_videos_are_found_with_size_and_time_sorted_by_path(tmp_path: Path) -> None:
    put(tmp_path / SHOW / "Season 2" / "02.mkv")
    first = put(tmp_path / SHOW / "Season 1" / "01.mkv", "123")
    put(tmp_path / SHOW / "Season 1" / "01.nfo")

    scan = scan_show_folder(tmp_path, SHOW)

    assert paths(scan) == ["Season 1/01.mkv", "Season 2/02.mkv"]
    assert (scan.videos[0].size, scan.videos[0].mtime_ns) == (3, first.stat().st_mtime_ns)
    assert (scan.has_nfo, scan.unreadable, scan.problems) == (False, (), ())


def test_extras_hidden_and_marked_folders_are_passed_over(tmp_path: Path) -> None:
    show = tmp_path / SHOW
    for hidden in ("Extras", "Season 1/Featurettes", "@eaDir", ".actors", "lost+found"):
        put(show / hidden / "x.mkv")
    for marker in (".ignore", ".nomedia", "tmmignore"):
        put(show / f"with {marker}" / "x.mkv")
        put(show / f"with {marker}" / marker)
    put(show / "Season 1" / "._01.mkv")
    put(show / "Season 1" / "sample.mkv")
    put(show / "Season 1" / "01-trailer.mkv")
    put(show / "Season 1" / "01.mkv")
    put(show / "Specials" / "01.mkv")

    assert paths(scan_show_folder(tmp_path, SHOW)) == ["Season 1/01.mkv", "Specials/01.mkv"]


def test_plexignore_is_heeded_in_the_root_and_in_a_show(tmp_path: Path) -> None:
    put(tmp_path / ".plexignore", "# not mine\nOld*\n")
    put(tmp_path / "Old Show" / "S01E01.mkv")
    put(tmp_path / SHOW / ".plexignore", "*.avi\nBonus/*\n")
    put(tmp_path / SHOW / "Bonus" / "x.mkv")
    put(tmp_path / SHOW / "Season 1" / "01.avi")
    put(tmp_path / SHOW / "Season 1" / "01.mkv")

    assert list_show_folders(tmp_path).folders == (SHOW,)
    assert paths(scan_show_folder(tmp_path, SHOW)) == ["Season 1/01.mkv"]


def test_a_show_folder_that_is_gone_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        scan_show_folder(tmp_path, SHOW)


def test_a_folder_too_deep_to_read_is_a_problem_and_keeps_the_rest(tmp_path: Path) -> None:
    put(tmp_path / SHOW / "Season 1" / "01.mkv")
    name = "d" * 250
    handles = [os.open(tmp_path / SHOW, os.O_RDONLY)]
    for _ in range(17):
        os.mkdir(name, dir_fd=handles[-1])
        handles.append(os.open(name, os.O_RDONLY, dir_fd=handles[-1]))

    scan = scan_show_folder(tmp_path, SHOW)

    for handle in reversed(handles):
        os.close(handle)
    assert paths(scan) == ["Season 1/01.mkv"]
    assert len(scan.unreadable) == len(scan.problems) == 1
    assert scan.unreadable[0].startswith(name)


def test_a_folder_without_permission_is_a_problem_and_keeps_the_rest(tmp_path: Path) -> None:
    put(tmp_path / SHOW / "Season 1" / "01.mkv")
    closed = tmp_path / SHOW / "Season 2"
    closed.mkdir()
    closed.chmod(0)
    if os.access(closed, os.R_OK):
        pytest.skip("this user may read every folder")
    try:
        scan = scan_show_folder(tmp_path, SHOW)
        closed.parent.chmod(0)
        whole = scan_show_folder(tmp_path, SHOW)
    finally:
        closed.parent.chmod(0o700)
        closed.chmod(0o700)

    assert (paths(scan), scan.unreadable) == (["Season 1/01.mkv"], ("Season 2",))
    assert scan.problems == (Problem(f"{SHOW}/Season 2", "Permission denied"),)
    assert (paths(whole), whole.unreadable) == ([], ("",))


def test_a_link_within_the_library_is_followed(tmp_path: Path) -> None:
    put(tmp_path / "Store [tmdbid-9]" / "S01E01.mkv")
    put(tmp_path / SHOW / "Season 1" / "01.mkv")
    (tmp_path / SHOW / "More").symlink_to(tmp_path / "Store [tmdbid-9]")

    scan = scan_show_folder(tmp_path, SHOW)

    assert paths(scan) == ["More/S01E01.mkv", "Season 1/01.mkv"]
    assert scan.problems == ()


@pytest.mark.parametrize("target", [".", "..", "Season 1"])
def test_a_link_that_loops_or_shows_files_twice_is_reported_and_not_followed(tmp_path: Path, target: str) -> None:
    put(tmp_path / SHOW / "Season 1" / "01.mkv")
    (tmp_path / SHOW / "Again").symlink_to(target)

    scan = scan_show_folder(tmp_path, SHOW)

    assert paths(scan) == ["Season 1/01.mkv"]
    assert [problem.path for problem in scan.problems] == [f"{SHOW}/Again"]


def test_links_that_lead_to_each_other_end(tmp_path: Path) -> None:
    for name, other in (("A", "B"), ("B", "A")):
        put(tmp_path / name / "S01E01.mkv")
        (tmp_path / name / "to the other").symlink_to(tmp_path / other)

    scan = scan_show_folder(tmp_path, "A")

    assert paths(scan) == ["S01E01.mkv", "to the other/S01E01.mkv"]
    assert [problem.path for problem in scan.problems] == ["A/to the other/to the other"]


def test_a_link_to_itself_is_reported(tmp_path: Path) -> None:
    put(tmp_path / SHOW / "01.mkv")
    (tmp_path / SHOW / "Season 1").symlink_to("Season 1")

    scan = scan_show_folder(tmp_path, SHOW)

    assert paths(scan) == ["01.mkv"]
    assert f"{SHOW}/Season 1" in [problem.path for problem in scan.problems]


def test_a_link_out_of_the_library_is_followed_only_where_its_target_is_allowed(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "tv", tmp_path / "disk2"
    put(elsewhere / "Season 1" / "01.mkv")
    put(elsewhere / "S02E01.mkv")
    put(root / SHOW / "S03E01.mkv")
    (root / SHOW / "Season 1").symlink_to(elsewhere / "Season 1")
    (root / SHOW / "S02E01.mkv").symlink_to(elsewhere / "S02E01.mkv")
    (root / "Linked").symlink_to(elsewhere)

    refused, allowed = DiskFolders(root), DiskFolders(root, allowed_targets=[elsewhere])

    assert paths(refused.scan_show_folder(SHOW)) == ["S03E01.mkv"]
    assert len(refused.scan_show_folder(SHOW).problems) == 2
    assert refused.list_show_folders().folders == (SHOW,)
    assert [problem.path for problem in refused.list_show_folders().problems] == ["Linked"]
    assert paths(allowed.scan_show_folder(SHOW)) == ["S02E01.mkv", "S03E01.mkv", "Season 1/01.mkv"]
    assert allowed.list_show_folders().folders == ("Linked", SHOW)


def test_a_broken_link_to_a_file_is_no_file_and_to_a_folder_is_unreadable(tmp_path: Path) -> None:
    put(tmp_path / SHOW / "01.mkv")
    (tmp_path / SHOW / "02.mkv").symlink_to("gone.mkv")
    (tmp_path / SHOW / "Season 2").symlink_to(tmp_path / "unmounted" / "Season 2")

    scan = scan_show_folder(tmp_path, SHOW)

    assert paths(scan) == ["01.mkv"]
    assert scan.unreadable == ("Season 2",)


def test_a_name_that_is_not_utf8_is_reported_and_skipped(tmp_path: Path) -> None:
    put(tmp_path / SHOW / "01.mkv")
    try:
        os.close(os.open(os.fsencode(tmp_path / SHOW) + b"/caf\xe9.mkv", os.O_CREAT | os.O_WRONLY))
        (tmp_path / os.fsdecode(b"caf\xe9")).mkdir()
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")

    scan = scan_show_folder(tmp_path, SHOW)

    assert paths(scan) == ["01.mkv"]
    assert [problem.path for problem in scan.problems] == [f"{SHOW}/caf\\xe9.mkv"]
    assert list_show_folders(tmp_path).folders == (SHOW,)
    assert [problem.path for problem in list_show_folders(tmp_path).problems] == ["caf\\xe9"]


def test_what_is_no_regular_file_is_neither_video_nor_nfo(tmp_path: Path) -> None:
    put(tmp_path / SHOW / "01.mkv")
    for name in ("02.mkv", "tvshow.nfo", ".plexignore"):
        os.mkfifo(tmp_path / SHOW / name)
    (tmp_path / SHOW / "03.mkv").mkdir()

    scan = scan_show_folder(tmp_path, SHOW)

    assert (paths(scan), scan.has_nfo) == (["01.mkv"], False)
    assert DiskFolders(tmp_path).read_nfo(SHOW) == ""


def test_the_nfo_is_read_whatever_its_encoding(tmp_path: Path) -> None:
    put(tmp_path / SHOW / "01.mkv")
    (tmp_path / SHOW / "tvshow.nfo").write_bytes(b"<tmdbid>1</tmdbid> caf\xe9")

    assert scan_show_folder(tmp_path, SHOW).has_nfo
    assert DiskFolders(tmp_path).read_nfo(SHOW).startswith("<tmdbid>1</tmdbid>")
    assert DiskFolders(tmp_path).read_nfo("gone") == ""
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / SHOW / "tvshow.nfo").write_bytes("<tmdbid>1</tmdbid>\r\ncaf\u00e9".encode(encoding))
        assert DiskFolders(tmp_path).read_nfo(SHOW) == "<tmdbid>1</tmdbid>\ncaf\u00e9"


def touch_video(show: Path) -> None:
    os.utime(show / "01.mkv", ns=(1, 1))


def grow_video(show: Path) -> None:
    before = (show / "01.mkv").stat()
    put(show / "01.mkv", "grown")
    os.utime(show / "01.mkv", ns=(before.st_atime_ns, before.st_mtime_ns))


def add_video(show: Path) -> None:
    put(show / "02.mkv")


def add_nfo(show: Path) -> None:
    put(show / "tvshow.nfo")


def break_link(show: Path) -> None:
    (show / "Season 2").symlink_to("gone")


@pytest.mark.parametrize("change", [touch_video, grow_video, add_video, add_nfo, break_link])
def test_the_signature_changes_with_what_the_record_depends_on(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    put(tmp_path / SHOW / "01.mkv")
    before = scan_show_folder(tmp_path, SHOW).signature

    change(tmp_path / SHOW)

    assert scan_show_folder(tmp_path, SHOW).signature != before


def test_the_signature_stays_while_only_other_files_change(tmp_path: Path) -> None:
    put(tmp_path / SHOW / "01.mkv")
    before = scan_show_folder(tmp_path, SHOW).signature

    put(tmp_path / SHOW / "01.srt")
    put(tmp_path / SHOW / ".alfred" / "release.json")

    assert scan_show_folder(tmp_path, SHOW).signature == before


def recorded_rows(file: str) -> list[dict[str, str]]:
    path = RECORDED_NAMES / file
    if not path.is_file():
        pytest.skip("the recorded names are not beside this checkout")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [row for row in rows if row["active"] == "1"]


def numbers(cell: str) -> list[int]:
    return [int(number) for number in cell.strip("[]").split(",") if number]


def is_read_as_sonarr_does(row: dict[str, str]) -> bool:
    reading = read_episode_name(row["raw"])
    if row["check"] == "reject":
        return not reading.episodes and not reading.absolute and reading.air_date is None
    if row["air_date"]:
        return str(reading.air_date) == row["air_date"]
    if numbers(row["absolute"]) and not numbers(row["episodes"]):
        return list(reading.absolute) == numbers(row["absolute"])
    is_season_right = not row["season"] or reading.season == int(row["season"])
    return is_season_right and (not row["episodes"] or list(reading.episodes) == numbers(row["episodes"]))


def is_read_as_jellyfin_does(row: dict[str, str]) -> bool:
    if row["is_season_folder"]:
        season = season_number_of_folder(row["path"].rpartition("/")[2])
        return str(season) == (row["season"] if row["is_season_folder"] == "1" else "None")
    reading = read_episode_name(row["path"].replace("\\", "/"))
    found = reading.episodes or reading.absolute
    return (
        (not row["season"] or str(reading.season) == row["season"])
        and (not row["episode"] or [str(number) for number in found[:1]] == [row["episode"]])
        and (not row["air_date"] or str(reading.air_date) == row["air_date"])
        and (row["ending_episode"] != "null" or len(found) <= 1)
        and (not numbers(row["ending_episode"].replace("null", "")) or str(found[-1]) == row["ending_episode"])
    )


def test_most_names_of_other_programs_are_read_as_they_read_them() -> None:
    sonarr = [
        row for row in recorded_rows("sonarr_cases.tsv") if row["check"] in {"parse", "parse_path", "reject"}
    ]
    jellyfin = recorded_rows("jellyfin_cases.tsv")

    assert sum(map(is_read_as_sonarr_does, sonarr)) / len(sonarr) > 0.82
    assert sum(map(is_read_as_jellyfin_does, jellyfin)) / len(jellyfin) > 0.94

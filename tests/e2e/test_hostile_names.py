"""Names come from the network and from disks: printed they do nothing, in JSON they are exact."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alfred.demo.shows import FOLDERS, KETTLE, LIGHTHOUSE
from alfred.demo.stand_in import StandIn
from tests.e2e.machine import TOKEN, Machine, tree
from tests.e2e.terminal import on_a_terminal

NASTY = (
    "Evil\x1b[31m red\x1b]0;title\x07 [bold red]loud[/bold red] :bomb: "
    "\u202egnp.exe\u2066 \u200f\x9b2J a\tb\rc\nd\x00"
)
SHOWN = NASTY.encode("unicode_escape").decode()
DANGEROUS = "\x1b\x07\x9b\r\x00\u202e\u2066\u200f\u2028"
FOLDER = "Bad\x1b[2J\u202e [red]\nname [tmdbid-9000001]"


@pytest.fixture
def hostile(machine: Machine, provider_folder: Path, tmp_path: Path) -> Iterator[Machine]:
    """A library whose one show has nasty names wherever there are names."""
    folder = tmp_path / "hostile"
    shutil.copytree(provider_folder, folder)
    rename(folder / f"tv/{LIGHTHOUSE}.json", lambda body: body.update(name=NASTY, status=NASTY))
    for season in (0, 1, 2):
        rename(folder / f"tv/{LIGHTHOUSE}/season_{season}.json", with_nasty_titles)
    video = machine.root / FOLDER / "Season 1" / "S01E01 \x1b[31m[bold]x\n\u202e.mkv"
    video.parent.mkdir(parents=True)
    video.write_bytes(b"video")
    (video.parent / "S01E77 \x07.mkv").write_bytes(b"video")
    with StandIn(folder, tokens=[TOKEN]) as server:
        machine.provider_url = server.url
        machine.alfred("init", str(machine.root)).done()
        yield machine


def rename(file: Path, change: Any) -> None:
    body = json.loads(file.read_bytes())
    change(body)
    file.write_text(json.dumps(body), encoding="utf-8")


def with_nasty_titles(body: Any) -> None:
    for episode in body["episodes"]:
        episode["name"] = NASTY


def test_nasty_names_are_printed_harmlessly_and_given_exactly(hostile: Machine) -> None:
    runs = [
        hostile.alfred(*command.split()).done()
        for command in (
            "rescan",
            f"sync {LIGHTHOUSE}",
            "list",
            f"show {LIGHTHOUSE}",
            f"show {LIGHTHOUSE} --season 1",
            "wanted",
            f"explain {LIGHTHOUSE}",
        )
    ]

    for run in runs:
        assert not set(DANGEROUS) & set(run.stdout + run.stderr), run
    for run in runs[1:]:
        assert SHOWN in run.stdout, run
    assert len(runs[2].stdout.splitlines()) == 2
    document = hostile.alfred("show", str(LIGHTHOUSE), "--json").done()
    assert not set(DANGEROUS) & set(document.stdout)
    entry = document.json
    assert (entry["name"], entry["status"], entry["path"]) == (NASTY, NASTY, FOLDER)
    slot = entry["seasons"][1]["episodes"][0]
    assert slot["title"] == NASTY
    assert slot["files"][0]["path"] == f"{FOLDER}/Season 1/S01E01 \x1b[31m[bold]x\n\u202e.mkv"
    assert entry["unmatched_files"] == [f"{FOLDER}/Season 1/S01E77 \x07.mkv"]
    assert {episode["title"] for episode in hostile.alfred("wanted", "--json").done().json["episodes"]} == {NASTY}


def test_nasty_names_do_nothing_to_a_terminal(hostile: Machine) -> None:
    hostile.alfred("rescan").done()
    hostile.alfred("sync", str(LIGHTHOUSE)).done()

    for command in ("list", f"show {LIGHTHOUSE}", f"show {LIGHTHOUSE} --season 1", "wanted"):
        screen = on_a_terminal(hostile, *command.split(), columns=400)
        assert screen.exit_code == 0
        assert "[bold red]loud[/bold red] :bomb:" in screen.text
        assert not set("\x07\x9b\u202e\u2066\u200f\x00") & set(screen.raw)
        assert "\x1b]" not in screen.raw
        assert "\x1b[2J" not in screen.raw


def test_a_name_that_is_not_utf8_is_named_and_the_rest_goes_on(synced: Machine) -> None:
    episode = os.fsencode(synced.root / FOLDERS[LIGHTHOUSE] / "Season 1") + b"/Lighthouse S01E04 caf\xe9.mkv"
    folder = os.fsencode(synced.root) + b"/Caf\xe9 [tmdbid-77]"
    Path(os.fsdecode(folder)).mkdir()
    Path(os.fsdecode(episode)).write_bytes(b"video")
    Path(synced.root / FOLDERS[KETTLE] / "Season 02/Kettle & Crow - S02E03.mkv").write_bytes(b"video")

    run = synced.alfred("rescan", "--json")

    assert run.exit_code == 1
    problems = [problem["path"] for problem in run.json["broken"]]
    assert len(problems) == 2
    assert any("S01E04" in path for path in problems)
    assert any("tmdbid-77" in path for path in problems)
    assert run.json["changed"] == [KETTLE]
    shown = synced.alfred("rescan")
    assert shown.exit_code == 1
    assert "S01E04" in shown.stdout
    for command in ("list", f"show {LIGHTHOUSE}"):
        synced.alfred(*command.split()).done()


@pytest.mark.parametrize("where", ["LC_ALL=C", "PYTHONIOENCODING=ascii", "LC_ALL=POSIX"])
def test_a_terminal_that_knows_only_ascii_gets_all_it_can_show(where: str, synced: Machine) -> None:
    name, _, value = where.partition("=")
    env = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", name: value}

    run = synced.alfred("list", env=env).done()
    document = synced.alfred("list", "--json", env=env).done()

    assert "Kettle & Crow" in run.stdout
    assert run.stdout_bytes.isascii()
    assert document.stdout_bytes.isascii()
    names = [entry["name"] for entry in json.loads(document.stdout)["shows"]]
    assert "夜ふかし図書館" in names


def test_arguments_that_are_not_utf8_are_refused_in_one_line(synced: Machine) -> None:
    before = tree(synced.root)

    run = synced.alfred("--library", b"/caf\xe9/tv", "list", "--json")

    assert run.exit_code == 5
    assert len(run.complaints) == 1
    assert list(run.json) == ["error"]
    assert synced.alfred("sync", b"\xe9").exit_code == 2
    assert tree(synced.root) == before

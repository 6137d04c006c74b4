from __future__ import annotations

import json
import subprocess
import sys

import pytest


def parse(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "alfred", "parse", *words], input=stdin, capture_output=True, check=False
    )


def test_names_are_read_without_a_library() -> None:
    done = parse("--json", "Lamplighters (2019) - S01E02 - Fog [1080p].mkv")

    (name,) = json.loads(done.stdout)["names"]
    assert (done.returncode, done.stderr) == (0, b"")
    assert (name["title"], name["year"], name["season"], name["episodes"]) == ("Lamplighters", 2019, 1, [2])
    assert (name["absolute"], name["air_date"], name["decided_by"]) == ([], None, "season_episode")


def test_names_come_from_stdin_one_a_line_whatever_their_bytes() -> None:
    done = parse("-", "--json", stdin=b"caf\xe9 S01E02.mkv\n\n[Group] Lamp - 07 [720p].mkv\r\n")

    names = json.loads(done.stdout)["names"]
    assert [(name["season"], name["episodes"], name["absolute"]) for name in names] == [
        (1, [2], []),
        (None, [], [7]),
    ]


def test_a_disagreement_with_the_folder_is_told() -> None:
    assert b"its folder says season 1" in parse("Season 1/Lamplighters S02E05.mkv").stdout


def test_no_name_is_wrong_usage() -> None:
    done = parse()

    assert done.returncode == 2
    assert b"NAME" in done.stderr


@pytest.mark.parametrize("name", ["Lamplighters S01E02.mkv", "[Group] Lamp - 07 [720p].mkv", "Making Of.mkv"])
def test_a_certain_name_loads_nothing_heavy(name: str) -> None:
    script = (
        "import sys; from alfred.cli.main import run; run(['parse', sys.argv[1]]);"
        "sys.exit(str({'guessit', 'sqlite3', 'pydantic', 'requests', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, name], capture_output=True, check=False)

    assert done.stderr.strip() == b"set()"

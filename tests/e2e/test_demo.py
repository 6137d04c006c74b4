"""The tour runs the real commands; each of them has to end well."""

from __future__ import annotations

import pytest

from alfred.demo.shows import LIGHTHOUSE
from tests.e2e.alfred_process import Shelf


def test_the_tour_walks_through_the_three_jobs(tmp_path_factory: pytest.TempPathFactory) -> None:
    shelf = Shelf(tmp_path_factory.mktemp("tour"))

    told = shelf.alfred("demo", "--json").ended(0).json

    commands = [command.removeprefix("alfred ") for command in told["commands"]]
    jobs = [f"sync {LIGHTHOUSE}", "refresh --dry-run", "refresh", "rescan", "update"]
    assert [command for command in commands if command in jobs] == [
        "rescan", *jobs[:3], "refresh", "rescan", "rescan", "update", "refresh",
    ]  # fmt: skip
    assert told["requests"] == 2 * (told["shows"] + 1), "each show once, twice, and one of them has many seasons"

"""The tour: the three jobs on a made-up library, with the real commands, against a stand-in for TMDB."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from alfred.demo.shows import FOLDERS, KETTLE, LIGHTHOUSE, write_library, write_provider_folder
from alfred.demo.stand_in import StandIn

TOKEN = "a-token-for-the-stand-in"  # noqa: S105 - it opens nothing but the stand-in


@dataclass(frozen=True, slots=True)
class Tour:
    """A made-up library, and a way to run Alfred on it.

    Args:
        root: the library root.
        environment: what the commands are run with.
        teller: prints one line; None for a silent tour.
        commands: those that were run.
    """

    root: Path
    environment: dict[str, str]
    teller: Callable[[str], None] | None
    commands: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Print one line, unless the tour is silent."""
        if self.teller:
            self.teller(line)

    def alfred(self, *arguments: str) -> None:
        """Run a command as a user would, showing it first.

        Raises:
            RuntimeError: it did not end with 0.
        """
        self.say(f"$ alfred {shlex.join(arguments)}")
        sys.stdout.flush()
        self.commands.append(f"alfred {shlex.join(arguments)}")
        done = subprocess.run(  # noqa: S603 - ourselves
            [sys.executable, "-m", "alfred", *arguments],
            env=self.environment,
            cwd=self.root,
            stdout=None if self.teller else subprocess.DEVNULL,
            stderr=None if self.teller else subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"'alfred {shlex.join(arguments)}' ended with {done.returncode}")
        self.say("")

    def chapter(self, title: str, *lines: str) -> None:
        """Begin a part of the tour."""
        self.say(f"--- {title} ".ljust(100, "-"))
        for line in lines:
            self.say(line)
        self.say("")


def take_tour(workspace: Path, *, today: date, say: Callable[[str], None] | None) -> dict[str, Any]:
    """Make the library in an empty folder and walk through the three jobs.

    Args:
        workspace: the empty folder.
        today: shapes what has aired and what is to come.
        say: prints one line; None for a silent tour.

    Returns:
        The commands that were run, and how many requests they took.

    Raises:
        RuntimeError: a command failed.
    """
    root, provider = workspace / "TV", workspace / "provider"
    root.mkdir()
    provider.mkdir()
    write_library(root)
    write_provider_folder(provider, today)
    with StandIn(provider, tokens=[TOKEN]) as server:
        tour = Tour(root, _environment(workspace, server.url), say)
        _adopt(tour)
        _sync_one(tour)
        _refresh_all(tour)
        _lose_and_regain(tour)
        _forget_the_index(tour)
        tour.say(f"The tour made {server.total} requests to the stand-in for {len(FOLDERS) - 1} shows.")
        return {"commands": tour.commands, "requests": server.total, "shows": len(FOLDERS) - 1}


def _environment(workspace: Path, url: str) -> dict[str, str]:
    """Start from the user's environment, without any of their own settings of Alfred."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ALFRED_")}
    return own | {
        "ALFRED_TMDB_TOKEN": TOKEN,
        "ALFRED_TMDB_BASE_URL": url,
        "ALFRED_STATE_DIR": str(workspace / "state"),
        "XDG_CONFIG_HOME": str(workspace / "config"),
        "NO_PROXY": "127.0.0.1",
    }


def _adopt(tour: Tour) -> None:
    tour.chapter("A library", f"Show folders in {tour.root}:")
    for folder in sorted(path for path in tour.root.rglob("*") if path.is_dir() and _is_shown(path, tour.root)):
        tour.say(f"  {folder.relative_to(tour.root)}/")
    tour.say("")
    tour.alfred("init", str(tour.root))
    tour.alfred("rescan")


def _is_shown(path: Path, root: Path) -> bool:
    relative = path.relative_to(root).as_posix()
    return relative in FOLDERS.values() or (path.parent == root and not path.name.startswith(("@", ".")))


def _sync_one(tour: Tour) -> None:
    tour.chapter("Job 1: sync one show", "One request brings the details and every season.")
    tour.alfred("sync", str(LIGHTHOUSE))
    tour.alfred("show", str(LIGHTHOUSE))


def _refresh_all(tour: Tour) -> None:
    tour.chapter(
        "Job 2: bring everything that is due up to date",
        "First the plan, then the work: what is fresh already costs no request.",
    )
    tour.alfred("refresh", "--dry-run")
    tour.alfred("refresh")
    tour.alfred("refresh")
    tour.alfred("list")
    tour.alfred("wanted", "--no-specials")
    tour.alfred("explain", str(KETTLE))


def _lose_and_regain(tour: Tour) -> None:
    tour.chapter("Job 3: rescan after folders reappear", "A show is tagged, and its folder goes away ...")
    tour.alfred("tag", str(LIGHTHOUSE), "--add", "favourite")
    folder = tour.root / FOLDERS[LIGHTHOUSE]
    elsewhere = tour.root.parent / folder.name
    folder.rename(elsewhere)
    tour.alfred("rescan")
    tour.alfred("list", "--state", "missing")
    tour.say("... and comes back under another name: everything that was known of it is back, the tag too.")
    elsewhere.rename(tour.root / "Lighthouse Inspectors, remastered")
    tour.alfred("rescan")
    tour.alfred("show", str(LIGHTHOUSE))
    tour.say("A timer does both with one command: rescan, then refresh what is due.")
    tour.alfred("update")


def _forget_the_index(tour: Tour) -> None:
    tour.chapter("Nothing is lost", "The index is deleted; the next command makes it anew from the sidecars.")
    for file in (tour.root / ".alfred").glob("index.sqlite3*"):
        file.unlink()
    tour.alfred("list")
    tour.say("Names, tags and files are there; one batch brings TMDB's facts back.")
    tour.alfred("refresh")

"""Where benchmarks work: a temporary folder, a clean environment, the program under test, the machine."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alfred.infrastructure.persistence.marker import create_marker
from alfred.infrastructure.persistence.mounts import file_system_of


@dataclass(frozen=True, slots=True)
class Workspace:
    """One run of the benchmarks.

    Attributes:
        folder: temporary; gone after the run.
        environment: for processes: without the user's own settings, and with compiled modules kept, so that no
            process but the first of its kind compiles anything.
        quick: smaller sizes and fewer rounds, to see that everything works.
        bodies: recorded bodies of TMDB.
    """

    folder: Path
    environment: dict[str, str]
    quick: bool
    bodies: Path

    def size(self, full: int, quick: int) -> int:
        """Return a size or a number of rounds, by how much is to be measured."""
        return quick if self.quick else full

    def new_library(self, name: str) -> Path:
        """Make an empty library root."""
        root = self.folder / name
        root.mkdir()
        create_marker(root, now=datetime.now(UTC))
        return root

    def on_library(self, root: Path) -> dict[str, str]:
        """Return the environment of a process that works on a library."""
        return self.environment | {"ALFRED_LIBRARY": str(root)}

    def discard(self, folder: Path) -> None:
        """Delete what one benchmark made, so that the next one starts with the disk it found."""
        shutil.rmtree(folder)


@contextmanager
def open_workspace(*, quick: bool, bodies: Path) -> Iterator[Workspace]:
    """Make a workspace, and delete it at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="alfred-bench-") as name:
        folder = Path(name)
        dropped = ("ALFRED_", "PYTHON", "FORCE_COLOR")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
        own = {
            "ALFRED_STATE_DIR": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        yield Workspace(folder=folder, environment=kept | own, quick=quick, bodies=bodies)


def alfred(*arguments: str) -> list[str]:
    """Return a command line of Alfred as a user would give it, with the program beside this Python."""
    script = Path(sys.executable).with_name("alfred")
    program = [str(script)] if script.exists() else [sys.executable, "-m", "alfred"]
    return [*program, *arguments]


def machine(folder: Path) -> str:
    """Describe the machine in one line, without its names and paths."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} CPUs ({platform.machine()}), {memory:.0f} GiB, {platform.system()} "
        f"{platform.release().partition('-')[0]}, {file_system_of(folder) or 'unknown file system'}, "
        f"{platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"load {os.getloadavg()[0]:.1f}"
    )

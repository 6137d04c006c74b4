"""A machine with a library of small invented shows, and with other rights and mounts than our own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alfred.application.ports.clock import system_clock
from alfred.composition import Library, initialise
from alfred.settings import Settings
from tests.e2e.machine import TOKEN, Machine, Run

__all__ = (
    "TOKEN",
    "MountSpace",
    "Run",
    "Shelf",
    "file_states",
    "moment",
    "name_of",
    "own_mounts",
    "put_episode",
    "read_sidecar",
    "without_roots_rights",
    "write_invented_show",
)

_COPIED = 1_700_000_000

_WITHOUT_ROOTS_RIGHTS = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)


@dataclass(slots=True)
class Shelf(Machine):
    """A machine whose library has shows that are told apart by their TMDB id alone; it has no token."""

    token: str | None = None

    @property
    def settings(self) -> Settings:
        return Settings(library=self.root, state_dir=self.state)

    def init(self) -> Shelf:
        self.root.mkdir(exist_ok=True)
        initialise(self.root, self.settings)
        return self

    def add(self, *tmdb_ids: int, episodes: Sequence[int] = (1, 2), under: str = "") -> list[Path]:
        """Put shows on the disk, each with so many small episodes."""
        folders = []
        for tmdb_id in tmdb_ids:
            folder = self.root / under / name_of(tmdb_id)
            for episode in episodes:
                put_episode(folder, episode)
            folders.append(folder)
        return folders

    def show_folder(self, tmdb_id: int) -> Path:
        return self.root / name_of(tmdb_id)

    def sidecar(self, tmdb_id: int) -> Path:
        return self.show_folder(tmdb_id) / ".alfred" / "release.json"

    def take_away(self, *tmdb_ids: int) -> Path:
        """Move show folders out of the library, and return where they are."""
        away = self.folder / "away"
        away.mkdir(exist_ok=True)
        for tmdb_id in tmdb_ids:
            self.show_folder(tmdb_id).rename(away / name_of(tmdb_id))
        return away

    def bring_back(self, *tmdb_ids: int) -> None:
        for tmdb_id in tmdb_ids:
            (self.folder / "away" / name_of(tmdb_id)).rename(self.show_folder(tmdb_id))

    def lose(self, *tmdb_ids: int) -> None:
        for tmdb_id in tmdb_ids:
            shutil.rmtree(self.show_folder(tmdb_id))

    def lose_index(self) -> None:
        for path in self.index.parent.glob(self.index.name + "*"):
            path.unlink()

    @contextmanager
    def opened(self, *, now: Callable[[], datetime] = system_clock) -> Iterator[Library]:
        """Open the library in this process, for what a test only begins with."""
        library = Library(self.root, self.settings, now=now)
        try:
            yield library
        finally:
            library.close()

    def rescanned(self, *, now: Callable[[], datetime] = system_clock) -> Shelf:
        """Rescan in this process, as the beginning of a test."""
        with self.opened(now=now) as library:
            library.rescan(accept_missing=True)
        return self

    def rescan(self, *options: str, exit_code: int = 0) -> dict[str, Any]:
        document: dict[str, Any] = self.alfred("rescan", "--json", *options).ended(exit_code).json
        return document

    def states(self) -> dict[int, str]:
        """Return the state of every entry, missing ones too."""
        return {tmdb_id: show["state"] for tmdb_id, show in self.listed("--all").items()}


def name_of(tmdb_id: int) -> str:
    return f"Show {tmdb_id} [tmdbid-{tmdb_id}]"


def put_episode(folder: Path, episode: int, *, season: int = 1) -> Path:
    """Put a file there that has long been as it is."""
    path = folder / f"Season {season:02d}" / f"Show S{season:02d}E{episode:02d}.mkv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x" * (10 + episode), encoding="utf-8")
    settled = _COPIED + 100 * season + episode
    os.utime(path, (settled, settled))
    return path


def file_states(show: Mapping[str, Any]) -> list[str]:
    """Return the state of every slot of a show."""
    return [episode["state"] for season in show["seasons"] for episode in season["episodes"]]


def read_sidecar(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def write_invented_show(provider_folder: Path, tmdb_id: int, *, episodes: int = 3) -> None:
    """Write what the stand-in serves for a show with one season that has aired."""
    season = {
        "id": 7_000_000 + tmdb_id,
        "name": "Season 1",
        "season_number": 1,
        "air_date": "2020-01-01",
        "episode_count": episodes,
        "overview": "",
        "poster_path": None,
        "vote_average": 0.0,
    }
    listed: list[dict[str, Any]] = [
        {
            "id": 1000 * tmdb_id + number,
            "name": f"Title {number}",
            "season_number": 1,
            "episode_number": number,
            "air_date": f"2020-01-{number:02d}",
            "runtime": 30,
            "episode_type": "standard",
            "overview": "",
            "show_id": tmdb_id,
            "still_path": None,
            "vote_average": 0.0,
            "vote_count": 0,
            "production_code": "",
            "crew": [],
            "guest_stars": [],
        }
        for number in range(1, episodes + 1)
    ]
    show = {
        "id": tmdb_id,
        "name": f"Provider's {tmdb_id}",
        "original_name": f"Provider's {tmdb_id}",
        "original_language": "en",
        "status": "Ended",
        "type": "Scripted",
        "in_production": False,
        "first_air_date": "2020-01-01",
        "last_air_date": "2020-01-03",
        "overview": "",
        "poster_path": None,
        "number_of_seasons": 1,
        "number_of_episodes": episodes,
        "seasons": [season],
        "genres": [],
        "networks": [],
    }
    folder = provider_folder / "tv"
    (folder / str(tmdb_id)).mkdir(parents=True, exist_ok=True)
    (folder / f"{tmdb_id}.json").write_text(json.dumps(show), encoding="utf-8")
    body = {"_id": f"{tmdb_id:024x}", **season, "episodes": listed}
    (folder / str(tmdb_id) / "season_1.json").write_text(json.dumps(body), encoding="utf-8")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def without_roots_rights() -> Sequence[str] | None:
    """Return a command that runs another bound by permissions; () where we are already; None where none can."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        return None
    tried = subprocess.run([*_WITHOUT_ROOTS_RIGHTS, "true"], check=False, capture_output=True)
    return _WITHOUT_ROOTS_RIGHTS if tried.returncode == 0 else None


@contextmanager
def own_mounts() -> Iterator[MountSpace | None]:
    """Yield a place where file systems can be mounted and unmounted; None where the machine does not allow it."""
    if not all(shutil.which(tool) for tool in ("unshare", "nsenter", "mount", "umount")):
        yield None
        return
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    holder = subprocess.Popen(
        ["unshare", *user, "--mount", "sh", "-c", "echo ready; exec sleep 600"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        ready = holder.stdout is not None and holder.stdout.readline() == "ready\n"
        yield MountSpace(holder.pid, user=bool(user)) if ready else None
    finally:
        holder.kill()
        holder.communicate()


@dataclass(frozen=True, slots=True)
class MountSpace:
    """Mounts that only the processes see which are started with its prefix."""

    pid: int
    user: bool

    @property
    def prefix(self) -> tuple[str, ...]:
        user = ("--user", "--preserve-credentials") if self.user else ()
        return ("nsenter", f"--target={self.pid}", *user, "--mount")

    def seen_at(self, path: Path) -> Path:
        """Return where we see what those processes see at a path."""
        return Path(f"/proc/{self.pid}/root{path}")

    def run(self, *command: str) -> bool:
        """Run a command there and say whether it worked."""
        done = subprocess.run([*self.prefix, *command], check=False, capture_output=True)
        return done.returncode == 0

    def mount_memory(self, at: Path, *, size: str) -> bool:
        return self.run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(at))

    def bind(self, source: Path, at: Path) -> bool:
        return self.run("mount", "--bind", str(source), str(at))

    def unmount(self, at: Path) -> None:
        assert self.run("umount", str(at))

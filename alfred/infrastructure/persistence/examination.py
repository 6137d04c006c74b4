"""The instruments of a doctor: they look at root, marker, disks, index and leftovers, and write nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alfred.application.exceptions import LibraryUnavailable, RootOffline
from alfred.application.ports.folders import LibraryFolders
from alfred.application.ports.health import (
    HealthFacts,
    LeftoverFacts,
    RootFacts,
    SettingsFacts,
    SpaceFacts,
    StateDirFacts,
    TokenFacts,
)
from alfred.infrastructure.persistence.leftovers import find_leftovers
from alfred.infrastructure.persistence.marker import FOLDER, read_marker
from alfred.infrastructure.persistence.sqlite.inspection import inspect_index


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskInstruments:
    """Looks at one library and what it rests on.

    Args:
        root: the library root; None where nobody said which one is meant.
        no_root: why there is none.
        index: the index file.
        state_dir: where this machine keeps its own state.
        folders: the disk below the root.
        settings, token: what is known of them already.
        now: the clock.
    """

    root: Path | None
    no_root: LibraryUnavailable | None
    index: Path
    state_dir: Path
    folders: LibraryFolders
    settings: SettingsFacts
    token: TokenFacts
    now: Callable[[], datetime]

    def gather(self) -> HealthFacts:
        """Gather the facts, as far as they can be had."""
        now, root = self.now(), self._root_facts()
        usable = self.root if root.error is None else None
        return HealthFacts(
            now=now,
            settings=self.settings,
            root=root,
            spaces=tuple(_spaces([usable, self.index.parent, self.state_dir] if usable else [self.state_dir])),
            state_dir=_state_dir_facts(self.state_dir),
            index=inspect_index(self.index, root=usable, library_id=root.library_id, now=now) if usable else None,
            leftovers=self._leftovers(usable, root.library_id, now) if usable else LeftoverFacts(),
            token=self.token,
        )

    def _root_facts(self) -> RootFacts:
        if self.root is None:
            return RootFacts(path=None, error=self.no_root)
        try:
            marker = read_marker(self.root)
        except LibraryUnavailable as error:
            return RootFacts(path=str(self.root), error=error)
        return RootFacts(
            path=str(self.root),
            library_id=marker.library_id,
            created=marker.created,
            is_writable=os.access(self.root / FOLDER, os.W_OK | os.X_OK),
        )

    def _leftovers(self, root: Path, library_id: str, now: datetime) -> LeftoverFacts:
        fallback = self.state_dir / "sidecars" / library_id
        places = [root / FOLDER, self.index.parent, fallback]
        with suppress(RootOffline):
            places += [root / folder / FOLDER for folder in self.folders.list_show_folders().folders]
        return find_leftovers(root, places, now=now)


def _spaces(places: Iterable[Path]) -> Iterator[SpaceFacts]:
    """Measure the disks that folders are on, each disk once."""
    seen = set()
    for place in places:
        folder = _nearest_folder(place)
        with suppress(OSError):
            device = folder.stat().st_dev
            if device not in seen:
                seen.add(device)
                usage = shutil.disk_usage(folder)
                yield SpaceFacts(str(folder), free=usage.free, total=usage.total)


def _state_dir_facts(path: Path) -> StateDirFacts:
    folder = _nearest_folder(path)
    if folder == path or not os.path.lexists(_child_towards(folder, path)):
        problem = None if os.access(folder, os.W_OK | os.X_OK) else f"{folder} cannot be written to"
    else:
        problem = f"{_child_towards(folder, path)} is not a folder, or cannot be looked into"
    return StateDirFacts(path=str(path), problem=problem)


def _nearest_folder(path: Path) -> Path:
    """Return a folder, or the nearest one above it that is there."""
    absolute = path.absolute()
    return next((folder for folder in (absolute, *absolute.parents) if os.path.isdir(folder)), absolute)  # noqa: PTH112 - a folder that may not be looked at is not there


def _child_towards(folder: Path, path: Path) -> Path:
    return folder / path.absolute().relative_to(folder).parts[0]

"""Looking at everything that a library rests on, and mending it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from alfred.application.exceptions import (
    AlfredError,
    NotALibrary,
)
from alfred.application.ports.clock import system_clock
from alfred.composition.library import open_library
from alfred.composition.places import find_library, index_path, sidecars_of, state_dir_of
from alfred.composition.provider import open_connectivity
from alfred.infrastructure.persistence.marker import (
    read_marker,
)
from alfred.settings import Settings, load_usable_settings, settings_file

if TYPE_CHECKING:  # what only some commands need is imported where it is used: queries start quickly
    from alfred.application.library.check import CheckReport
    from alfred.application.library.doctor import Diagnosis
    from alfred.application.ports.health import HealthFacts


def check(root: Path, settings: Settings, *, now: Callable[[], datetime] = system_clock) -> CheckReport:
    """Compare sidecars and index and change neither; see :func:`alfred.application.library.check.check_library`.

    Raises:
        LibraryUnavailable: no marker, root offline, or the index cannot be read; it is not healed here.
    """
    from alfred.application.library.check import check_library
    from alfred.infrastructure.folders import DiskFolders
    from alfred.infrastructure.persistence.sqlite.inspection import open_recorded

    library_id = read_marker(root).library_id
    with open_recorded(index_path(root, settings), root=root, library_id=library_id, now=now) as recorded:
        return check_library(
            folders=DiskFolders(root, allowed_targets=settings.link_targets),
            sidecars=sidecars_of(root, library_id, settings, now=now),
            index=recorded,
        )


def diagnose(
    given: Path | None,
    *,
    start: Path,
    probe: bool = False,
    repair: bool = False,
    dry_run: bool = False,
    now: Callable[[], datetime] = system_clock,
) -> Diagnosis:
    """Look at everything a library rests on; see :func:`alfred.application.library.doctor.examine`.

    Nothing that is broken raises an error here, not even the settings: it is a finding.

    Args:
        given: the library root, where the user named it.
        start: the folder that the search for one begins in.
        probe: ask the provider once.
        repair: mend what can be mended safely.
        dry_run: with ``repair``, only say what would be mended.
        now: the clock.
    """
    from alfred.application.library.doctor import examine
    from alfred.application.ports.health import SettingsFacts
    from alfred.infrastructure.api.credentials import token_facts
    from alfred.infrastructure.folders import DiskFolders
    from alfred.infrastructure.persistence.examination import DiskInstruments

    settings, problems = load_usable_settings()
    root, no_root = None, None
    try:
        root = find_library(given, settings, start=start)
    except NotALibrary as error:
        no_root = error
    place = root or start
    instruments = DiskInstruments(
        root=root,
        no_root=no_root,
        index=index_path(place, settings),
        state_dir=state_dir_of(settings),
        folders=DiskFolders(place, allowed_targets=settings.link_targets),
        settings=SettingsFacts(str(settings_file()), problems),
        token=token_facts(settings.tmdb_token),
        now=now,
    )
    return examine(
        instruments.gather,
        lambda: check(place, settings, now=now),
        probe=(lambda facts: _probe(facts, settings)) if probe else None,
        tools=_RepairKit(place, settings, now) if repair else None,
        dry_run=dry_run,
    )


def _probe(facts: HealthFacts, settings: Settings) -> HealthFacts:
    """Ask the provider once, and add what it said to the facts."""
    try:
        with open_connectivity(settings) as connectivity:
            connectivity.gate.probe()
    except AlfredError as error:
        return replace(facts, token=replace(facts.token, was_probed=True, error=error))
    return replace(facts, token=replace(facts.token, was_probed=True))


@dataclass(frozen=True, slots=True)
class _RepairKit:
    """Repairs one library; see :class:`alfred.application.library.doctor.Tools`."""

    root: Path
    settings: Settings
    now: Callable[[], datetime]

    def make_index_anew(self) -> None:
        with open_library(self.root, self.settings, now=self.now) as library:
            if not library.index.was_made_anew:
                library.index.heal()

    def correct_journal_mode(self) -> None:
        from alfred.infrastructure.persistence.sqlite.opening import open_for_writing

        with closing(open_for_writing(index_path(self.root, self.settings), may_create=False, now=self.now)):
            pass  # opening it for writing is what gives it the right journal

    def drop_dangling_rows(self) -> None:
        from alfred.infrastructure.persistence.sqlite.opening import drop_dangling_rows

        drop_dangling_rows(index_path(self.root, self.settings), now=self.now)

    def write_sidecars(self, folders: Collection[str]) -> None:
        from alfred.application.library.doctor import write_missing_sidecars

        with open_library(self.root, self.settings, now=self.now) as library:
            write_missing_sidecars(folders, index=library.index.presence, sidecars=library.sidecars)

    def look_again(self, folders: Collection[str]) -> None:
        with open_library(self.root, self.settings, now=self.now) as library:
            for folder in folders:
                library.index.presence.note_sidecar(folder, "")

    def remove_abandoned(self, paths: Collection[str]) -> None:
        from alfred.infrastructure.persistence.leftovers import remove_abandoned

        remove_abandoned(self.root, paths, now=self.now())

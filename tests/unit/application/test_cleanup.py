from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from alfred.application.exceptions import RootOffline, SidecarTooNew
from alfred.application.ports.index import KnownFolder, ShowPresence
from alfred.application.tv_shows.cleanup import ORPHAN_AGE_THRESHOLD, CleanupPlan, cleanup_orphans
from alfred.domain.library.entry import EntryState, derive_state
from alfred.domain.library.file_changes import VideoFile
from alfred.domain.library.orphans import as_failed
from alfred.domain.library.release import EpisodeFile, FileStatus, UserMetadata
from alfred.domain.work.lease import Owner
from tests.builders import FOLDER, NOW, SHOW_ID, a_file, a_release, a_show
from tests.fakes.clock import FakeClock
from tests.fakes.folders import FakeFolders
from tests.fakes.index import FakeIndex
from tests.fakes.releases import FakeSidecars

STUCK = a_file(
    1,
    path="Season 01/Lamplighters S01E01.mkv.part",
    status=FileStatus.PROCESSING,
    processing_since=NOW - timedelta(hours=2),
    episode_ids=(10_101,),
)
OTHER = a_file(2, episode_ids=(10_102,))
HERE = Owner("nas", 7, "a")


@dataclass
class FakeProcesses:
    alive: set[Owner] = field(default_factory=set)

    def this_host(self) -> str:
        return "nas"

    def is_alive(self, owner: Owner) -> bool:
        return owner in self.alive


class World:
    """A library with one show; its folder is there, with the videos that a test puts in."""

    def __init__(self, *files: EpisodeFile) -> None:
        self.clock = FakeClock()
        self.index = FakeIndex(now=self.clock)
        self.folders = FakeFolders({FOLDER: []})
        self.processes = FakeProcesses()
        self.sidecars = FakeSidecars({FOLDER: a_release(*files)})
        self.online = True
        folder = KnownFolder(path=FOLDER, tmdb_id=SHOW_ID, signature="", sidecar=self.sidecars.stamp(FOLDER))
        self.index.record_presence(
            ShowPresence(name="The Lamplighters", path=FOLDER, folders=(folder,), release=a_release(*files)),
            now=NOW,
        )
        self.index.upsert(a_show(), None, path=FOLDER, fetched_at=NOW)
        self.index.writes = 0

    def put(self, path: str) -> None:
        self.folders.videos[FOLDER].append(VideoFile(path, 1, 1))

    def cleanup(self, *, dry_run: bool = False, threshold: timedelta = ORPHAN_AGE_THRESHOLD) -> CleanupPlan:
        return cleanup_orphans(
            index=self.index,
            claims=self.index,
            sidecars=self.sidecars,
            files=self.folders,
            processes=self.processes,
            now=self.clock,
            threshold=threshold,
            still_online=lambda: self.online,
            dry_run=dry_run,
        )

    @property
    def files(self) -> tuple[EpisodeFile, ...]:
        release = self.index.recorded_release(SHOW_ID)
        assert release is not None
        return release.files

    @property
    def is_untouched(self) -> bool:
        return self.index.writes == 0 and self.sidecars.written == []


def test_the_threshold_is_an_hour() -> None:
    assert timedelta(hours=1) == ORPHAN_AGE_THRESHOLD


def test_an_orphan_is_failed_in_index_and_sidecar() -> None:
    world = World(STUCK, OTHER)

    plan = world.cleanup()

    assert [(orphan.tmdb_id, orphan.failed) for orphan in plan.orphans] == [(SHOW_ID, as_failed(STUCK))]
    assert world.files == (as_failed(STUCK), OTHER) == world.sidecars.releases[FOLDER].files
    assert world.index.known_folders()[FOLDER].sidecar == world.sidecars.stamp(FOLDER)


def test_a_second_run_finds_nothing() -> None:
    world = World(STUCK)
    world.cleanup()
    world.index.writes, world.sidecars.written = 0, []
    world.clock.advance(days=1)

    assert world.cleanup() == CleanupPlan()
    assert world.is_untouched


def test_a_dry_run_says_the_same_and_writes_nothing() -> None:
    world = World(STUCK)
    world.index.claim(SHOW_ID, str(HERE), NOW)

    planned = world.cleanup(dry_run=True)

    assert world.is_untouched
    assert world.index.claims() == planned.abandoned
    assert world.cleanup() == planned


@pytest.mark.parametrize("path", [STUCK.path, STUCK.path.removesuffix(".part")])
def test_a_file_that_is_there_is_never_touched(path: str) -> None:
    world = World(STUCK)
    world.put(path)
    world.clock.advance(days=30)

    assert world.cleanup() == CleanupPlan()
    assert world.is_untouched


def test_a_file_in_a_folder_that_cannot_be_read_is_not_touched() -> None:
    world = World(STUCK)
    world.folders.unreadable[FOLDER] = ("Season 01",)

    assert world.cleanup() == CleanupPlan()
    assert world.is_untouched


@pytest.mark.parametrize("status", [FileStatus.READY, FileStatus.MISSING, FileStatus.FAILED])
def test_files_in_another_state_are_not_touched(status: FileStatus) -> None:
    world = World(replace(STUCK, status=status))

    assert world.cleanup() == CleanupPlan()
    assert world.is_untouched


@pytest.mark.parametrize(("minutes", "orphans"), [(121, 0), (120, 0), (119, 1)])
def test_the_threshold_can_be_set(minutes: int, orphans: int) -> None:
    assert len(World(STUCK).cleanup(threshold=timedelta(minutes=minutes)).orphans) == orphans


def test_nothing_is_done_while_the_root_is_offline() -> None:
    world = World(STUCK)
    world.index.claim(SHOW_ID, str(HERE), NOW)
    world.folders.videos.clear()
    world.online = False

    with pytest.raises(RootOffline):
        world.cleanup()

    assert world.is_untouched
    assert len(world.index.claims()) == 1


def test_a_root_that_goes_away_between_plan_and_deed_changes_nothing() -> None:
    world = World(STUCK)
    answers = iter([True, False])

    with pytest.raises(RootOffline):
        cleanup_orphans(
            index=world.index,
            claims=world.index,
            sidecars=world.sidecars,
            files=world.folders,
            processes=world.processes,
            now=world.clock,
            still_online=lambda: next(answers),
        )

    assert world.is_untouched


def test_a_file_that_comes_back_between_plan_and_deed_is_not_touched() -> None:
    world = World(STUCK)

    class ComesBack:
        asked = 0

        def is_gone(self, path: str) -> bool:
            self.asked += 1
            return self.asked <= len((STUCK.path, "the whole file"))

    plan = cleanup_orphans(
        index=world.index,
        claims=world.index,
        sidecars=world.sidecars,
        files=ComesBack(),
        processes=world.processes,
        now=world.clock,
    )

    assert plan == CleanupPlan()
    assert world.is_untouched


def test_what_the_sidecar_alone_knows_is_kept() -> None:
    world = World(STUCK)
    user = UserMetadata(tags=("mine",))
    world.sidecars.releases[FOLDER] = a_release(STUCK, a_file(9), user=user)

    world.cleanup()

    assert world.sidecars.releases[FOLDER] == a_release(as_failed(STUCK), a_file(9), user=user)


def test_a_sidecar_that_cannot_be_written_waits_for_the_next_rescan() -> None:
    world = World(STUCK)
    world.sidecars.unreadable[FOLDER] = SidecarTooNew("newer")

    assert len(world.cleanup().orphans) == 1

    assert world.files == (as_failed(STUCK),)
    assert world.index.known_folders()[FOLDER].sidecar == ""


def test_a_claim_of_a_dead_process_is_free_at_once_and_the_entry_is_as_it_was() -> None:
    world = World()
    world.index.claim(SHOW_ID, str(HERE), NOW)
    assert state(world) is EntryState.PROCESSING

    plan = world.cleanup()

    assert [claim.tmdb_id for claim in plan.abandoned] == [SHOW_ID]
    assert world.index.claims() == ()
    assert state(world) is EntryState.FRESH


@pytest.mark.parametrize("owner", [str(HERE), "laptop:7:a", "not an owner"])
def test_any_claim_is_free_after_the_threshold_and_not_before(owner: str) -> None:
    world = World()
    world.processes.alive.add(HERE)
    world.index.claim(SHOW_ID, owner, NOW)

    world.clock.advance(hours=1)
    assert world.cleanup() == CleanupPlan()
    assert state(world) is EntryState.PROCESSING

    world.clock.advance(microseconds=1)
    assert len(world.cleanup().abandoned) == 1
    assert world.index.claims() == ()


def test_a_claim_that_was_renewed_between_plan_and_deed_stays() -> None:
    world = World()
    world.index.claim(SHOW_ID, str(HERE), NOW)

    def still_online() -> bool:  # asked between the two
        world.index.release(SHOW_ID, str(HERE))
        return world.index.claim(SHOW_ID, str(HERE), NOW + timedelta(seconds=1))

    plan = cleanup_orphans(
        index=world.index,
        claims=world.index,
        sidecars=world.sidecars,
        files=world.folders,
        processes=world.processes,
        now=world.clock,
        still_online=still_online,
    )

    assert plan == CleanupPlan()
    assert len(world.index.claims()) == 1


def state(world: World) -> EntryState:
    entry = world.index.find_by_tmdb_id(SHOW_ID)
    assert entry is not None
    return derive_state(entry.standing, ttl_days=7, now=NOW)

"""Which file system a path is on, by a mount table given as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from alfred.infrastructure.persistence.mounts import file_system_of, is_network


def a_mount(point: str, kind: str, *, optional: str = "shared:1 ") -> str:
    return f"36 35 98:0 / {point} rw,relatime {optional}- {kind} /dev/somewhere rw,errors=continue\n"


ROOT = a_mount("/", "ext4")


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        ("ext4", False),
        ("btrfs", False),
        ("xfs", False),
        ("zfs", False),
        ("overlay", False),
        ("tmpfs", False),
        ("exfat", False),
        ("fuseblk", False),
        ("fuse.ntfs-3g", False),
        ("nfs", True),
        ("nfs4", True),
        ("cifs", True),
        ("smb3", True),
        ("9p", True),
        ("virtiofs", True),
        ("ceph", True),
        ("fuse.sshfs", True),
        ("fuse.rclone", True),
        ("fuse.mergerfs", True),
        ("fuse.shfs", True),
        ("fuse", True),
    ],
)
def test_a_share_is_told_from_a_disk_by_its_type(kind: str, network: bool) -> None:
    table = ROOT + a_mount("/nowhere/tv", kind)

    assert file_system_of(Path("/nowhere/tv/.alfred"), table) == kind
    assert is_network(Path("/nowhere/tv/.alfred"), table) is network


def test_the_nearest_mount_above_a_path_counts() -> None:
    table = (
        a_mount("/nowhere/tv/anime", "btrfs") + ROOT + a_mount("/nowhere/tv", "nfs") + a_mount("/nowhere", "xfs")
    )

    assert file_system_of(Path("/nowhere"), table) == "xfs"
    assert file_system_of(Path("/nowhere/tv"), table) == "nfs"
    assert file_system_of(Path("/nowhere/tv/drama"), table) == "nfs"
    assert file_system_of(Path("/nowhere/tv/anime/x"), table) == "btrfs"
    assert file_system_of(Path("/else/where"), table) == "ext4"


def test_a_mount_whose_name_only_begins_alike_does_not_count() -> None:
    table = ROOT + a_mount("/nowhere/tv", "nfs")

    assert file_system_of(Path("/nowhere/tv-shows"), table) == "ext4"


def test_the_last_of_two_mounts_at_one_point_is_seen() -> None:
    table = ROOT + a_mount("/nowhere/tv", "autofs") + a_mount("/nowhere/tv", "nfs4")

    assert file_system_of(Path("/nowhere/tv"), table) == "nfs4"


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        ("/nowhere/TV\\040Shows", "/nowhere/TV Shows"),
        ("/nowhere/a\\011b", "/nowhere/a\tb"),
        ("/nowhere/a\\012b", "/nowhere/a\nb"),
        ("/nowhere/back\\134slash", "/nowhere/back\\slash"),
        ("/nowhere/\\134040", "/nowhere/\\040"),
        ("/nowhere/Ü-ß-夜", "/nowhere/Ü-ß-夜"),
    ],
)
def test_blanks_in_the_names_of_mount_points_are_understood(escaped: str, plain: str) -> None:
    table = ROOT + a_mount(escaped, "cifs")

    assert is_network(Path(plain) / ".alfred", table)
    assert not is_network(Path("/nowhere/other"), table)


@pytest.mark.parametrize("optional", ["", "shared:1 ", "shared:1 master:2 propagate_from:3 "])
def test_any_number_of_optional_fields_is_passed_over(optional: str) -> None:
    assert file_system_of(Path("/nowhere/tv"), ROOT + a_mount("/nowhere/tv", "nfs", optional=optional)) == "nfs"


@pytest.mark.parametrize("line", ["", "garbage\n", "1 2 3 4 5 6 7 8\n", "- - - - - - -\n"])
def test_a_line_that_makes_no_sense_is_passed_over(line: str) -> None:
    assert file_system_of(Path("/nowhere/tv"), line + ROOT + line) == "ext4"


def test_where_nothing_is_known_the_careful_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert is_network(Path("/nowhere"), "")

    monkeypatch.setattr("sys.platform", "darwin")
    assert not is_network(Path("/nowhere"), "")

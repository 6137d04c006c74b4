"""What file system a path is on, since SQLite's write-ahead log cannot work on a network share."""

from __future__ import annotations

import os
import sys
from pathlib import Path

MOUNT_TABLE = Path("/proc/self/mountinfo")

NETWORK_FILE_SYSTEMS = frozenset(
    {
        "9p", "acfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs", "gfs2", "glusterfs", "gpfs",
        "lustre", "moosefs", "ncpfs", "nfs", "nfs4", "ocfs2", "orangefs", "prl_fs", "smb2", "smb3", "smbfs",
        "vboxsf", "virtiofs", "vmhgfs",
    }
)  # fmt: skip

LOCAL_FUSE = frozenset({"fuse.ext4", "fuse.ntfs", "fuse.ntfs-3g", "fuseblk"})
"""Other FUSE mounts (sshfs, rclone, mergerfs, shfs) are not trusted with shared memory."""


def file_system_of(path: Path, mount_table: str | None = None) -> str | None:
    """Return the type of the file system that holds a path, as the mount table names it.

    Args:
        path: need not exist; the nearest mount point above it counts.
        mount_table: text in the form of ``/proc/self/mountinfo``; read from there by default.

    Returns:
        ``ext4``, ``nfs4``, ``cifs``, ...; None on a system that has no such table.
    """
    if mount_table is None:
        try:
            mount_table = MOUNT_TABLE.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return None
    real = os.path.realpath(path)
    best, kind = -1, None
    for line in mount_table.splitlines():
        fields = line.split()
        if "-" not in fields[6:]:
            continue
        point = _unescape(fields[4])
        if _is_at_or_below(real, point) and len(point) >= best:
            best, kind = len(point), fields[fields.index("-", 6) + 1]
    return kind


def is_network(path: Path, mount_table: str | None = None) -> bool:
    """Say whether a path must be treated as on a network share; where nothing is known, on Linux, it must."""
    kind = file_system_of(path, mount_table)
    if kind is None:
        return sys.platform == "linux"
    return kind in NETWORK_FILE_SYSTEMS or (kind.startswith("fuse") and kind not in LOCAL_FUSE)


def _is_at_or_below(path: str, point: str) -> bool:
    return path == point or path.startswith(point.rstrip("/") + "/")


def _unescape(text: str) -> str:
    """Undo the octal escapes of the mount table: blank, tab, newline, backslash."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text

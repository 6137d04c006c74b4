"""Sidecars on disk: in the show folders, or beside this machine's state where a folder cannot be written.

The module of their format is loaded once a sidecar is read or written: a rescan opens none that did not change.
"""

from __future__ import annotations

import errno
import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from alfred.application.exceptions import SidecarCorrupt, SidecarTooNew, SidecarUnreadable
from alfred.application.ports.clock import system_clock
from alfred.domain.library.release import SeriesRelease, newest
from alfred.infrastructure.persistence.files import keep_aside, stamp, write_whole

log = logging.getLogger(__name__)

SIDECAR = Path(".alfred") / "release.json"
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


class DotAlfredSidecars:
    """The sidecars of one library.

    Args:
        root: the library root.
        fallback: the folder for sidecars of show folders that cannot be written; None to refuse those.
        now: the clock.
    """

    def __init__(
        self, root: Path, *, fallback: Path | None = None, now: Callable[[], datetime] = system_clock
    ) -> None:
        self._root = root
        self._fallback = fallback
        self._now = now
        self._said_read_only = False

    def stamp(self, folder: str) -> str:
        """Return size and time of the sidecar; "" where there is none, or none that can be reached."""
        try:
            return stamp(self._place(folder))
        except OSError:
            return ""

    def read(self, folder: str) -> SeriesRelease | None:
        """Read a sidecar; None where there is none.

        Raises:
            SidecarUnreadable: it is there and cannot be used.
        """
        path = self._place(folder)
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise SidecarUnreadable(f"cannot read the sidecar: {error.strerror}") from error
        from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_show import parse_sidecar

        return parse_sidecar(content, folder=folder)

    def write(self, folder: str, release: SeriesRelease) -> str:
        """Write a sidecar whole and return its stamp; a damaged one is kept aside first.

        Raises:
            SidecarTooNew: a newer Alfred wrote the one that is there; it stays.
            OSError: it cannot be written.
        """
        damaged = False
        try:
            before = self.read(folder)
            if before is not None and before.tmdb_id == release.tmdb_id:
                # a tag may have come while a rescan was under way
                release = replace(release, user=newest(release.user, before.user))
        except SidecarCorrupt:
            damaged = True
        except SidecarTooNew:
            raise
        except SidecarUnreadable as error:
            raise OSError(errno.EACCES, str(error)) from error
        from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_show import render_sidecar

        content = render_sidecar(release, folder=folder, written_at=self._now())
        try:
            if damaged:
                keep_aside(self._place(folder), label=self._now().strftime("%Y%m%dT%H%M%SZ"))
            beside = self._root / folder / SIDECAR
            beside.parent.mkdir(exist_ok=True)
            write_whole(beside, content)
            self._drop_fallback(folder)
            return stamp(beside)
        except OSError as error:
            if error.errno not in _READ_ONLY or self._fallback is None:
                raise
            self._say_read_only(folder)
            other = self._fallback_place(folder)
            other.parent.mkdir(parents=True, exist_ok=True)
            write_whole(other, content)
            return stamp(other)

    def _place(self, folder: str) -> Path:
        """Return where the sidecar of a folder is: beside the show, unless the fallback has a later one.

        A folder may have become read-only after it got a sidecar.
        """
        beside = self._root / folder / SIDECAR
        if self._fallback is not None:
            other = self._fallback_place(folder)
            if _written_at(other) > _written_at(beside):
                return other
        return beside

    def _drop_fallback(self, folder: str) -> None:
        """Forget the second copy of a folder that can be written again: it must not outlive the first one."""
        if self._fallback is not None:
            self._fallback_place(folder).unlink(missing_ok=True)

    def _fallback_place(self, folder: str) -> Path:
        if self._fallback is None:
            raise ValueError("this library has no second place for sidecars")
        digest = hashlib.blake2b(folder.encode(errors="surrogateescape"), digest_size=16).hexdigest()
        return self._fallback / f"{digest}.json"

    def _say_read_only(self, folder: str) -> None:
        if not self._said_read_only:
            self._said_read_only = True
            log.warning("%s cannot be written: sidecars go to %s", folder, self._fallback)


def _written_at(path: Path) -> int:
    """Return the time of last change in nanoseconds; 0 for what is not there or cannot be reached."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0

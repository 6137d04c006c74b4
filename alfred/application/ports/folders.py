"""What a rescan asks of the file system."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from alfred.domain.library.file_changes import VideoFile


@dataclass(frozen=True, slots=True)
class Problem:
    """Something on disk that could not be used.

    Attributes:
        path: relative to the library root, with ``/``.
        message: one line.
    """

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class ShowFolders:
    """The show folders of a library.

    Attributes:
        folders: relative to the root, with ``/``, sorted.
        problems: folders that could not be read, links that were not followed.
    """

    folders: tuple[str, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderScan:
    """One look at a show folder.

    Attributes:
        folder: relative to the root.
        videos: sorted by path.
        has_nfo: whether there is a ``tvshow.nfo``.
        unreadable: sub-folders, relative to the show folder, that could not be read; "" is the folder itself.
        problems: the same and others, for people.
        signature: digest of all that the record of this folder depends on, its sidecar apart.
    """

    folder: str
    videos: tuple[VideoFile, ...]
    has_nfo: bool
    unreadable: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    signature: str = ""


class LibraryFolders(Protocol):
    """The folders under a library root."""

    def list_show_folders(self) -> ShowFolders:
        """List the show folders.

        Raises:
            RootOffline: the root is not there.
        """

    def scan_show_folder(self, folder: str, /) -> FolderScan:
        """Look at one show folder.

        Raises:
            FileNotFoundError: it is not there.
        """

    def read_nfo(self, folder: str, /) -> str:
        """Return the text of ``tvshow.nfo``, "" where it cannot be read."""

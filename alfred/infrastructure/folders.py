"""The folders of a library, read with ``os.scandir`` in one thread.

Only videos and ``tvshow.nfo`` are asked for size and time. Nothing is written, and nothing outside the root is
read unless its folder is allowed by name.
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path, PurePath

from alfred.application.exceptions import RootOffline
from alfred.application.ports.folders import FolderScan, Problem, ShowFolders
from alfred.domain.library.file_changes import VideoFile
from alfred.domain.library.identification import LONGEST_NFO, tmdb_id_in_folder_name
from alfred.domain.library.layout import (
    IGNORE_MARKERS,
    PLEXIGNORE,
    extension_of,
    is_extra_file,
    is_extras_folder,
    is_group_folder_name,
    is_left_out,
    is_video,
    plexignore_matches,
    plexignore_patterns,
    season_number_of_folder,
    whole_name_of,
)

RECOGNITION_VERSION = 3
"""Raised whenever a name or a folder is read differently, so that unchanged folders are read anew."""

NFO = "tvshow.nfo"
SIDECAR = ".alfred/release.json"

_LONGEST_PLEXIGNORE = 100_000
_UNREADABLE = "it cannot be read"
_MISNAMED = "the name is not UTF-8: rename it"
_DANGLING = "the link leads nowhere: is its volume mounted?"


class DiskFolders:
    """The show folders under one library root.

    Args:
        root: the library root.
        allowed_targets: folders outside the root that symbolic links may lead to.
    """

    def __init__(self, root: Path, *, allowed_targets: Sequence[Path] = ()) -> None:
        self._root = root
        self._allowed_targets = tuple(allowed_targets)

    def list_show_folders(self) -> ShowFolders:
        """List the show folders; raises ``RootOffline`` where the root is not there."""
        return list_show_folders(self._root, allowed_targets=self._allowed_targets)

    def scan_show_folder(self, folder: str, /) -> FolderScan:
        """Look at one show folder; raises ``FileNotFoundError`` where it is not there."""
        return scan_show_folder(self._root, folder, allowed_targets=self._allowed_targets)

    def read_nfo(self, folder: str, /) -> str:
        """Return the text of ``tvshow.nfo``, "" where it cannot be read."""
        return _decoded(_read_bytes(self._root / folder / NFO, LONGEST_NFO))

    def is_gone(self, path: str, /) -> bool:
        """Say whether a file is certainly not there; behind what cannot be read or followed nothing is certain.

        Args:
            path: relative to the root, with ``/``.
        """
        try:
            (self._root / path).stat()
        except (FileNotFoundError, NotADirectoryError):
            parents = [self._root / parent for parent in PurePath(path).parents]
            return not any(parent.is_symlink() and not parent.exists() for parent in parents)
        except OSError:
            return False
        return False


def list_show_folders(root: Path, *, allowed_targets: Sequence[Path] = ()) -> ShowFolders:
    """List the show folders under a root: its sub-folders, or theirs where one only groups shows.

    Args:
        root: the library root.
        allowed_targets: folders outside the root that symbolic links may lead to.

    Returns:
        Paths relative to the root, sorted, and what could not be used.

    Raises:
        RootOffline: the root is not there or cannot be read.
    """
    links = _Links(root, allowed_targets)
    problems: list[Problem] = []
    try:
        top = _read_folder(os.fspath(root), "", links, problems)
    except OSError as error:
        raise RootOffline(
            f"the library root {root} cannot be read ({error.strerror}): is its volume mounted?"
        ) from error
    problems += [Problem(name, _DANGLING) for name in top.dangling]
    patterns = _plexignore(os.fspath(root), top)
    folders: list[str] = []
    for name in top.folders:
        if plexignore_matches(patterns, name):
            continue
        shows = None if tmdb_id_in_folder_name(name) else _shows_of_group(root, name, links, problems)
        folders += [name] if shows is None else [show for show in shows if not plexignore_matches(patterns, show)]
    return ShowFolders(tuple(sorted(folders)), tuple(problems))


def scan_show_folder(root: Path, folder: str, *, allowed_targets: Sequence[Path] = ()) -> FolderScan:
    """Look at one show folder.

    Args:
        root: the library root.
        folder: the show folder, relative to the root, with ``/``.
        allowed_targets: folders outside the root that symbolic links may lead to.

    Returns:
        Its videos and what could not be read. The signature is the same as long as nothing changed that the
        record of the folder depends on.

    Raises:
        FileNotFoundError: it is not there.
    """
    scan = _Scan(os.fspath(root / folder), folder, _Links(root, allowed_targets))
    scan.run()
    scan.videos.sort()
    unreadable = tuple(sorted(set(scan.unreadable)))
    return FolderScan(
        folder=folder,
        videos=tuple(scan.videos),
        has_nfo=scan.nfo_stamp != "",
        unreadable=unreadable,
        problems=tuple(scan.problems),
        signature=_signature(folder, scan.nfo_stamp, unreadable, scan.videos),
    )


def _signature(folder: str, nfo_stamp: str, unreadable: Iterable[str], videos: Iterable[VideoFile]) -> str:
    parts = [str(RECOGNITION_VERSION), folder, nfo_stamp, *unreadable, ""]
    parts += [f"{path}\0{size}\0{mtime_ns}" for path, size, mtime_ns in videos]
    return blake2b("\0\0".join(parts).encode(errors="surrogateescape"), digest_size=16).hexdigest()


@dataclass(slots=True)
class _Folder:
    """One folder as listed: what counts in it, and what must be asked for size and time."""

    folders: list[str] = field(default_factory=list)
    linked_folders: dict[str, str] = field(default_factory=dict)  # name -> where it really is
    videos: list[os.DirEntry[str]] = field(default_factory=list)
    nfo: os.DirEntry[str] | None = None
    has_sidecar_folder: bool = False
    has_plexignore: bool = False
    dangling: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)

    @property
    def is_known_show(self) -> bool:
        return self.nfo is not None or self.has_sidecar_folder


def _read_folder(path: str, relative: str, links: _Links, problems: list[Problem]) -> _Folder:
    """List one folder and sort its entries; one with an ignore marker counts as empty, the root apart."""
    found = _Folder()
    with os.scandir(path) as entries:
        for entry in entries:
            name = entry.name
            if entry.is_file(follow_symlinks=False):
                if name in IGNORE_MARKERS and relative:
                    return _Folder()
                _sort_file(entry, found)
            elif name == ".alfred":
                found.has_sidecar_folder = True
            elif is_left_out(name):
                continue
            elif not _is_utf8(name):
                found.misnamed.append(name)
            elif entry.is_symlink():
                _sort_link(entry, relative, found, links, problems)
            elif entry.is_dir(follow_symlinks=False):
                found.folders.append(name)
    problems += [Problem(_shown(_joined(relative, name)), _MISNAMED) for name in found.misnamed]
    return found


def _sort_file(entry: os.DirEntry[str], found: _Folder) -> None:
    name = entry.name
    if whole := name if is_video(name) else whole_name_of(name):
        if not _is_utf8(name):
            found.misnamed.append(name)
        elif name[0] != "." and not is_extra_file(whole):
            found.videos.append(entry)
    elif name == NFO:
        found.nfo = entry
    elif name == PLEXIGNORE:
        found.has_plexignore = True


def _sort_link(
    entry: os.DirEntry[str], relative: str, found: _Folder, links: _Links, problems: list[Problem]
) -> None:
    """Follow a symbolic link once, unless it dangles, loops or leads out."""
    name, path = entry.name, _joined(relative, entry.name)
    is_file = is_video(name) or name == NFO or whole_name_of(name) is not None
    try:
        is_folder = stat.S_ISDIR(entry.stat().st_mode)
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            problems.append(Problem(path, f"the link cannot be followed: {error.strerror}"))
        if not is_file and (not extension_of(name) or season_number_of_folder(name) is not None):
            found.dangling.append(name)
        return
    if not is_folder and not is_file:
        return
    target = os.path.realpath(entry.path)
    if not links.allows(target):
        problems.append(Problem(path, f"the link leads out of the library, to {_shown(target)}: not followed"))
    elif not is_folder:
        _sort_file(entry, found)
    else:
        found.folders.append(name)
        found.linked_folders[name] = target


class _Links:
    """Where symbolic links may lead."""

    def __init__(self, root: Path, allowed_targets: Sequence[Path]) -> None:
        self._places = (root, *allowed_targets)
        self._real_places: tuple[str, ...] = ()

    def allows(self, target: str) -> bool:
        """Say whether a real path is below the root or an allowed folder."""
        if not self._real_places:  # asked of the disk only once there is a link
            self._real_places = tuple(os.path.realpath(place) for place in self._places)
        return any(_is_at_or_below(target, place) for place in self._real_places)


@dataclass(slots=True)
class _Scan:
    """The walk through one show folder."""

    path: str
    folder: str
    links: _Links
    videos: list[VideoFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    nfo_stamp: str = ""
    patterns: tuple[str, ...] = ()
    followed: set[str] = field(default_factory=set)

    def run(self) -> None:
        """Walk the folder and all below it.

        Raises:
            FileNotFoundError: the show folder is not there.
        """
        waiting: list[tuple[str, str]] = [(self.path, "")]
        while waiting:
            path, prefix = waiting.pop()
            listed = self._list(path, prefix)
            if listed is None:
                continue
            if not prefix:
                self._look_at_show_folder(listed)
            self._add_videos(listed, prefix)
            for name in listed.folders:
                inner = prefix + name
                if self._is_wanted_folder(inner, name) and self._may_follow(
                    path, inner, listed.linked_folders.get(name)
                ):
                    waiting.append((f"{path}/{name}", inner + "/"))

    def _list(self, path: str, prefix: str) -> _Folder | None:
        try:
            listed = _read_folder(path, self._library_path(prefix), self.links, self.problems)
        except (FileNotFoundError, NotADirectoryError) as error:
            if not prefix:
                raise FileNotFoundError(error.errno, "the show folder is not there", path) from error
            return None
        except OSError as error:
            self._note_unreadable(prefix.rstrip("/"), error.strerror or _UNREADABLE)
            return None
        for name in listed.dangling:
            self._note_unreadable(prefix + name, _DANGLING)
        return listed

    def _look_at_show_folder(self, listed: _Folder) -> None:
        if listed.has_plexignore:
            self.patterns = _plexignore(self.path, listed)
        if listed.nfo is not None:
            try:
                status = listed.nfo.stat()
            except OSError:
                return
            if stat.S_ISREG(status.st_mode):
                self.nfo_stamp = f"{status.st_size}:{status.st_mtime_ns}"

    def _add_videos(self, listed: _Folder, prefix: str) -> None:
        for entry in listed.videos:
            path = prefix + entry.name
            if self.patterns and self._is_ignored(path):
                continue
            try:
                status = entry.stat()
            except FileNotFoundError:
                continue
            except OSError as error:
                self._note_unreadable(prefix.rstrip("/"), f"{entry.name}: {error.strerror}")
                continue
            if stat.S_ISREG(status.st_mode):
                self.videos.append(VideoFile(path, status.st_size, status.st_mtime_ns))

    def _is_ignored(self, path: str) -> bool:
        """Say whether a video is named by a pattern; a partial download also by what it is to become."""
        names = (path, whole_name_of(path))
        return any(name is not None and plexignore_matches(self.patterns, name) for name in names)

    def _is_wanted_folder(self, inner: str, name: str) -> bool:
        return not is_extras_folder(name) and not plexignore_matches(self.patterns, inner)

    def _may_follow(self, path: str, inner: str, target: str | None) -> bool:
        """Say whether a folder may be entered; a link only where that shows nothing twice."""
        if target is None:
            return True
        here, show = os.path.realpath(path), os.path.realpath(self.path)
        if _is_at_or_below(here, target) or _is_at_or_below(show, target):
            reason = "the link loops: not followed"
        elif _is_at_or_below(target, show) or any(_is_at_or_below(target, done) for done in self.followed):
            reason = "the link leads to a folder that is read already: not followed"
        elif any(_is_at_or_below(done, target) for done in self.followed):
            reason = "the link loops: not followed"
        else:
            self.followed.add(target)
            return True
        self.problems.append(Problem(self._library_path(inner), reason))
        return False

    def _library_path(self, prefix: str) -> str:
        return _joined(self.folder, prefix.rstrip("/"))

    def _note_unreadable(self, prefix: str, message: str) -> None:
        self.unreadable.append(prefix)
        self.problems.append(Problem(self._library_path(prefix), message))


def _shows_of_group(root: Path, name: str, links: _Links, problems: list[Problem]) -> list[str] | None:
    """Return the shows that a folder without a tag groups; None where it is a show itself."""
    path = os.fspath(root / name)
    unheard: list[Problem] = []
    try:
        listed = _read_folder(path, name, links, unheard)
    except OSError as error:
        problems.append(Problem(name, error.strerror or _UNREADABLE))
        return [] if is_group_folder_name(name) else None
    if listed.is_known_show and _has_own_id(path, listed):
        return None
    if not listed.folders or listed.videos or any(_is_season(folder) for folder in listed.folders):
        return None
    if not is_group_folder_name(name) and not any(_is_identified(path, folder) for folder in listed.folders):
        return None
    problems += [*unheard, *(Problem(f"{name}/{link}", _DANGLING) for link in listed.dangling)]
    patterns = _plexignore(path, listed)
    return [f"{name}/{folder}" for folder in listed.folders if not plexignore_matches(patterns, folder)]


def _has_own_id(path: str, listed: _Folder) -> bool:
    return listed.nfo is not None or Path(path, SIDECAR).is_file()


def _is_season(name: str) -> bool:
    # A bare number is a season below a show, and a show ("24") below a letter.
    return not name.isdecimal() and season_number_of_folder(name) is not None


def _is_identified(path: str, folder: str) -> bool:
    if tmdb_id_in_folder_name(folder):
        return True
    return any(Path(path, folder, own).is_file() for own in (NFO, SIDECAR))


def _plexignore(path: str, listed: _Folder) -> tuple[str, ...]:
    if not listed.has_plexignore:
        return ()
    return plexignore_patterns(_decoded(_read_bytes(Path(path, PLEXIGNORE), _LONGEST_PLEXIGNORE)))


def _read_bytes(path: Path, most: int) -> bytes:
    try:
        if not path.is_file():  # a pipe would keep us waiting
            return b""
        with path.open("rb") as file:
            return file.read(most)
    except OSError:
        return b""


def _decoded(content: bytes) -> str:
    """Decode a text that people or their tools wrote; what is no text at all becomes one that says nothing."""
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    return "\n".join(content.decode(encoding, errors="replace").splitlines())


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder and name else folder or name


def _is_at_or_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _is_utf8(name: str) -> bool:
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: str) -> str:
    return os.fsencode(path).decode(errors="backslashreplace")

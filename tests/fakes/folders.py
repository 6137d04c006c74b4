"""A disk in memory: show folders with the videos in them."""

from __future__ import annotations

from alfred.application.exceptions import RootOffline
from alfred.application.ports.folders import FolderScan, Problem, ShowFolders
from alfred.domain.library.file_changes import VideoFile


class FakeFolders:
    def __init__(self, videos: dict[str, list[VideoFile]] | None = None) -> None:
        self.videos = dict(videos or {})
        self.nfo: dict[str, str] = {}
        self.unreadable: dict[str, tuple[str, ...]] = {}
        self.problems: tuple[Problem, ...] = ()
        self.online = True
        self.scanned: list[str] = []

    def list_show_folders(self) -> ShowFolders:
        if not self.online:
            raise RootOffline("/tv is not there")
        return ShowFolders(tuple(sorted(self.videos)), self.problems)

    def scan_show_folder(self, folder: str) -> FolderScan:
        self.scanned.append(folder)
        if folder not in self.videos:
            raise FileNotFoundError(folder)
        videos = tuple(sorted(self.videos[folder], key=lambda video: video.path))
        unreadable = self.unreadable.get(folder, ())
        nfo = self.nfo.get(folder)
        return FolderScan(
            folder=folder,
            videos=videos,
            has_nfo=nfo is not None,
            unreadable=unreadable,
            problems=tuple(Problem(f"{folder}/{part}", "permission denied") for part in unreadable),
            signature=repr((folder, videos, nfo, unreadable)),
        )

    def is_gone(self, path: str) -> bool:
        hidden = [f"{folder}/{part}" for folder, parts in self.unreadable.items() for part in parts]
        there = {f"{folder}/{video.path}" for folder, videos in self.videos.items() for video in videos}
        return path not in there and not any(path.startswith(part.rstrip("/") + "/") for part in hidden)

    def read_nfo(self, folder: str) -> str:
        return self.nfo.get(folder, "")

"""Which names under a show folder count: videos, season folders, extras, and what is left out.

Pure: names in, answers out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

VIDEO_EXTENSIONS = frozenset(
    {
        ".3gp",
        ".asf",
        ".avi",
        ".divx",
        ".flv",
        ".iso",
        ".m2ts",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".ogm",
        ".rmvb",
        ".strm",
        ".ts",
        ".vob",
        ".webm",
        ".wmv",
    }
)
CONTROL_SUFFIX = ".aria2"
"""What stands beside a video, and is none itself, for as long as the video is written to."""

PARTIAL_SUFFIXES = frozenset({".!qb", ".!ut", ".crdownload", ".part", ".partial", ".tmp", CONTROL_SUFFIX})
"""What download clients put behind the name of a video that is not whole yet."""

_WHOLE = (".mkv", ".mp4", ".avi", ".srt", ".nfo", ".jpg")
"""What nearly every file ends in; a shortcut for those."""

IGNORE_MARKERS = frozenset({".ignore", ".nomedia", "tmmignore"})
"""A folder that holds a file of one of these names is left out."""

PLEXIGNORE = ".plexignore"

LARGEST_SEASON = 2199
"""Seasons may be years; nothing is numbered beyond them."""

_JUNK = frozenset(
    {
        "#recycle",
        "@eadir",
        "@recycle",
        "$recycle.bin",
        "recycler",
        "system volume information",
        "lost+found",
        "plex versions",
    }
)

_EXTRAS_FOLDERS = frozenset(
    {
        "backdrops",
        "behind the scenes",
        "clips",
        "deleted scenes",
        "extra",
        "extras",
        "featurette",
        "featurettes",
        "interview",
        "interviews",
        "other",
        "sample",
        "samples",
        "scenes",
        "shorts",
        "theme music",
        "trailer",
        "trailers",
    }
)

_EXTRA_SUFFIXES = frozenset(
    {
        "trailer",
        "sample",
        "behindthescenes",
        "deleted",
        "deletedscene",
        "featurette",
        "interview",
        "scene",
        "short",
        "other",
    }
)
_SAMPLE = re.compile(r"sample(?:$|[-._])|.*[._]sample$", re.IGNORECASE | re.DOTALL)

_GROUP_FOLDER = re.compile(r"#|[^\W\d_]|0-9|[0-9]|[^\W_]\s{0,2}[-\u2013]\s{0,2}[^\W_]")

_SEASON_WORDS = (
    r"season|series|staffel|saison|s[ée]rie|temporada|stagione|seizoen|s[äa]song|s[æa]son|sesong|kausi|sezon"
    r"|sez[óo]na|sezonul|[ée]vad|musim|сезон|시즌|シーズン"
)
_SEASON_FOLDER = re.compile(
    rf"(?:(?:^|.*[^\w])(?:{_SEASON_WORDS})[\s._-]{{0,3}}([0-9]{{1,4}})(?![0-9])(?![^\W_]).*"
    rf"|([0-9]{{1,4}})(?:\.|st|nd|rd|th|ª|º)?[\s._]{{0,2}}(?:{_SEASON_WORDS})"
    r"|(?:.*[\s._\[(])?S[\s._]?([0-9]{1,4})(?:[\s._\])].*)?"
    r"|([0-9]{1,2})"
    r"|第[\s]?([0-9]{1,3})[\s]?[季期].*)",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST_NAME = 255
_EPISODE_WORD = re.compile(r"episode|(?<![^\W_])S[0-9]{1,4}[\s._-]?E[0-9]", re.IGNORECASE)
_SPECIALS = frozenset(
    {
        "special",
        "specials",
        "speciale",
        "speciali",
        "especiales",
        "especiais",
        "spéciaux",
        "sonderfolgen",
        "specialen",
    }
)


def extension_of(name: str) -> str:
    """Return the extension of a file name in lower case with its dot, or ""."""
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


def is_video(name: str) -> bool:
    """Say whether a file name is that of a video, by its extension."""
    return extension_of(name) in VIDEO_EXTENSIONS


def whole_name_of(name: str) -> str | None:
    """Return the name of the video that a partial download is to become; None for any other name."""
    if name.endswith(_WHOLE):
        return None
    suffix = extension_of(name)
    if suffix not in PARTIAL_SUFFIXES:
        return None
    whole = name[: -len(suffix)]
    return whole if is_video(whole) else None


def is_left_out(name: str) -> bool:
    """Say whether a file or folder of this name is never looked at: hidden, or a system's own."""
    return name.startswith(".") or name.casefold() in _JUNK


def is_extras_folder(name: str) -> bool:
    """Say whether a folder below a show folder holds trailers, interviews and the like, not episodes."""
    return re.sub(r"[-_.]", " ", name).casefold() in _EXTRAS_FOLDERS


def is_extra_file(name: str) -> bool:
    """Say whether a video's name marks it as a trailer, a sample or another extra."""
    stem = (name[: name.rfind(".")] if "." in name else name).lower()
    suffix = stem[stem.rfind("-") + 1 :]
    if suffix in _EXTRA_SUFFIXES and suffix != stem:
        return True
    return "sample" in stem and _SAMPLE.match(stem) is not None


def is_group_folder_name(name: str) -> bool:
    """Say whether a folder name groups shows by their first letter: ``A``, ``A-F``, ``0-9``, ``#``."""
    return _GROUP_FOLDER.fullmatch(name) is not None


@lru_cache(maxsize=4096)
def season_number_of_folder(name: str) -> int | None:
    """Return the season that a folder below a show folder stands for; 0 for specials; None for any other.

    ``Season 1``, ``S01``, ``Staffel 2``, ``3. évad``, ``2``, ``Show.S01.1080p``, ``Specials``, ...
    """
    if len(name) > _LONGEST_NAME:
        return None
    composed = name if name.isascii() else unicodedata.normalize("NFC", name)
    if composed.casefold() in _SPECIALS:
        return 0
    match = _SEASON_FOLDER.fullmatch(composed)
    if match is None or _EPISODE_WORD.search(composed):
        return None
    number = int(match[match.lastindex or 0])
    return number if number <= LARGEST_SEASON else None


def plexignore_patterns(text: str) -> tuple[str, ...]:
    """Return the patterns of a ``.plexignore``: one a line, ``#`` begins a comment."""
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def plexignore_matches(patterns: Iterable[str], relative_path: str) -> bool:
    """Say whether a file or folder is named by a pattern, regardless of case.

    Args:
        patterns: globs; one without ``/`` is held against the name alone, one with it against the path.
        relative_path: path relative to the folder of the ``.plexignore``, with ``/``.
    """
    path = relative_path.casefold()
    name = path.rpartition("/")[2]
    return any(_glob_matches(pattern.casefold(), path, name) for pattern in patterns)


def _glob_matches(pattern: str, path: str, name: str) -> bool:
    folder = pattern.removesuffix("/*").strip("/")
    if "/" not in folder:
        return fnmatchcase(path if pattern.startswith("/") else name, folder)
    return fnmatchcase(path, folder)

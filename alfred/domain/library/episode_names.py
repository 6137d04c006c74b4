"""Reads season, episodes, absolute numbers or an air date from the name of an episode file.

Only shapes that are certain are read here; for everything else the answer is "nothing", and ``certainty`` says
whether a slower reader is worth asking. Every quantifier is bound and names are cut off at the length that file
systems allow, so that no name, however odd, costs more than its length.
"""

from __future__ import annotations

import re
from dataclasses import replace

from alfred.domain.library.absolute_numbers import (
    absolute_numbers,
    bare_number,
    classic_number,
    counted_number,
    is_beside_the_count,
    leading_number,
    marked_numbers,
    numbers_of_leading,
)
from alfred.domain.library.air_dates import read_air_date, read_odd_air_date
from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.domain.library.layout import VIDEO_EXTENSIONS, season_number_of_folder
from alfred.domain.library.numbering import RESOLUTIONS, SEASON_WORDS
from alfred.domain.library.season_marks import (
    NOTHING,
    read_first_season,
    read_marked,
    read_part,
    read_season_digits,
    read_worded,
)

LONGEST_PATH = 4096
"""Characters; no file system has longer paths, so longer text is no file name."""

LONGEST_NAME = 255
"""Characters; no file system has longer names."""

_SEASON_ALONE = re.compile(
    r"(?<![^\W_])(?:s|(?<!['\u2019])s[\s._](?=[0-9]{2})|(?:season|saison|staffel|temporada|stagione|seizoen)[\s._]{0,2})"
    r"([0-9]{1,3})(?![^\W_])"
    r"|(?<![^\W_])([0-9]{1,2})(?:(?:st|nd|rd|th)[\s._]season|\.?[\s._]?(?:sezon|сезон|staffel|évad|série)|[ªa]?[\s._]temporada)(?![^\W_])"
    r"|第\s?([0-9]{1,2})\s?[季期]|시즌\s?([0-9]{1,2})(?![^\W_])",
    re.IGNORECASE,
)
_CHINESE_SEASON = re.compile("第([一二三四五六七八九十])季")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NAMED_SEASON = re.compile(rf"(?<![^\W_])({'|'.join(_ORDINALS)})[\s._-]season(?![^\W_])", re.IGNORECASE)
_TOO_MANY_FOR_A_SEASON = 100
_BARE_SEASON = re.compile(rf"(?:{SEASON_WORDS})[\s._]{{0,2}}[0-9]{{1,4}}", re.IGNORECASE)
_NUMBER = re.compile("[0-9]{1,9}")
# In season 2: 2-03 Name, 2.03 Name
_SEASON_THEN_NUMBER = re.compile(r"([1-9][0-9]?)[.-]([0-9]{2})(?![0-9.-])")
# 12 Monkeys - 03
_NUMBER_IN_TITLE = re.compile(r"[1-9][0-9]{0,2}\s[^\W0-9_][^-]{1,100}\s-\s([0-9]{2,3})")
_SEASON_AND_NUMBER = re.compile(r"([0-9]{1,2})-([0-9]{2})(?=[\s._])(?!\.\s)")


def read_episode_name(path: str) -> EpisodeName:
    """Read what a file's name says, with the season from its folder where the name gives none.

    Args:
        path: path relative to the show folder, with ``/``: ``Season 02/08 - Better Call Saul.mkv``.

    Returns:
        The reading; ``DecidedBy.NOTHING`` where no certain shape was found. No text raises an error.
    """
    folders, _, file = path.rpartition("/")
    if len(path) > LONGEST_PATH or len(file) > LONGEST_NAME:
        return NOTHING
    stem, dot, extension = file.rpartition(".")
    is_video = dot and f".{extension.lower()}" in VIDEO_EXTENSIONS
    if not is_video:
        stem = file
        if folders and is_cut_name(file):
            stem, folders = path[-LONGEST_NAME:].replace("/", " "), ""
        elif folders and len(_NUMBER.findall(file)) <= 1 and (season := _read_season_folder(file)):
            return season
    marked = read_marked(stem)
    if marked:
        return _beside_folder(marked, folders) if folders else marked
    if is_beside_the_count(stem, folders):
        return NOTHING
    if stem[:1] == "[" and (number := classic_number(stem)) is not None and not _has_season_folder(folders):
        return EpisodeName(None, (), (number,), None, DecidedBy.ABSOLUTE)
    return (
        _read_air_date(stem)
        or read_worded(stem)
        or (folders and _read_in_folder(stem, folders))
        or _read_numbers(stem)
        or (_read_season_alone(stem) if folders or not is_bare_season(stem) else None)
        or NOTHING
    )


def _beside_folder(reading: EpisodeName, folders: str) -> EpisodeName:
    """Believe the file, and keep what its folder says where that is something else."""
    season = season_of_folders(folders)
    if season is None or season == reading.season or reading.season is None:
        return reading
    return replace(reading, folder_season=season)


def _has_season_folder(folders: str) -> bool:
    return bool(folders) and season_of_folders(folders) is not None


def season_of_folders(folders: str) -> int | None:
    """Return the season that the folders of a file stand for, the innermost first; None where none does."""
    last = season_number_of_folder(folders.rpartition("/")[2])
    if last is not None or "/" not in folders:
        return last
    return next(
        (
            season
            for folder in folders.split("/")[-2::-1]
            if (season := season_number_of_folder(folder)) is not None
        ),
        None,
    )


def is_cut_name(file: str) -> bool:
    """Say whether the part behind the last ``/`` ends a bracket from before it, and so is no file of a folder."""
    return file.count("]") > file.count("[") or file.count(")") > file.count("(")


def is_bare_season(stem: str) -> bool:
    """Say whether a name is that of a season folder and nothing else."""
    return _BARE_SEASON.fullmatch(stem) is not None


def _read_air_date(stem: str) -> EpisodeName | None:
    day = read_air_date(stem)
    if day is None:
        return None
    number = counted_number(stem)
    if number is not None:
        return EpisodeName(None, (), (number,), day, DecidedBy.ABSOLUTE)
    return EpisodeName(None, (), (), day, DecidedBy.AIR_DATE)


def _read_in_folder(stem: str, folders: str) -> EpisodeName | None:
    """Read a file by the help of the folders it lies in, the innermost first."""
    season = season_of_folders(folders)
    if season is not None:
        reading = _read_in_season(stem, season)
        if reading:
            return reading
    names = folders.split("/")[::-1]
    return next((reading for name in names[:LONGEST_NAME] if (reading := read_marked(name[:LONGEST_NAME]))), None)


def _read_in_season(stem: str, season: int) -> EpisodeName | None:
    match = leading_number(stem)
    if match and stem[match.end() + 1 : match.end() + 2].isdecimal() and (digits := read_season_digits(stem)):
        return digits  # the title is a number: 11.22.63.106.hdtv
    if match and (episodes := _numbers_in_front(stem, match, season)):
        return EpisodeName(season, episodes, (), None, DecidedBy.FOLDER_NUMBER)
    episodes, start = marked_numbers(stem)
    if start >= 0:
        return EpisodeName(season, episodes, (), None, DecidedBy.FOLDER_NUMBER) if episodes else None
    absolute = absolute_numbers(stem)
    if len(absolute) == 1 and season > 1 and stem[0] != "[" and (split := _split_number(str(absolute[0]), season)):
        # In the first season a show that numbers on comes by its 101st episode too.
        return EpisodeName(season, (split,), absolute, None, DecidedBy.FOLDER_NUMBER)
    if absolute:
        # Groups count either way here, so both readings are kept; the season's own goes first.
        return EpisodeName(season, absolute, absolute if season else (), None, DecidedBy.FOLDER_NUMBER)
    digits = read_season_digits(stem)
    if digits and digits.season == season:
        return digits
    parts = read_part(stem)
    return EpisodeName(season, parts, (), None, DecidedBy.FOLDER_NUMBER) if parts else None


def _numbers_in_front(stem: str, match: re.Match[str], season: int) -> tuple[int, ...]:
    """Return the episodes that a name in a season's folder begins with, unless its title begins with a number."""
    if (both := _SEASON_THEN_NUMBER.match(stem)) and int(both[1]) == season:
        return (int(both[2]),)
    if (titled := _NUMBER_IN_TITLE.fullmatch(stem)) and titled[1] not in RESOLUTIONS:
        return (int(titled[1]),)
    split = None if match[2] else _split_number(match[1], season)
    return (split,) if split else numbers_of_leading(match)


def _split_number(digits: str, season: int) -> int | None:
    """Read ``203`` in season 2 as its third episode."""
    if len(digits) > 2 and not digits.startswith("0") and digits[:-2] == str(season):  # noqa: PLR2004 - digits
        return int(digits[-2:]) or None
    return None


def _read_numbers(stem: str) -> EpisodeName | None:
    """Read a name that has neither season marks nor a folder that gives a season."""
    first = read_first_season(stem)
    if first:
        return first
    numbers, start = marked_numbers(stem)
    is_marked = start >= 0
    if not is_marked:
        numbers = absolute_numbers(stem)
        if not numbers and (digits := read_season_digits(stem)):
            return digits
        numbers = numbers or bare_number(stem)
    if not numbers:
        return None if is_marked else _read_rare(stem)
    season = season_alone(stem)
    if season is None or (not is_marked and numbers[0] >= _TOO_MANY_FOR_A_SEASON):
        return EpisodeName(None, (), numbers, None, DecidedBy.ABSOLUTE)
    # Where the number is only set apart, groups count either way, so both readings are kept.
    return EpisodeName(season, numbers, () if is_marked else numbers, None, DecidedBy.SEASON_EPISODE)


def _read_rare(stem: str) -> EpisodeName | None:
    day = read_odd_air_date(stem)
    if day:
        return EpisodeName(None, (), (), day, DecidedBy.AIR_DATE)
    match = _SEASON_AND_NUMBER.match(stem)
    if match and int(match[2]) != int(match[1]) + 1:
        return EpisodeName(int(match[1]), (int(match[2]),), (), None, DecidedBy.CROSS)
    parts = () if season_alone(stem) is not None else read_part(stem)  # a season in two parts has other numbers
    return EpisodeName(1, parts, (), None, DecidedBy.PART) if parts else None


def _read_season_folder(name: str) -> EpisodeName | None:
    """Read the path of a season folder itself."""
    season = season_number_of_folder(name)
    return None if season is None else EpisodeName(season=season, decided_by=DecidedBy.SEASON)


def _read_season_alone(stem: str) -> EpisodeName | None:
    season = season_alone(stem)
    return None if season is None else EpisodeName(season=season)


def season_alone(stem: str) -> int | None:
    """Return the season that a name gives without an episode.

    ``S02``, ``Season 2``, ``2nd Season``, ``Second Season``, ``第2季``, ...
    """
    match = _SEASON_ALONE.search(stem)
    if match:
        return int(match[match.lastindex or 0])
    if "第" in stem and (numeral := _CHINESE_SEASON.search(stem)):
        return 1 + "一二三四五六七八九十".index(numeral[1])
    named = _NAMED_SEASON.search(stem)
    return 1 + _ORDINALS.index(named[1].lower()) if named else None

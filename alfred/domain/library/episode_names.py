"""Reads season, episodes, absolute numbers or an air date from the name of an episode file.

Only shapes that are certain are read here; for everything else the answer is "nothing". Every quantifier is
bound, so that no name, however odd, costs more than its length.
"""

from __future__ import annotations

import re
from datetime import date

from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.domain.library.layout import LARGEST_SEASON, VIDEO_EXTENSIONS, season_number_of_folder

LONGEST_PATH = 4096
"""Characters; no file system has longer paths, so longer text is no file name."""

MOST_EPISODES = 50
"""Episodes that one file may carry; a longer range is a misreading or a joke."""

_NOTHING = EpisodeName()

_GAP = r"[\s._-]{0,3}"
_END = r"(?![0-9])(?!(?!v[0-9])[^\W_])"  # the number is over, save for a version: 02v2
_EPISODE_WORDS = r"episodes?|episodio|epis[óo]dio|episod|ep|folge|afl|avsnitt|jakso|bölüm|серия"
_QUALITY = r"[\s._](?:vostfr|vost|multi|raw|dvd|bd|bdrip|bluray|hdtv|hd|web|oad|end|fin|[0-9]{3,4}[pi])(?![^\W_])"

_JOIN = r"(?:[\s._]{0,2}[-~+&][\s._]{0,2}|[\s._]and[\s._]|[\s._]{0,2})"
_BARE_NEXT = rf"[-+&~_][0-9]{{1,4}}{_END}"
# The tails are possessive: what they took is never tried in another way, so no name can make them slow.

# S01E02, with whatever further episodes follow: E03, -E03, -03, +03, - S01E03
_SEASON_EPISODE = re.compile(
    rf"(?:(?<![^\W_])s([0-9]{{1,4}})|(?<=[a-z])s([0-9]{{2}})(?=e[0-9]{{2}})){_GAP}(?:x?ep?\.?\s?|x)([0-9]{{1,5}})(?![0-9])"
    rf"((?:{_JOIN}(?:s[0-9]{{1,4}}[\s._]?)?x?ep?[0-9]{{1,5}}(?![0-9])|{_BARE_NEXT}){{0,50}}+){_END}",
    re.IGNORECASE,
)
# 1x02, 2016x02; 1920x1080 and x264 are neither
_CROSS = re.compile(
    r"(?<![^\W_])([0-9]{1,2}|(?:19|20)[0-9]{2})x(?!26[45])([0-9]{1,3})(?![0-9])"
    rf"((?:{_JOIN}(?:(?<![0-9])\1x|x|e)(?!26[45])[0-9]{{1,3}}(?![0-9])|{_BARE_NEXT}){{0,50}}+){_END}",
    re.IGNORECASE,
)
# Season 1 Episode 2; S02 - 07, where groups count either way
_SEASON_WORD_EPISODE = re.compile(
    r"(?<![^\W_])(?:season|saison|staffel|temporada|temp|stagione|seizoen|s[äa]song|sezon|сезон|se)[\s._]{0,2}"
    rf"([0-9]{{1,4}})[\s._,-]{{1,4}}(?:{_EPISODE_WORDS}|e)[\s._]{{0,2}}([0-9]{{1,4}})"
    rf"((?:[-~&]e?p?[0-9]{{1,4}}(?![0-9])){{0,50}}+){_END}",
    re.IGNORECASE,
)
_SEASON_DASH = re.compile(
    r"(?<![^\W_])s([0-9]{1,2})[\s._]{1,2}-[\s._]{1,2}([0-9]{1,4})(?![.-][0-9])" + _END, re.IGNORECASE
)
_SPANISH = re.compile(r"\[cap\.?\s?([0-9]{1,2})([0-9]{2})(?:[_-]([0-9]{1,2})([0-9]{2}))?\]", re.IGNORECASE)

_AIR_DATE = re.compile(
    r"(?<![0-9])((?:19|20)[0-9]{2})([\s._-])([0-9]{2})\2([0-9]{2})(?![0-9])"
    r"|(?<![^\W_])((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})(?![^\W_])"
    r"|(?<![0-9])([0-9]{2})([.-])([0-9]{2})\9((?:19|20)[0-9]{2})(?![0-9])"
)
_MOST_DAYS = 366
"""A season that is a year has no more episodes; a picture 1920 wide has more lines."""
_OLD_TITLE_YEAR = re.compile(r"\(19[0-9]{2}\)")
_FIRST_COMMON_YEAR = 1970

_LEADING = re.compile(r"([0-9]{1,4})(?:[-~]([0-9]{1,4}))?(?:v[0-9])?(?=$|[\s._-])")
_EPISODE_MARK = re.compile(
    rf"(?<![^\W_])(?:(?:{_EPISODE_WORDS})[\s._]{{0,2}}|e)([0-9]{{1,5}})"
    r"(?:[-~](?:ep?)?([0-9]{1,5})(?![^\W_]))?(?!\.[0-9](?![0-9]))" + _END,
    re.IGNORECASE,
)
# Title - 012 [1080p], Title - 012 - Name, Title - 012
_DASHED = re.compile(
    r"[\s._]-[\s._]([0-9]{1,4})(?:(?:-|\s?~\s?)([0-9]{1,4}))?(?:v[0-9])?"
    rf"(?=[\s._]{{0,3}}$|[\s._]{{0,2}}[\[(【]|[\s._]-[\s._]|{_QUALITY})",
    re.IGNORECASE,
)
# [Group] Title 012 [1080p]
_GROUPED = re.compile(
    r"[\s._\])-]([0-9]{2,4})(?:(?:-|\s?~\s?)([0-9]{2,4}))?(?:v[0-9])?"
    rf"(?=[\s._]{{0,2}}(?:$|[\[(])|{_QUALITY})",
    re.IGNORECASE,
)
# [组][Title][012][1080p], 第12話
_BRACKETED = re.compile(
    r"[\[【(]([0-9]{2,4})(?:[-~]([0-9]{2,4}))?(?:v[0-9]|[\s]?(?:完|end|fin)|集|話|话|回)?[\]】)]"
    r"|第\s?([0-9]{1,4})(?:-([0-9]{1,4}))?\s?[集話话回]",
    re.IGNORECASE,
)
_RESOLUTIONS = frozenset({"240", "360", "480", "540", "576", "720", "1080", "1440", "2160", "4320"})
_SEASON_ALONE = re.compile(
    r"(?<![^\W_])(?:s|(?:season|saison|staffel|temporada|stagione)[\s._]{0,2})([0-9]{1,3})(?![^\W_])",
    re.IGNORECASE,
)

_YEARS = range(1900, 2100)
_NUMBER = re.compile(r"[0-9]{1,5}")
_SEASON_IN_TAIL = re.compile(r"s([0-9]{1,4})(?=[\s._]?x?e)", re.IGNORECASE)


def read_episode_name(path: str) -> EpisodeName:
    """Read what a file's name says, with the season from its folder where the name gives none.

    Args:
        path: path relative to the show folder, with ``/``: ``Season 02/08 - Better Call Saul.mkv``.

    Returns:
        The reading; ``DecidedBy.NOTHING`` where no certain shape was found. No text raises an error.
    """
    if len(path) > LONGEST_PATH:
        return _NOTHING
    folders, _, file = path.rpartition("/")
    stem, dot, extension = file.rpartition(".")
    if not dot or f".{extension.lower()}" not in VIDEO_EXTENSIONS:
        stem = file
    return (
        _read_marked(stem)
        or (folders and _read_in_folder(stem, folders))
        or _read_absolute(stem)
        or _read_season_alone(stem)
        or _NOTHING
    )


def _read_marked(stem: str) -> EpisodeName | None:
    """Read the shapes that need no folder to be understood."""
    match = _SEASON_EPISODE.search(stem)
    if match:
        return _numbered(match[1] or match[2], match[3], match[4], DecidedBy.SEASON_EPISODE)
    match = _CROSS.search(stem)
    if match and (len(match[1]) <= len("99") or int(match[2]) <= _MOST_DAYS):
        return _numbered(match[1], match[2], match[3], DecidedBy.CROSS)
    return _read_air_date(stem) or _read_worded(stem)


def _read_worded(stem: str) -> EpisodeName | None:
    match = _SEASON_WORD_EPISODE.search(stem)
    if match:
        return _numbered(match[1], match[2], match[3], DecidedBy.SEASON_EPISODE)
    match = _SEASON_DASH.search(stem)
    if match:
        number = int(match[2])
        return EpisodeName(int(match[1]), (number,), (number,), None, DecidedBy.SEASON_EPISODE)
    match = _SPANISH.search(stem)
    if match and (match[3] is None or match[3] == match[1]):
        episodes = _range(int(match[2]), match[4])
        return EpisodeName(int(match[1]), episodes, (), None, DecidedBy.SEASON_EPISODE) if episodes else None
    return None


def _numbered(season_text: str, first_text: str, tail: str, decided_by: DecidedBy) -> EpisodeName:
    season, first = int(season_text), int(first_text)
    if season > LARGEST_SEASON:
        return _NOTHING
    episodes = _episodes(season, first, tail) if tail else (first,)
    return EpisodeName(season, episodes, (), None, decided_by) if episodes else _NOTHING


def _episodes(season: int, first: int, tail: str) -> tuple[int, ...]:
    """Return the episodes of a file that carries several; () where they make no sense."""
    if any(int(other) != season for other in _SEASON_IN_TAIL.findall(tail)):
        return ()
    further = [int(number) for number in _NUMBER.findall(_SEASON_IN_TAIL.sub("", _without_cross_seasons(tail)))]
    numbers = [first, *(number for number in further if number != first)]
    if numbers == sorted(numbers) and numbers[-1] - first < MOST_EPISODES:
        is_range = len(numbers) == 2 and ("-" in tail or "~" in tail)  # noqa: PLR2004 - from one to the other
        return tuple(range(first, numbers[-1] + 1)) if is_range else tuple(dict.fromkeys(numbers))
    # A marked number that makes no sense spoils the reading; a bare one is rather part of the title.
    return () if re.search("[ex]", tail, re.IGNORECASE) else (first,)


def _without_cross_seasons(tail: str) -> str:
    return re.sub(r"(?<![x0-9])[0-9]{1,4}(?=x)", "", tail, flags=re.IGNORECASE)


def _range(first: int, last_text: str | None) -> tuple[int, ...]:
    if last_text is None:
        return (first,)
    last = int(last_text)
    return tuple(range(first, last + 1)) if first <= last < first + MOST_EPISODES else ()


def _read_air_date(stem: str) -> EpisodeName | None:
    for match in _AIR_DATE.finditer(stem):
        day = _date_of(match)
        if day and (day.year >= _FIRST_COMMON_YEAR or _OLD_TITLE_YEAR.search(stem)):
            return EpisodeName(None, (), (), day, DecidedBy.AIR_DATE)
    return None


def _date_of(match: re.Match[str]) -> date | None:
    year, month, day = match[1] or match[5] or match[11], match[3] or match[6], match[4] or match[7]
    try:
        if match[11] is None:
            return date(int(year), int(month), int(day))
        low, high = sorted((int(match[8]), int(match[10])))
        is_clear = high > 12 or low == high  # noqa: PLR2004 - months: 04.05. could be read both ways
        return date(int(year), low, high) if is_clear else None
    except ValueError:
        return None


def _read_in_folder(stem: str, folders: str) -> EpisodeName | None:
    """Read a file by the help of the folders it lies in, the innermost first."""
    names = folders.split("/")[::-1]
    for folder in names:
        season = season_number_of_folder(folder)
        if season is not None:
            return _read_in_season(stem, season) or _read_marked(names[0])
    return _read_marked(names[0])


def _read_in_season(stem: str, season: int) -> EpisodeName | None:
    match = _LEADING.match(stem)
    if match:
        split = None if match[2] else _split_number(match[1], season)
        episodes = (split,) if split else _leading_numbers(match[1], match[2])
        if episodes:
            return EpisodeName(season, episodes, (), None, DecidedBy.FOLDER_NUMBER)
    match = _EPISODE_MARK.search(stem)
    if match:
        episodes = _range(int(match[1]), match[2])
        return EpisodeName(season, episodes, (), None, DecidedBy.FOLDER_NUMBER) if episodes else None
    absolute = _absolute_numbers(stem)
    if absolute:
        # Groups count either way here, so both readings are kept; the season's own goes first.
        return EpisodeName(season, absolute, absolute if season else (), None, DecidedBy.FOLDER_NUMBER)
    return None


def _split_number(digits: str, season: int) -> int | None:
    """Read ``203`` in season 2 as its third episode."""
    if len(digits) > 2 and not digits.startswith("0") and digits[:-2] == str(season):  # noqa: PLR2004 - digits
        return int(digits[-2:]) or None
    return None


def _leading_numbers(first: str, last: str | None) -> tuple[int, ...]:
    if int(first) in _YEARS or first in _RESOLUTIONS or (last and len(last) != len(first)):
        return ()
    return _range(int(first), last)


def _read_absolute(stem: str) -> EpisodeName | None:
    mark = _EPISODE_MARK.search(stem)
    if mark:
        numbers = _range(int(mark[1]), mark[2])
        season = _SEASON_ALONE.search(stem)
        if season and numbers:
            return EpisodeName(int(season[1]), numbers, (), None, DecidedBy.SEASON_EPISODE)
    else:
        numbers = _absolute_numbers(stem) or _bare_number(stem)
    return EpisodeName(None, (), numbers, None, DecidedBy.ABSOLUTE) if numbers else None


def _absolute_numbers(stem: str) -> tuple[int, ...]:
    for match in _DASHED.finditer(stem):
        if int(match[1]) not in _YEARS:
            return _range(int(match[1]), match[2])
    if not stem.startswith(("[", "【")):
        return ()
    for pattern in (_BRACKETED, _GROUPED):
        for match in pattern.finditer(stem):
            first, *last = [number for number in match.groups() if number]
            if int(first) not in _YEARS and first not in _RESOLUTIONS:
                return _range(int(first), last[0] if last else None)
    return ()


def _bare_number(stem: str) -> tuple[int, ...]:
    """Read ``012.mkv`` and ``012 - Name.mkv``."""
    match = _LEADING.match(stem)
    if match is None:
        return ()
    if match[2] and len(match[2]) < len("001"):
        return ()  # 01-03 may be a season and an episode
    rest = stem[match.end() :].lstrip(" _.")
    is_numbering = not rest or rest.startswith("-") or stem[match.end()] == "."
    return _leading_numbers(match[1], match[2]) if is_numbering else ()


def _read_season_alone(stem: str) -> EpisodeName | None:
    match = _SEASON_ALONE.search(stem)
    return EpisodeName(season=int(match[1])) if match else None

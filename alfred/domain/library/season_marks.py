"""Reads season and episode where the name of a file marks them: ``S01E02``, ``1x02``, ``Season 1 Episode 2``."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

from alfred.domain.library.air_dates import read_air_date, read_odd_air_date
from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.domain.library.layout import LARGEST_SEASON
from alfred.domain.library.numbering import END, EPISODE_WORDS, MOST_EPISODES, QUALITY, SEASON_WORDS, YEARS, span

NOTHING = EpisodeName()

_JOIN = r"(?:[\s._]{0,2}[-~+&,][\s._]{0,2}|[\s._](?:and|en|et|und|y|to)[\s._]|[\s._]{0,2})"
_OVER = r"(?![0-9])(?!(?!v[0-9]|[a-d](?![^\W_]))[^\W_])"  # as END, save that S01E02a is half an episode
_BARE_NEXT = rf"[-+&~_,][0-9]{{1,4}}{END}"
# The tails are possessive: what they took is never tried in another way, so no name can make them slow.

# S01E02, T01E02 (a temporada), with whatever further episodes follow: E03, -E03, -03, +03, - S01E03
_SEASON_EPISODE = re.compile(
    rf"(?:(?<![^\W_])(?:s|t(?=[0-9]{{1,2}}[\s._]?e))([0-9]{{1,4}})|(?<=[a-z])s([0-9]{{2}})(?=e[0-9]{{2}}))(?:[\s._-]{{0,3}}x?e|[\s._-]{{0,3}}x|(?:[\s._]{{0,3}}|-)x?ep)\.?\s?([0-9]{{1,5}})(?![0-9])"
    rf"((?:{_JOIN}(?:s[0-9]{{1,4}}[\s._]?)?x?ep?[0-9]{{1,5}}(?![0-9])|{_BARE_NEXT}){{0,50}}+){_OVER}",
    re.IGNORECASE,
)
# 1x02, 2016x02; 1920x1080 and x264 are neither
_CROSS = re.compile(
    r"(?<![^\W_])([0-9]{1,2}|(?:19|20)[0-9]{2})x(?!26[45])([0-9]{1,3})(?![0-9])"
    rf"((?:{_JOIN}(?:(?<![0-9])\1x|x|e)(?!26[45])[0-9]{{1,3}}(?![0-9])|{_BARE_NEXT}){{0,50}}+){_OVER}",
    re.IGNORECASE,
)
_BOOK_WORDS = "series|book"
_SEASON_HINT = re.compile(rf"(?<![^\W_])(?:s|{SEASON_WORDS}|{_BOOK_WORDS})[\s._]{{0,2}}[0-9]", re.IGNORECASE)
# Season 1 Episode 2, Series 1 Episode 2, Book 1 Chapter 2
_SEASON_WORD_EPISODE = re.compile(
    rf"(?<![^\W_])(?:{SEASON_WORDS}|{_BOOK_WORDS})[\s._]{{0,2}}"
    rf"([0-9]{{1,4}})[\s._,-]{{1,4}}(?:{EPISODE_WORDS}|chapter|e)\.?[\s._]{{0,2}}([0-9]{{1,4}})"
    rf"((?:(?:[-~&]|[\s._](?:and|en|et|und|y|&)[\s._])e?p?[0-9]{{1,4}}(?![0-9])){{0,50}}+){END}",
    re.IGNORECASE,
)
# S02 - 07, Season 2 - 07, S02 - EP07, where groups count either way
_SEASON_DASH = re.compile(
    rf"(?<![^\W_])(?:s|(?:{SEASON_WORDS})[\s._]{{1,2}})([0-9]{{1,2}})[\s._]{{1,2}}-[\s._]{{1,2}}"
    rf"(?:(?:episode|ep)[\s._]{{0,2}})?([0-9]{{1,4}})(?![.-][0-9]){END}",
    re.IGNORECASE,
)
_SPANISH = re.compile(r"\[cap\.?\s?([0-9]{1,2})([0-9]{2})(?:[_-]([0-9]{1,2})([0-9]{2}))?\]", re.IGNORECASE)
# E1-16 of 16: all of them
_OF_ALL = re.compile(r"[\s._]of[\s._]([0-9]{1,3})(?![^\W_])", re.IGNORECASE)
# Season.2.1of4
_SEASON_OF = re.compile(
    rf"(?<![^\W_])(?:s|(?:{SEASON_WORDS})[\s._]{{0,2}})([0-9]{{1,2}})[\s._,-]{{1,3}}"
    r"([0-9]{1,2})[\s._]?of[\s._]?[0-9]{1,2}(?![^\W_])",
    re.IGNORECASE,
)
# Title.102.720p, Title.0102.hdtv, Title.102.103.720p: season and two digits, before a quality or the end
_DIGITS = re.compile(
    rf"(?<=[^\W_][._\s])([1-9]|0[1-9]|1[0-8]|[2-9][0-9])(?!(?<=2)6[45])([0-9]{{2}})((?:[._\s]\1[0-9]{{2}}(?![^\W_])){{0,9}}+)(?=[._\s-]{QUALITY})",
    re.IGNORECASE,
)
# Title.10203.hdtv: season and two episodes in a row
_DOUBLE = re.compile(
    rf"(?<=[^\W0-9_][._\s])([1-9]|0[1-9])([0-9]{{2}})([0-9]{{2}})(?=[._\s-]?{QUALITY})", re.IGNORECASE
)
# Title.E07.720p, title-e07-e08-720p: a mini-series, or one that has no seasons
_ALONE = re.compile(
    r"(?<=[^\[(][\s._-])e([0-9]{2,3})((?:-?e[0-9]{2,3}|-[0-9]{2,3}(?![^\W_])){0,9}+)(?=[\s._-])", re.IGNORECASE
)
# Title Part 2, Title.Pt.II, Title (2 of 6)
_PART = re.compile(
    r"(?<![^\W_])(?:part|pt|teil|parte|partie)[\s._]{0,2}"
    r"([0-9]{1,2}|i{1,3}|iv|vi{0,3}|one|two|three|four|five|six|seven|eight|nine|ten)"
    r"(?:[\s._](?:and|&)[\s._](?:part|pt)[\s._]{0,2}([0-9]{1,2}))?(?![^\W_])",
    re.IGNORECASE,
)
_OF = re.compile(r"(?<![^\W_])([0-9]{1,2})[\s._]?of[\s._]?([0-9]{1,2})(?![^\W_])", re.IGNORECASE)
_NUMERALS = {
    **{word: number for number, word in enumerate(("i", "ii", "iii", "iv", "v", "vi", "vii", "viii"), 1)},
    **{
        word: number
        for number, word in enumerate(
            ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1
        )
    },
}
# Title - Special 3, Title SP03
_SPECIAL = re.compile(r"(?<![^\W_])(?:specials?[\s._]{0,2}|sp)([0-9]{1,2})(?![^\W_])", re.IGNORECASE)
# 220131 Title ep05: what Japanese broadcasts are called, whose seasons nobody counts
_BROADCAST = re.compile(r"[0-9]{6}[\s_].{0,200}?(?<![^\W_])ep([0-9]{1,4})(?![0-9])", re.IGNORECASE)

# grp-show-720p-102: names made of abbreviations, as old release groups give them
_ABBREVIATED = re.compile(
    rf"[a-z0-9]{{1,20}}-(?:[a-z0-9]{{1,20}}-){{0,9}}?{QUALITY}-(?:[a-z0-9]{{1,20}}-){{0,3}}?([1-9][0-9]?)([0-9]{{2}})",
    re.IGNORECASE,
)

_MOST_DAYS = 366
"""A season that is a year has no more episodes; a picture 1920 wide has more lines."""
_NUMBER = re.compile(r"[0-9]{1,5}")
_SIMPLE_TAIL = re.compile("(-)?(e)([0-9]{1,5})", re.IGNORECASE)
_RANGE_SIGN = re.compile("[-~]|to", re.IGNORECASE)
_SEASON_IN_TAIL = re.compile(r"s([0-9]{1,4})(?=[\s._]?x?e)", re.IGNORECASE)

# Anime - 012 - S01E12, Anime - 12 (S01E12), Show 313-315 s16e03-05
_NUMBER_BEFORE = re.compile(r"[\s._]-[\s._]([0-9]{2,4})(?:-([0-9]{2,4}))?(?:[\s._]-[\s._]|[\s._]\()$")
_RANGE_BEFORE = re.compile(r"(?<![^\W_])([0-9]{2,4})-([0-9]{2,4})[\s._-]{1,3}$")
# S01E12 - 012 - Title, S10E14 214, s16e03-05.313-315
_NUMBER_BEHIND = re.compile(
    r"(?:[\s._]-[\s._]([0-9]{3,4})(?:-([0-9]{3,4}))?(?=$|[\s._]-[\s._])"
    r"|[\s._]([0-9]{3,4})(?=$|[\s._]{0,2}[\[(])"
    r"|[\s._]{1,2}([0-9]{2,4})-([0-9]{2,4})(?![^\W_]))"
)
_CROSS_BEHIND = re.compile(r"\s-\s([0-9]{1,2})x([0-9]{2})(?![^\W_])", re.IGNORECASE)
_CONSECUTIVE = re.compile(r"[._\s]([0-9]{2,3})(?![^\W_])")
_DAY_HINT = re.compile(r"(?:19|20)[0-9]{2}(?![^\W_])")
_BEFORE = 16


def read_marked(stem: str) -> EpisodeName | None:
    """Read the shapes that are told by the marks of season and episode themselves.

    Returns:
        The reading; an empty one where the marks make no sense, so that nothing else is tried; None without marks.
    """
    match = _SEASON_EPISODE.search(stem)
    if match:
        return _numbered(stem, match, (match[1] or match[2], match[3], match[4]), DecidedBy.SEASON_EPISODE)
    if "x" in stem or "X" in stem:
        match = _CROSS.search(stem)
        if match and (len(match[1]) <= len("99") or _is_season_of_a_year(stem, match)):
            return _numbered(stem, match, (match[1], match[2], match[3]), DecidedBy.CROSS)
    return None


def read_worded(stem: str) -> EpisodeName | None:
    """Read the shapes where words give season and episode."""
    if "[" in stem and (match := _SPANISH.search(stem)) and match[3] in (None, match[1]):
        episodes = span(int(match[2]), match[4])
        return EpisodeName(int(match[1]), episodes, (), None, DecidedBy.SEASON_EPISODE) if episodes else None
    if not _SEASON_HINT.search(stem):
        return None
    match = _SEASON_WORD_EPISODE.search(stem)
    if match:
        return _plain(match[1], match[2], match[3])
    match = _SEASON_DASH.search(stem)
    if match:
        number = int(match[2])
        return EpisodeName(int(match[1]), (number,), (number,), None, DecidedBy.SEASON_EPISODE)
    match = _SEASON_OF.search(stem)
    return EpisodeName(int(match[1]), (int(match[2]),), (), None, DecidedBy.SEASON_EPISODE) if match else None


def read_season_digits(stem: str) -> EpisodeName | None:
    """Read ``Title.102.720p`` as the second episode of season 1; one with a group in front numbers on instead."""
    if stem.startswith(("[", "【")):
        return None
    short = _ABBREVIATED.fullmatch(stem)
    if short:
        return EpisodeName(int(short[1]), (int(short[2]),), (), None, DecidedBy.SEASON_DIGITS)
    for match in _DIGITS.finditer(stem):
        if int(match[1] + match[2]) in YEARS or match[2] == "00":
            continue
        further = [int(number) % 100 for number in _NUMBER.findall(match[3])]
        numbers = (int(match[2]), *further)
        if all(here < there for here, there in pairwise(numbers)):
            return EpisodeName(int(match[1]), numbers, (), None, DecidedBy.SEASON_DIGITS)
    double = _DOUBLE.search(stem)
    if double and int(double[3]) == int(double[2]) + 1:
        return EpisodeName(int(double[1]), (int(double[2]), int(double[3])), (), None, DecidedBy.SEASON_DIGITS)
    return None


def read_first_season(stem: str) -> EpisodeName | None:
    """Read the marks of shows without seasons: ``E07``, ``Part 2``, ``2 of 6``; they are taken as season 1."""
    if broadcast := _BROADCAST.match(stem):
        return EpisodeName(1, (int(broadcast[1]),), (), None, DecidedBy.EPISODE_ALONE)
    if special := _SPECIAL.search(stem):
        return EpisodeName(0, (int(special[1]),), (), None, DecidedBy.SEASON_EPISODE)
    if not stem.startswith(("[", "【")) and (alone := _ALONE.search(stem)):
        episodes = _episodes(1, int(alone[1]), alone[2])
        return EpisodeName(1, episodes, (), None, DecidedBy.EPISODE_ALONE) if episodes else None
    return None


def read_part(stem: str) -> tuple[int, ...]:
    """Return the parts that a name says it is: ``Part 2``, ``Pt.II``, ``2 of 6``; () where it says none."""
    counted = _OF.search(stem)
    if counted and 1 <= int(counted[1]) <= int(counted[2]):
        return (int(counted[1]),)
    match = _PART.search(stem)
    if match is None:
        return ()
    first = _NUMERALS.get(match[1].lower()) or int(match[1])
    return (first, int(match[2])) if match[2] and int(match[2]) > first else (first,)


def _plain(season_text: str, first_text: str, tail: str) -> EpisodeName:
    season, first = int(season_text), int(first_text)
    if season > LARGEST_SEASON:
        return NOTHING
    episodes = _episodes(season, first, tail) if tail else (first,)
    return EpisodeName(season, episodes, (), None, DecidedBy.SEASON_EPISODE) if episodes else NOTHING


def _is_season_of_a_year(stem: str, match: re.Match[str]) -> bool:
    return int(match[2]) <= _MOST_DAYS and stem[match.end() : match.end() + 1] not in (".", "-")


def _numbered(stem: str, match: re.Match[str], texts: tuple[str, str, str], decided_by: DecidedBy) -> EpisodeName:
    """Make a reading of season, first episode and what followed it, and of what stands beside them."""
    season, first, tail, end = int(texts[0]), int(texts[1]), texts[2], match.end()
    if season > LARGEST_SEASON:
        return NOTHING
    if tail:
        episodes = _episodes(season, first, tail)
        if not episodes:
            return NOTHING
        if first == 1 and (whole := _OF_ALL.match(stem, end)) and int(whole[1]) == episodes[-1]:
            return EpisodeName(season, decided_by=DecidedBy.SEASON)
    else:
        episodes, end = _further(stem, end, season, first)
    absolute = _absolute_beside(stem, match.start(), end, episodes)
    return EpisodeName(season, episodes, absolute, _day_behind(stem, end), decided_by)


def _further(stem: str, end: int, season: int, first: int) -> tuple[tuple[int, ...], int]:
    """Take the next episode where a bare number or ``1x03`` behind the first can be nothing else."""
    if stem[end + 1 : end + 3].isdecimal() and stem[end] in "._":
        return _consecutive(stem, end, (first,))
    other = _CROSS_BEHIND.match(stem, end) if stem[end + 3 : end + 4].isdecimal() else None
    if other and (int(other[1]), int(other[2])) == (season, first + 1):
        return (first, first + 1), other.end()
    return (first,), end


def _consecutive(stem: str, end: int, episodes: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """Take ``S01E21.22`` for two episodes, and the 24 of ``S01E10.24`` for a title."""
    while (match := _CONSECUTIVE.match(stem, end)) and int(match[1]) == episodes[-1] + 1:
        episodes, end = (*episodes, int(match[1])), match.end()
    return episodes, end


def _absolute_beside(stem: str, start: int, end: int, episodes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the absolute numbers that stand beside season and episode, as many as there are episodes."""
    behind = stem[end + 1 : end + 4]
    if behind and (behind[0].isdecimal() or behind[-1].isdecimal()):
        match = _NUMBER_BEHIND.match(stem, end)
        if match:
            first, last = (group or None for group in (match[1] or match[3] or match[4], match[2] or match[5]))
            if first and (numbers := _as_many(int(first), last, episodes)):
                return numbers
    if start > 1 and (stem[start - 1] == "(" or stem[start - 2] == "-" or stem[start - 2].isdecimal()):
        before = stem[max(0, start - _BEFORE) : start]
        match = _NUMBER_BEFORE.search(before) or _RANGE_BEFORE.search(before)
        if match:
            return _as_many(int(match[1]), match[2], episodes)
    return ()


def _as_many(first: int, last: str | None, episodes: tuple[int, ...]) -> tuple[int, ...]:
    numbers = span(first, last)
    fits = len(numbers) == len(episodes) and first >= episodes[0] and first not in YEARS
    return numbers if fits else ()


def _day_behind(stem: str, end: int) -> date | None:
    if (stem.find("20", end) < 0 and stem.find("19", end) < 0) or not _DAY_HINT.search(stem, end):
        return None
    rest = stem[end:]
    return read_air_date(rest) or read_odd_air_date(rest)


def _episodes(season: int, first: int, tail: str) -> tuple[int, ...]:
    """Return the episodes of a file that carries several; () where they make no sense."""
    simple = _SIMPLE_TAIL.fullmatch(tail)
    if simple and simple[2]:
        return span(first, simple[3]) if simple[1] else _ascending(first, int(simple[3]))
    if any(int(other) != season for other in _SEASON_IN_TAIL.findall(tail)):
        return ()
    further = [int(number) for number in _NUMBER.findall(_SEASON_IN_TAIL.sub("", _without_cross_seasons(tail)))]
    numbers = [first, *(number for number in further if number != first)]
    if numbers == sorted(numbers) and numbers[-1] - first < MOST_EPISODES:
        is_range = len(numbers) == 2 and _RANGE_SIGN.search(tail) is not None  # noqa: PLR2004 - from one to the other
        return tuple(range(first, numbers[-1] + 1)) if is_range else tuple(dict.fromkeys(numbers))
    # A marked number that makes no sense spoils the reading; a bare one is rather part of the title.
    return () if re.search("[ex]", tail, re.IGNORECASE) else (first,)


def _ascending(first: int, second: int) -> tuple[int, ...]:
    return (first, second) if first < second < first + MOST_EPISODES else (first,) if first == second else ()


def _without_cross_seasons(tail: str) -> str:
    return re.sub(r"(?<![x0-9])[0-9]{1,4}(?=x)", "", tail, flags=re.IGNORECASE)

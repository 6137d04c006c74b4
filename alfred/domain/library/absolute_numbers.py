"""Reads numbers that run on across seasons, as anime releases use them."""

from __future__ import annotations

import re
from itertools import pairwise

from alfred.domain.library.numbering import (
    END,
    EPISODE_WORDS,
    MOST_ABSOLUTE,
    QUALITY,
    RESOLUTIONS,
    SEASON_WORDS,
    YEARS,
    span,
)

_TO = r"(?:-|\s?~\s?|\s-\s)"
_VERSION = r"(?:\s?v[0-9])?"
_BEHIND = r"(?=[\s._]{0,3}$|[\s._]{0,2}[\[({【]|[\s._]-[\s._]|[\s._]~[\s._]" + rf"|[\s._]{QUALITY})"

# Title - 012 [1080p], Title - 012 - Name, Title - 012, Title - 01-02-03 - Name, Title - 01 & 02
_DASHED = re.compile(
    rf"[\s._]-[\s._]([0-9]{{1,4}})(?:((?:-[0-9]{{1,4}}){{2,9}}+|(?:\s?[&+]\s?[0-9]{{1,4}}){{1,9}}+)|(?:-|\s?~\s?)([0-9]{{1,4}}))?{_VERSION}{_BEHIND}",
    re.IGNORECASE,
)
# [Group] Title 012 [1080p], [Group] Title 001 - 119 [Batch], Title 04 vostfr
_GROUPED = re.compile(
    rf"[\s._\])-]([0-9]{{2,4}})(?:(?:-|\s?~\s?)([0-9]{{2,4}}))?{_VERSION}"
    rf"(?=[\s._]{{0,2}}(?:$|[\[({{])|[\s._]{QUALITY})",
    re.IGNORECASE,
)
# [Group] Title - 012 [1080p]: the one shape that nearly all anime has
_CLASSIC = re.compile(r"\[[^\[\]]{1,60}\][\s_][^\[(]{1,150}?[^\W0-9][\s_]-[\s_]([0-9]{2,4})(?:v[0-9])?[\s_]?[\[(]")
_BATCH = re.compile(r"[\s._]([0-9]{2,4})(?:\s-\s|_-_|\s~\s)([0-9]{2,4})(?=[\s._]{0,2}[\[(])")
# [组][Title][012][1080p], 第12話, Title [01-05] [1080p], Title {01} Name
_BRACKETED = re.compile(
    r"[\[【({]([0-9]{2,4})(?:\s?[-~]\s?([0-9]{2,4}))?"
    r"(?:v[0-9]|\s?(?:完|end|fin)|集|話|话|回)?(?:\s?(?:完|end|fin))?[\]】)}]"
    r"",
    re.IGNORECASE,
)
_MARKED = re.compile(
    rf"(?<![^\W_])(?:(?:{EPISODE_WORDS})[\s._]{{0,2}}|e)([0-9]{{1,5}})"
    rf"(?:[-~](?:ep?)?([0-9]{{1,5}})(?![^\W_]))?(?!\.[0-9](?![0-9]))(?:{END}|(?=v[0-9]))",
    re.IGNORECASE,
)
# Title E01E02, Title E01E03E05
_ROW = re.compile(r"(?<![^\W_])e([0-9]{1,4})((?:e[0-9]{1,4}){1,9}+)(?![^\W_])", re.IGNORECASE)
_CHINESE = re.compile(r"第\s?([0-9]{1,4})(?:-([0-9]{1,4}))?\s?[集話话回]")
_KOREAN = re.compile(r"(?<![^\W_])([0-9]{1,4})\s?[화회](?![^\W_])")
_COUNTED = re.compile(
    r"(?<![^\W_])([0-9]{1,4})\.\s?(?:bölüm|blm|серия|epizód|díl|odcinek)(?![^\W_])", re.IGNORECASE
)
# Title 04 vostfr, Title.13.HDTV, Title 2018 06 720p: two digits before a quality; more only before a word of anime
_BEFORE_QUALITY = re.compile(
    rf"(?<![\s._]s)(?<!part)(?<!pt)(?<!vol)[\s._](?:([0-9]{{2,4}})[\s._](?:vostfr|vost)(?![^\W_])|([0-9]{{2}})(?:v[0-9])?[\s._]{QUALITY})",
    re.IGNORECASE,
)
# Title 003 - Name, Title-003: with zeros in front it is no season with two digits
_PADDED = re.compile(
    rf"[\s._-](0[0-9]{{2}})(?=[\s._]-[\s._]|[\s._]{{0,2}}(?:$|[\[(])|[\s._]{QUALITY})", re.IGNORECASE
)
# Title OVA 01, Title OAD - 02: counted for themselves, and in no order that a provider knows
_EXTRA = re.compile(r"(?<![^\W_])(?:OVA|OAV|OAD)s?[\s._]{0,2}(?:-[\s._])?[0-9]{1,2}(?![^\W_])")
# Title - 07.5 [720p]: between two episodes, so neither of them
_BETWEEN = re.compile(r"[\s_]-[\s_][0-9]{1,4}\.[0-9](?:\.[0-9])?(?:v[0-9])?(?=[\s_]{0,2}(?:$|[\[(])|[\s_]-[\s_])")
_EXTRA_FOLDERS = frozenset({"ova", "ovas", "oav", "oavs", "oad", "oads"})
_SEASON_WORD_END = re.compile(rf"(?<![^\W_])(?:{SEASON_WORDS})$", re.IGNORECASE)
# Title S21 999: too many for a season, so they run on
_BEHIND_SEASON = re.compile(r"[\s._]s[0-9]{1,2}[\s._]([0-9]{3,4})(?=[\s._]{0,2}(?:$|[\[(]))", re.IGNORECASE)
_LEADING = re.compile(r"([0-9]{1,4})(?:(?:[-~]|\s&\s)([0-9]{1,4}))?(?:v[0-9])?(?=$|[\s._-])")
_TWO_RANGES = re.compile(
    r"[\s._]([0-9]{2,4})-([0-9]{2,4})[\s._]{0,2}[&+][\s._]{0,2}([0-9]{2,4})-([0-9]{2,4})(?![0-9])"
)
_NUMBER = re.compile(r"[0-9]{1,4}")


def is_beside_the_count(stem: str, folders: str = "") -> bool:
    """Say whether a name has a number that is none of the episodes': ``OVA 01``, or the ``07.5`` of a recap.

    Args:
        stem: the name of a file.
        folders: where it lies; the innermost may be one for OVAs.
    """
    if folders and folders.rpartition("/")[2].lower() in _EXTRA_FOLDERS:
        return True
    if ("OV" in stem or "OA" in stem) and _EXTRA.search(stem):
        return True
    return "." in stem and _BETWEEN.search(stem) is not None


def classic_number(stem: str) -> int | None:
    """Return the number of ``[Group] Title - 012 [1080p]``; None where the shape is not just that."""
    match = None if "eason" in stem else _CLASSIC.match(stem)
    number = int(match[1]) if match else None
    return None if number in YEARS else number


def marked_numbers(stem: str) -> tuple[tuple[int, ...], int]:
    """Return the numbers behind a word for episode, and where they begin; none and -1 without one."""
    match = _MARKED.search(stem)
    if match:
        return span(int(match[1]), match[2], most=MOST_ABSOLUTE), match.start()
    if match := _ROW.search(stem):
        return _listed(int(match[1]), match[2]), match.start()
    if "第" in stem and (match := _CHINESE.search(stem)):
        return span(int(match[1]), match[2], most=MOST_ABSOLUTE), match.start()
    if match := _KOREAN.search(stem):
        return (int(match[1]),), match.start()
    number = counted_number(stem)
    return ((number,), 0) if number is not None else ((), -1)


def counted_number(stem: str) -> int | None:
    """Return the number of ``Title 69. Bölüm``, where the word comes behind it."""
    match = _COUNTED.search(stem)
    return int(match[1]) if match else None


def absolute_numbers(stem: str) -> tuple[int, ...]:
    """Return numbers in the places where releases put them: behind a dash, before brackets, in brackets."""
    if batch := (_BATCH.search(stem) if stem.endswith(("]", ")")) else None):
        numbers = span(int(batch[1]), batch[2], most=MOST_ABSOLUTE)
        if len(numbers) > 1 and batch[1].startswith("0"):
            return numbers
    for match in _DASHED.finditer(stem):
        first = int(match[1])
        if first not in YEARS:
            return _listed(first, match[2]) if match[2] else span(first, match[3], most=MOST_ABSOLUTE)
    if not stem.startswith(("[", "【")):
        return _without_group(stem)
    if both := _TWO_RANGES.search(stem):
        return _both(both)
    return _in_place(_BRACKETED, stem) or _in_place(_GROUPED, stem)


def leading_number(stem: str) -> re.Match[str] | None:
    """Return the match of a number that a name begins with: first, last of a range or None."""
    return _LEADING.match(stem)


def bare_number(stem: str) -> tuple[int, ...]:
    """Return the number of ``012.mkv`` and ``012 - Name.mkv``."""
    match = _LEADING.match(stem)
    if match is None:
        return ()
    if match[2] and len(match[2]) < len("001"):
        return ()  # 01-03 may be a season and an episode
    rest = stem[match.end() :].lstrip(" _.")
    is_numbering = not rest or rest.startswith("-") or stem[match.end()] == "."
    return numbers_of_leading(match) if is_numbering else ()


def numbers_of_leading(match: re.Match[str]) -> tuple[int, ...]:
    """Return the numbers of a leading match, unless they are a year, a resolution, or of unequal length."""
    first, last = match[1], match[2]
    if int(first) in YEARS or first in RESOLUTIONS or (last and len(last) != len(first)):
        return ()
    return span(int(first), last)


def _without_group(stem: str) -> tuple[int, ...]:
    if "][" in stem or "]_[" in stem or "{" in stem:
        numbers = _in_place(_BRACKETED, stem)
        if numbers:
            return numbers
    match = _PADDED.search(stem) or _BEHIND_SEASON.search(stem) or _BEFORE_QUALITY.search(stem)
    if match and _SEASON_WORD_END.search(stem, 0, match.start()):
        return ()
    number = int(match[match.lastindex or 0]) if match else 0
    return (number,) if number and number not in YEARS else ()


def _in_place(pattern: re.Pattern[str], stem: str) -> tuple[int, ...]:
    for match in pattern.finditer(stem):
        first, *last = [number for number in match.groups() if number]
        if int(first) not in YEARS and first not in RESOLUTIONS:
            return span(int(first), last[0] if last else None, most=MOST_ABSOLUTE)
    return ()


def _listed(first: int, rest: str) -> tuple[int, ...]:
    numbers = (first, *(int(number) for number in _NUMBER.findall(rest)))
    return numbers if all(here < there for here, there in pairwise(numbers)) else ()


def _both(match: re.Match[str]) -> tuple[int, ...]:
    one = span(int(match[1]), match[2], most=MOST_ABSOLUTE)
    other = span(int(match[3]), match[4], most=MOST_ABSOLUTE)
    return one + other if one and other and one[-1] < other[0] else ()

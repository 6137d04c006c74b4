"""Reads the day a daily show aired from the name of its file."""

from __future__ import annotations

import re
from datetime import date

_DATE = re.compile(
    r"(?<![0-9])((?:19|20)[0-9]{2})([\s._-])([0-9]{2})\2([0-9]{2})(?![0-9])"
    r"|(?<![^\W_])((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})(?![^\W_])"
    r"|(?<![0-9])([0-9]{2})([\s._-])([0-9]{2})\9((?:19|20)[0-9]{2})(?![0-9])"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SPOKEN = re.compile(
    r"(?<![^\W_])(?:([0-9]{1,2})(?:st|nd|rd|th)?[\s._-]{1,2}"
    rf"({'|'.join(_MONTHS)})[a-z]{{0,6}}[\s._,-]{{1,2}}((?:19|20)[0-9]{{2}})"
    rf"|((?:19|20)[0-9]{{2}})[\s._-]({'|'.join(_MONTHS)})[a-z]{{0,6}}[\s._-]([0-9]{{1,2}})"
    rf"|({'|'.join(_MONTHS)})[a-z]{{0,6}}[\s._-]([0-9]{{1,2}})(?:st|nd|rd|th)?,?[\s._-]{{1,2}}((?:19|20)[0-9]{{2}}))"
    r"(?![^\W_])",
    re.IGNORECASE,
)
_CROSSED = re.compile(r"(?<![^\W_])((?:19|20)[0-9]{2})x([0-9]{2})[.-]([0-9]{2})(?![^\W_])", re.IGNORECASE)
# 140722 in Show.140722.720p: a title comes before it, and a word or a quality after it
_SHORT = re.compile(r"(?<=[^\W0-9_][._\s])([0-9]{2})([0-9]{2})([0-9]{2})(?=[._\s](?:[0-9]{3,4}[pi]|[^\W0-9_]))")
_OLD_TITLE_YEAR = re.compile(r"\(19[0-9]{2}\)")
_FIRST_COMMON_YEAR = 1970
_MONTHS_A_YEAR = 12
_CENTURY = 2000


def read_air_date(stem: str) -> date | None:
    """Return the first day that a name gives in digits beyond doubt: ``2026-01-31``, ``31.01.2026``.

    A day before 1970 is believed only of a show whose title has a year that old. Where day and month could be
    either way round, none is returned; a year first and a second number over 12 can only be year, day, month.
    """
    for match in _DATE.finditer(stem):
        day = _day_of(match)
        if day and is_believable(day, stem):
            return day
    return None


def is_believable(day: date, stem: str) -> bool:
    """Say whether a show may have aired on a day: before 1970 only one whose title has a year that old."""
    return day.year >= _FIRST_COMMON_YEAR or _OLD_TITLE_YEAR.search(stem) is not None


def read_odd_air_date(stem: str) -> date | None:
    """Return a day that is written in a rarer way: ``2 Mar 2026``, ``2026x01.31``, ``260131``."""
    if spoken := _SPOKEN.search(stem):
        month, day = spoken[2] or spoken[5] or spoken[7], spoken[1] or spoken[6] or spoken[8]
        return _day(spoken[3] or spoken[4] or spoken[9], _MONTHS.index(month.lower()) + 1, day)
    if crossed := _CROSSED.search(stem):
        return _day(crossed[1], crossed[2], crossed[3])
    if short := _SHORT.search(stem):
        return _day(_CENTURY + int(short[1]), short[2], short[3])
    return None


def _day_of(match: re.Match[str]) -> date | None:
    year, month, day = match[1] or match[5] or match[11], match[3] or match[6], match[4] or match[7]
    if match[11] is None:
        return _day(year, day, month) if match[2] and int(month) > _MONTHS_A_YEAR else _day(year, month, day)
    low, high = sorted((int(match[8]), int(match[10])))
    return _day(year, low, high) if high > _MONTHS_A_YEAR or low == high else None


def _day(year: str | int, month: str | int, day: str | int) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None

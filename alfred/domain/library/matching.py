"""How well a show of the provider fits a folder, and when one fits so well that nobody has to be asked.

Pure. ``docs/decisions/0016-identify-scoring.md`` tells why the numbers are what they are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from functools import lru_cache

from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.identification import FolderTitle
from alfred.domain.tv_shows.candidate import ShowOutline, ShowSummary

TITLE_WEIGHT = 0.6
YEAR_WEIGHT = 0.25
NUMBERS_WEIGHT = 0.15

SURE_TITLE = 0.93
SURE_YEAR = 0.6
SURE_NUMBERS = 0.6
SURE_LEAD = 0.08
"""A candidate that reaches all four is taken; the lead is over the next one, in points."""

CLOSE = 0.2
CLOSER_LOOKS = 3
"""So many candidates, at most so many points behind the first, are worth a request each."""

_NEARLY_THE_SAME = 0.97
"""But for the article in front, or for spaces: ``911`` and ``9-1-1``."""
_NEVER_THE_SAME = 0.9
_OTHER_COUNTRY = 0.8
_YEARS_OFF = {0: 1.0, 1: 0.6, 2: 0.2}
_UNDATED = 0.3
_RUN_ON = 0.5

_ARTICLES = r"(?:the|a|an|le|la|les|l|der|die|das|el|los|las|il|lo|gli|de|het|een|o|os|as)"
_LEADING_ARTICLE = re.compile(rf"^{_ARTICLES} (?=.)")
_TRAILING_ARTICLE = re.compile(rf",\s?({_ARTICLES})$")
_INITIAL = re.compile(r"(?<![^\W_])([^\W\d_])\.(?=[^\W\d_](?![^\W_]))")
_LAST_INITIAL = re.compile(r"(?<![^\W_])([^\W\d_])\.(?![^\W_])")
_APOSTROPHES = re.compile("['`\u2018\u2019\u00b4\u02bc]")
_NOT_A_LETTER = re.compile(r"[\W_]+")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i"})


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate and how well it fits, each from 0 to 1.

    Attributes:
        year: None where the folder gives none.
        numbers: None where the files give none, or nobody looked closer.
    """

    show: ShowSummary
    title: float
    year: float | None = None
    numbers: float | None = None

    @property
    def points(self) -> float:
        """The weighted mean of what is known."""
        parts = ((self.title, TITLE_WEIGHT), (self.year, YEAR_WEIGHT), (self.numbers, NUMBERS_WEIGHT))
        known = [(value, weight) for value, weight in parts if value is not None]
        return sum(value * weight for value, weight in known) / sum(weight for _, weight in known)


def rank(
    readings: Sequence[FolderTitle],
    files: Iterable[EpisodeName],
    shows: Iterable[ShowSummary],
    outlines: Iterable[ShowOutline] = (),
) -> tuple[Scored, ...]:
    """Score candidates against a folder, the best first; equals stay in the provider's order.

    Args:
        readings: what the folder's name can mean; a candidate counts by the one that it fits best.
        files: what the names of its files say.
        shows: the candidates.
        outlines: of those that were looked at closer.
    """
    numbers = _numbers_of(files)
    closer = {outline.tmdb_id: outline for outline in outlines}
    scored = [
        max((_score(reading, numbers, show, closer.get(show.tmdb_id)) for reading in readings), key=_points)
        for show in {show.tmdb_id: show for show in shows}.values()
    ]
    return tuple(sorted(scored, key=_points, reverse=True))


def sure_of(ranked: Sequence[Scored]) -> Scored | None:
    """Return the candidate that is clearly ahead; None where a person should decide."""
    if not ranked:
        return None
    best, *others = ranked
    fits = (
        best.title >= SURE_TITLE
        and (best.year is None or best.year >= SURE_YEAR)
        and (best.numbers is None or best.numbers >= SURE_NUMBERS)
    )
    leads = not others or best.points - others[0].points >= SURE_LEAD
    return best if fits and leads else None


def worth_a_closer_look(ranked: Sequence[Scored]) -> tuple[Scored, ...]:
    """Return the few candidates that a closer look may tell apart."""
    return tuple(one for one in ranked if ranked[0].points - one.points <= CLOSE)[:CLOSER_LOOKS]


def _points(scored: Scored) -> float:
    return scored.points


def _score(reading: FolderTitle, numbers: _Numbers, show: ShowSummary, outline: ShowOutline | None) -> Scored:
    names = {show.name, show.original_name, *(outline.other_names if outline else ())} - {""}
    title = max((likeness(reading.title, name) for name in names), default=0.0)
    if reading.country and show.origin_countries and reading.country not in show.origin_countries:
        title *= _OTHER_COUNTRY
    first = show.first_air_date or (outline.first_air_date if outline else None)
    return Scored(
        show=show,
        title=title,
        year=None if reading.year is None else _year_fit(reading.year, first),
        numbers=numbers.fit(outline) if outline else None,
    )


def _year_fit(year: int, first: date | None) -> float:
    return _UNDATED if first is None else _YEARS_OFF.get(abs(first.year - year), 0.0)


def likeness(one: str, other: str) -> float:
    """Compare two titles: 1 for the same but for case, accents and punctuation, less for anything else."""
    left, right = fold(one), fold(other)
    if not left or not right:
        return 0.0
    if left == right:
        return 1.0
    left, right = _LEADING_ARTICLE.sub("", left), _LEADING_ARTICLE.sub("", right)
    if left.replace(" ", "") == right.replace(" ", ""):
        return _NEARLY_THE_SAME
    return min(_NEVER_THE_SAME, SequenceMatcher(None, left, right, autojunk=False).ratio())


@lru_cache(maxsize=1024)
def fold(title: str) -> str:
    """Return a title without case, accents and punctuation, with ``and`` for ``&``, and the article in front."""
    text = unicodedata.normalize("NFKD", title.casefold()).translate(_LETTERS)
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    if article := _TRAILING_ARTICLE.search(text):
        text = f"{article[1]} {text[: article.start()]}"
    text = _APOSTROPHES.sub("", text).replace("&", " and ").replace("+", " plus ")
    text = _LAST_INITIAL.sub(r"\1", _INITIAL.sub(r"\1", text))
    return _NOT_A_LETTER.sub(" ", text).strip() or " ".join(title.casefold().split())


@dataclass(frozen=True, slots=True)
class _Numbers:
    """What the file names of a folder say, each once; specials are left out, since nobody agrees on them."""

    episodes: frozenset[tuple[int, int]]
    absolute: frozenset[int]
    days: frozenset[date]

    def fit(self, outline: ShowOutline) -> float | None:
        """Return the share of the numbers that a show has; None where there are none."""
        total = sum(count for season, count in outline.episode_counts.items() if season)
        fits = [_episode_fit(season, number, outline) for season, number in self.episodes]
        fits += [float(number <= total) for number in self.absolute]
        fits += [float(_aired_within(day, outline)) for day in self.days]
        return sum(fits) / len(fits) if fits else None


def _numbers_of(files: Iterable[EpisodeName]) -> _Numbers:
    files = tuple(files)
    return _Numbers(
        episodes=frozenset((name.season, number) for name in files if name.season for number in name.episodes),
        absolute=frozenset(number for name in files if not name.episodes for number in name.absolute),
        days=frozenset(name.air_date for name in files if name.air_date is not None and not name.episodes),
    )


def _episode_fit(season: int, number: int, outline: ShowOutline) -> float:
    """Say whether a show has an episode; half, where it only could if its numbers ran on across seasons."""
    if season not in outline.episode_counts:
        return 0.0
    if number <= outline.episode_counts[season]:
        return 1.0
    until_then = sum(count for other, count in outline.episode_counts.items() if 0 < other <= season)
    return _RUN_ON if number <= until_then else 0.0


def _aired_within(day: date, outline: ShowOutline) -> bool:
    first, last = outline.first_air_date, outline.last_air_date
    return first is not None and first <= day and (last is None or day <= last)

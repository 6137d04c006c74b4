"""Which show a folder is, by its name or by the NFO beside its episodes.

Pure: names and texts in, answers out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from alfred.domain.shared.value_objects import LARGEST_TMDB_ID, TmdbId

LONGEST_NFO = 1_000_000
"""Characters of an NFO that are looked at; a real one has a few thousand."""

_TAG = re.compile(
    r"(?:\[\s?tmdb(?:id)?[-=]([0-9]{1,12})\s?\]"
    r"|\{\s?tmdb(?:id)?[-=]([0-9]{1,12})\s?\}"
    r"|\(\s?tmdb(?:id)?[-=]([0-9]{1,12})\s?\))",
    re.IGNORECASE,
)
_NESTED = re.compile(r"<(/?)(actor|season|episodedetails|episode|set)\b([^<>]{0,1000})>", re.IGNORECASE)
_COMMENT = re.compile(r"<!--|-->")
_UNIQUE_ID = re.compile(r"<uniqueid\b([^<>]{0,1000})>\s{0,100}([0-9]{1,12})\s{0,100}</uniqueid\s?>", re.IGNORECASE)
_TMDB_TYPE = re.compile(r"\btype\s{0,9}=\s{0,9}(?:\"tmdb\"|'tmdb')", re.IGNORECASE)
_TMDB_ID = re.compile(r"<tmdbid>\s{0,100}([0-9]{1,12})\s{0,100}</tmdbid\s?>", re.IGNORECASE)
_LINK = re.compile(
    r"^[^\S\n]{0,100}(?:https?://)?(?:www\.)?themoviedb\.org/tv/([0-9]{1,12})(?:[-/?#]\S{0,500})?[^\S\n]{0,100}$",
    re.IGNORECASE | re.MULTILINE,
)
_ANY_ID_TAG = re.compile(
    r"[\[{(]\s?(?:tmdb|tvdb|imdb|tvmaze|anidb|tvdb\d|trakt)(?:id)?[-=][^\[\]{}()]{0,40}[\]})]|[\[{(]tt[0-9]{7,12}[\]})]",
    re.IGNORECASE,
)
_YEAR = re.compile(r"[(\[]((?:19|20)[0-9]{2})(?:\s?[-\u2013]\s?(?:(?:19|20)[0-9]{2})?)?[)\]]")
_BARE_YEAR = re.compile(r"(?<=[\s._])((?:19|20)[0-9]{2})\s{0,9}$")


_COUNTRIES = {"UK": "GB", "US": "US", "USA": "US", "AU": "AU", "CA": "CA", "NZ": "NZ", "IE": "IE", "IN": "IN"}
_COUNTRY = re.compile(r"\s(?:[(\[](UK|USA?|AU|CA|NZ|IE|IN)[)\]]|(UK|USA?|AU|NZ))$")
_INITIALS = re.compile(r"(?:[^\W\d_]\.){2,20}[^\W\d_]?")
_GROUP = re.compile(r"^[\[【][^\[\]【】]{1,60}[\]】][\s._-]{0,3}(?=[^\s\[(【])")
_RELEASE = re.compile(
    r"[\s._\-\[(]+(?:S[0-9]{1,2}(?:[\s._]?-?[\s._]?S?[0-9]{1,2})?|seasons?[\s._][0-9]{1,2}"
    r"|(?:the[\s._])?complete[\s._](?:series|season|collection)|(?:480|576|720|1080|2160)[pi]|[0-9]{2,3}\s?[-~]\s?[0-9]{2,4}(?=[)\]]))(?![^\W_])[\s\S]{0,255}$",
    re.IGNORECASE,
)
_IMDB_TAG = re.compile(
    r"[\[{(]\s?imdb(?:id)?[-=](tt[0-9]{5,12})\s?[\]})]|[\[{(](tt[0-9]{7,12})[\]})]", re.IGNORECASE
)
_TVDB_TAG = re.compile(r"[\[{(]\s?tvdb(?:id)?[-=]([0-9]{1,12})\s?[\]})]", re.IGNORECASE)
_UNIQUE_TEXT = re.compile(
    r"<uniqueid\b([^<>]{0,1000})>\s{0,100}([a-z0-9]{1,20})\s{0,100}</uniqueid\s?>", re.IGNORECASE
)
_TYPE = re.compile(r"\btype\s{0,9}=\s{0,9}[\"'](tvdb|imdb)[\"']", re.IGNORECASE)
_IMDB_ID = re.compile(r"<imdb_?id>\s{0,100}(tt[0-9]{5,12})\s{0,100}</imdb_?id\s?>", re.IGNORECASE)
_TVDB_ID = re.compile(r"<tvdb_?id>\s{0,100}([0-9]{1,12})\s{0,100}</tvdb_?id\s?>", re.IGNORECASE)
_IMDB_LINK = re.compile(
    r"^[^\S\n]{0,100}(?:https?://)?(?:www\.|m\.)?imdb\.com/title/(tt[0-9]{5,12})(?:[/?#]\S{0,500})?[^\S\n]{0,100}$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class FolderTitle:
    """What a search by name needs of a folder's name.

    Attributes:
        country: an ISO 3166-1 code, where the name tells shows of one title apart by it.
    """

    title: str
    year: int | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class ExternalId:
    """The id of a show at another provider.

    Attributes:
        source: ``imdb`` or ``tvdb``.
    """

    source: str
    value: str


def tmdb_id_in_folder_name(name: str) -> TmdbId | None:
    """Return the id in a tag such as ``[tmdbid-1396]`` or ``{tmdb=1396}``; None without one.

    Two tags that differ say nothing certain, so that is None too.
    """
    if "tmdb" not in name.lower():
        return None
    return _only([match[match.lastindex or 0] for match in _TAG.finditer(name)])


def tmdb_id_in_nfo(text: str) -> TmdbId | None:
    """Return the show's own id in the text of a ``tvshow.nfo``; None without one.

    The text is searched, not parsed: what is broken or hostile in it does nothing. Ids of actors, seasons and
    episodes, and what is commented out, are passed over.
    """
    own = _outside_nested_elements(_without_comments(text[:LONGEST_NFO]))
    typed = [match[2] for match in _UNIQUE_ID.finditer(own) if _TMDB_TYPE.search(match[1])]
    for found in (typed, _TMDB_ID.findall(own), _LINK.findall(own)):
        if found:
            return _only(found)
    return None


def external_ids_in_folder_name(name: str) -> tuple[ExternalId, ...]:
    """Return the ids of other providers in tags such as ``{tvdb-81189}`` or ``[imdbid-tt0903747]``."""
    found = [("tvdb", match[1]) for match in _TVDB_TAG.finditer(name)]
    found += [("imdb", match[1] or match[2]) for match in _IMDB_TAG.finditer(name)]
    return _each_source_once(found)


def external_ids_in_nfo(text: str) -> tuple[ExternalId, ...]:
    """Return the show's ids at other providers in the text of a ``tvshow.nfo``; it is searched, not parsed."""
    own = _outside_nested_elements(_without_comments(text[:LONGEST_NFO]))
    found = [
        (kind[1].lower(), match[2]) for match in _UNIQUE_TEXT.finditer(own) if (kind := _TYPE.search(match[1]))
    ]
    found += [("tvdb", number) for number in _TVDB_ID.findall(own)]
    found += [("imdb", number) for number in [*_IMDB_ID.findall(own), *_IMDB_LINK.findall(own)]]
    return _each_source_once(found)


def _each_source_once(found: Iterable[tuple[str, str]]) -> tuple[ExternalId, ...]:
    """Keep the ids that look like one and have no rival of the same provider."""
    by_source: dict[str, set[str]] = {}
    for source, value in found:
        if value.isdecimal() if source == "tvdb" else re.fullmatch(r"tt[0-9]{5,12}", value, re.IGNORECASE):
            by_source.setdefault(source, set()).add(value.lower())
    return tuple(ExternalId(source, *values) for source, values in by_source.items() if len(values) == 1)


def readings_of_folder(name: str) -> tuple[FolderTitle, ...]:
    """Return what a show folder's name can mean, the likeliest first.

    ``Space 1999`` may be Space from 1999, or a title with a number; ``The Office (US)`` may be The Office that was
    made in the US, or a title that ends so.
    """
    first = title_of_folder(name)
    readings = [first]
    if first.year is not None and not _YEAR.search(name):
        readings.append(FolderTitle(f"{first.title} {first.year}"))
    if match := _COUNTRY.search(first.title):
        country = _COUNTRIES[match[1] or match[2]]
        readings.insert(0, FolderTitle(first.title[: match.start()].strip(), first.year, country))
    return tuple(readings)


def title_of_folder(name: str) -> FolderTitle:
    """Return title and year of a show folder: ``Breaking Bad (2008) [tmdbid-1396]`` is Breaking Bad, 2008."""
    text = _ANY_ID_TAG.sub(" ", name).strip()
    text = _RELEASE.sub("", _GROUP.sub("", text)).strip() or text
    years = list(_YEAR.finditer(text))
    if years:
        text = text[: years[-1].start()] + " " + text[years[-1].end() :]
        return FolderTitle(_tidy(text) or name, int(years[-1][1]))
    bare = _BARE_YEAR.search(text)
    if bare:
        return FolderTitle(_tidy(text[: bare.start()]) or name, int(bare[1]))
    return FolderTitle(_tidy(text) or name)


def _only(numbers: list[str]) -> TmdbId | None:
    values = {int(number) for number in numbers}
    value = values.pop() if len(values) == 1 else 0
    return TmdbId(value) if 1 <= value <= LARGEST_TMDB_ID else None


def _tidy(text: str) -> str:
    if " " not in text.strip() and not _INITIALS.fullmatch(text.strip(" -_")):
        text = re.sub(r"[._]", " ", text)
    return " ".join(text.split()).strip(" -_")


def _without_comments(text: str) -> str:
    kept, start, is_comment = [], 0, False
    for mark in _COMMENT.finditer(text):
        opens = mark[0] == "<!--"
        if opens == is_comment:
            continue
        if opens:
            kept.append(text[start : mark.start()])
        is_comment, start = opens, mark.end()
    return "".join(kept) + ("" if is_comment else text[start:])


def _outside_nested_elements(text: str) -> str:
    kept, start, depth = [], 0, 0
    for tag in _NESTED.finditer(text):
        if tag[3].endswith("/"):
            continue
        if not tag[1]:
            if depth == 0:
                kept.append(text[start : tag.start()])
            depth += 1
        elif depth:
            depth -= 1
            start = tag.end()
    return "".join(kept) + (text[start:] if depth == 0 else "")

"""Which show a folder is, by its name or by the NFO beside its episodes.

Pure: names and texts in, answers out.
"""

from __future__ import annotations

import re
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
    r"[\[{(]\s?(?:tmdb|tvdb|imdb|tvmaze|anidb|tvdb\d|trakt)(?:id)?[-=][^\[\]{}()]{0,40}[\]})]", re.IGNORECASE
)
_YEAR = re.compile(r"[(\[]((?:19|20)[0-9]{2})(?:\s?[-\u2013]\s?(?:(?:19|20)[0-9]{2})?)?[)\]]")
_BARE_YEAR = re.compile(r"(?<=[\s._])((?:19|20)[0-9]{2})\s{0,9}$")


@dataclass(frozen=True, slots=True)
class FolderTitle:
    """What a search by name needs of a folder's name."""

    title: str
    year: int | None = None


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


def title_of_folder(name: str) -> FolderTitle:
    """Return title and year of a show folder: ``Breaking Bad (2008) [tmdbid-1396]`` is Breaking Bad, 2008."""
    text = _ANY_ID_TAG.sub(" ", name).strip()
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
    if " " not in text.strip():
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

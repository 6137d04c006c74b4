"""Reads the title of the show, and its year, from the name of an episode file or from its folders."""

from __future__ import annotations

import re

from alfred.domain.library.identification import FolderTitle, title_of_folder
from alfred.domain.library.layout import season_number_of_folder
from alfred.domain.library.numbering import EPISODE_WORDS, QUALITY, SEASON_WORDS
from alfred.domain.library.release_details import stem_of

_GROUP = re.compile(r"(?:[\[【][^\[\]【】]{0,80}[\]】][\s._-]{0,3}){1,5}")
_SITE = re.compile(r"(?:www\.[\w-]{1,60}(?:\.[a-z]{2,6}){1,2})\s-\s", re.IGNORECASE)
_END_OF_TITLE = re.compile(
    r"[\s._\-(\[]{1,3}(?:"
    r"s[0-9]{1,4}(?![^\W_e-])|s[0-9]{1,4}[\s._-]{0,3}x?e|[0-9]{1,2}x[0-9]{1,3}(?![^\W_])"
    r"|(?:19|20)[0-9]{2}[\s._-][0-9]{2}[\s._-][0-9]{2}|(?:19|20)[0-9]{6}(?![^\W_])|[0-9]{2}[.-][0-9]{2}[.-](?:19|20)[0-9]{2}"
    rf"|(?:{SEASON_WORDS})[\s._]{{0,2}}[0-9]|(?:{EPISODE_WORDS})[\s._]{{0,2}}[0-9]|e[0-9]{{2,4}}(?![^\W_])"
    r"|part[\s._]?[0-9ivx]{1,3}(?![^\W_])|[0-9]{1,2}[\s._]?of[\s._]?[0-9]{1,2}(?![^\W_])"
    rf"|(?<=-[\s._])[0-9]{{2,4}}(?:v[0-9])?(?![^\W_])|{QUALITY}|[0-9]{{2,4}}(?:v[0-9])?(?=[\s._]{{0,2}}(?:$|[\[(]|{QUALITY}))"
    r"|\[|【|\{)",
    re.IGNORECASE,
)
_NUMBERED_FIRST = re.compile(
    rf"(?:s[0-9]{{1,4}}[\s._-]{{0,3}}e|[0-9]{{1,2}}x[0-9]|(?:{EPISODE_WORDS})?[\s._]{{0,2}}[0-9]{{1,4}}(?:[\s._-]|$))",
    re.IGNORECASE,
)


def read_title(path: str) -> FolderTitle:
    """Return title and year; an empty title where neither file nor folders give one.

    Args:
        path: a file's name, or its path with ``/``; the nearest folder that is no season helps where needed.
    """
    *folders, file = path.split("/")
    own = _title_of_file(stem_of(file[:255]))
    if own.title:
        return own
    shows = [folder for folder in folders if folder and season_number_of_folder(folder) is None]
    return _title_of_file(shows[-1][:255]) if shows else own


def _title_of_file(stem: str) -> FolderTitle:
    tagged = _GROUP.match(stem)
    rest = stem[tagged.end() :] if tagged else stem
    site = _SITE.match(rest)
    rest = rest[site.end() :] if site else rest
    end = _END_OF_TITLE.search(rest)
    if _NUMBERED_FIRST.match(rest) and (end is None or not end.start()):
        return FolderTitle("")
    title = rest[: end.start()] if end else rest
    return title_of_folder(title) if title.strip(" ._-") else FolderTitle("")

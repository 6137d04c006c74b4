"""Knows when the certain shapes are not enough, and a slower reader is worth asking.

A name in which nothing numbers an episode is none, and needs no second opinion: most of what lies beside episodes
is called like that.
"""

from __future__ import annotations

import re
from itertools import pairwise

from alfred.domain.library.absolute_numbers import is_beside_the_count
from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.domain.library.episode_names import LONGEST_NAME, is_bare_season
from alfred.domain.library.layout import VIDEO_EXTENSIONS

# What carries digits and numbers no episode: years, sizes of pictures, codecs, sound, checksums, ids.
_OTHER_DIGITS = re.compile(
    r"[(\[]?(?<![0-9])(?:19|20)[0-9]{2}(?![0-9x])[)\]]?"
    r"|(?<![^\W_])[0-9]{3,4}(?:[pi](?:[0-9]{2,3})?|x[0-9]{3,4})(?![^\W_])"
    r"|[xh][\s._]?26[45]|hevc-?10|(?<![^\W_])(?:8|10|12)[\s._-]?bits?|hi10p?|mpeg-?[24]|mp[234]"
    r"|(?:ddp?\+?|dd|aac|ac3|e-?ac-?3|dts(?:-?hd)?|truehd|flac|opus|atmos|ma|hra|pcm|ch)?[\s._]?[1-9][\s._][0-2](?![0-9])"
    r"|(?:ddp?|aac|ac|dts|mp|bd|dvd|sha|crc|tv|hdr|uhd|blu)[0-9]{1,3}"
    r"|[\[(][0-9a-f]{8}[\])]"
    r"|[\[{(]\s?(?:tmdb|tvdb|imdb|tvmaze|anidb)(?:id)?[-=][^\[\]{}()]{1,40}[\]})]"
    r"|(?<![^\W_])[0-9a-f]{16,64}(?![^\W_])",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"[0-9]")
_NUMBER_WORD = re.compile(
    r"(?<![^\W_])(?:season|saison|staffel|temporada|stagione|part|pt|episode|ep|chapter|volume|vol|livre|folge)"
    r"[\s._-]{1,3}(?:one|two|three|four|five|six|seven|eight|nine|ten|[ivx]{1,5})(?![^\W_])",
    re.IGNORECASE,
)
_SCRAMBLED = re.compile(r"[0-9a-zA-Z_-]{11,255}")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


def is_worth_asking(path: str, reading: EpisodeName) -> bool:
    """Say whether a slower reader may know more of a name than its certain reading says.

    Args:
        path: relative to the show folder, with ``/``.
        reading: what the certain shapes made of it.
    """
    if reading.is_found or reading.decided_by is DecidedBy.SEASON:
        return False
    folders, _, file = path.rpartition("/")
    if len(file) > LONGEST_NAME or len(folders) > LONGEST_NAME * 2:
        return False
    stem, dot, extension = file.rpartition(".")
    if not dot or f".{extension.lower()}" not in VIDEO_EXTENSIONS:
        stem = file
    if (
        is_beside_the_count(stem, folders)
        or _UUID.search(stem)
        or any(_is_scrambled(word) for word in stem.split())
        or is_bare_season(stem)
    ):
        return False
    if reading.season is not None:
        return not folders or bool(_DIGIT.search(stem))
    rest = _OTHER_DIGITS.sub(" ", stem)
    return _DIGIT.search(rest) is not None or _NUMBER_WORD.search(stem) is not None


def _is_scrambled(stem: str) -> bool:
    """Say whether a name is a checksum or random: one long word of letters and many digits."""
    if not _SCRAMBLED.fullmatch(stem) or "-" in stem.strip("-") or "_" in stem.strip("_"):
        return False
    changes = sum(one.isdigit() != other.isdigit() for one, other in pairwise(stem))
    return changes > 3  # noqa: PLR2004 - a title with a number in it changes twice

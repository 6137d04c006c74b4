"""Reads quality, languages, group and the like from the name of a release; rescans do without.

Languages are looked for behind the numbering or a quality word only, so that a title keeps its words.
"""

from __future__ import annotations

import re

from alfred.domain.library.episode_name import ReleaseDetails
from alfred.domain.library.layout import VIDEO_EXTENSIONS
from alfred.domain.library.season_marks import read_part

_RESOLUTION = re.compile(
    r"(?<![^\W_])([0-9]{3,4})([pi])(?:[0-9]{2,3})?(?![^\W_])|([0-9]{3,4})x([0-9]{3,4})", re.IGNORECASE
)
_ULTRA = re.compile(r"(?<![^\W_])(?:4k|uhd)(?![^\W_])", re.IGNORECASE)
_LINES = (240, 360, 480, 540, 576, 720, 1080, 1440, 2160, 4320)
_WIDE = 16

_SOURCES = {
    "WEB-DL": r"web[\s._-]?dl",
    "WEBRip": r"web[\s._-]?rip",
    "Remux": r"(?:bd)?remux",
    "BluRay": r"blu[\s._-]?ray|bd(?:25|50|mux)?|bdrip|brrip|bd[\s._-]rip",
    "HDTV": r"a?hdtv(?:rip)?",
    "DVD": r"dvd(?:rip|r|[59])?|dvd[\s._-]rip",
    "HDRip": r"hdrip",
    "SDTV": r"sdtv|pdtv|dsr|dvb(?:rip)?|tvrip|satrip|vhsrip|vhs",
    "WEB": r"web(?=hd|[\s._-]|x26|$)",
}
_CODECS = {
    "H.265": r"[xh][\s._]?265|hevc",
    "H.264": r"[xh][\s._]?264|avc",
    "AV1": r"av1",
    "VP9": r"vp9",
    "XviD": r"xvid",
    "DivX": r"divx",
    "MPEG-2": r"mpeg-?2",
    "VC-1": r"vc-?1",
}
_LANGUAGES = {
    "en": r"english|eng",
    "de": r"german|deutsch|ger",
    "fr": r"french|truefrench|vostfr|vff|vfq|fre|fran[çc]ais",
    "es": r"spanish|castellano|espa[ñn]ol|esp|spa",
    "it": r"italian|ita",
    "pt": r"portuguese|pt-?br|dublado",
    "nl": r"dutch|nl(?:subs?)?|flemish",
    "ja": r"japanese|jap|jpn",
    "ko": r"korean|kor",
    "zh": r"chinese|mandarin|cantonese|chs|cht",
    "ru": r"russian|rus",
    "uk": r"ukrainian|ukr",
    "pl": r"polish|pl(?:dub|sub)?|lektor",
    "cs": r"czech|cz",
    "hu": r"hungarian|hun",
    "ro": r"romanian|rodubbed",
    "sv": r"swedish|swesub",
    "no": r"norwegian",
    "da": r"danish",
    "fi": r"finnish",
    "tr": r"turkish",
    "el": r"greek",
    "he": r"hebrew",
    "ar": r"arabic",
    "hi": r"hindi",
    "th": r"thai",
    "ca": r"catalan",
    "multi": r"multi(?:[\s._-]?(?:subs?|subtitle|audio|lang))?|dual(?:[\s._-]?audio)?|nordic"
    r"|dl(?=[\s._-](?:1080|720|2160))",
}


def _any_of(words: dict[str, str]) -> re.Pattern[str]:
    ways = "|".join(f"({way})" for way in words.values())
    return re.compile(rf"(?<![^\W_])(?:{ways})(?![^\W_]|(?<=\bweb)-?dl)", re.IGNORECASE)


_SOURCE, _CODEC, _LANGUAGE = _any_of(_SOURCES), _any_of(_CODECS), _any_of(_LANGUAGES)
_GLUED_CODEC = re.compile(r"(?:hdtv|web-?dl|pdtv|dvdrip)(x26[45]|xvid)", re.IGNORECASE)
_PROPER = re.compile(r"(?<![^\W_])(?:proper|repack[0-9]?|rerip)(?![^\W_])", re.IGNORECASE)
_REAL = re.compile(r"(?<![^\W_])REAL(?![^\W_])")
_VERSION = re.compile(r"[0-9]v([1-9])(?![^\W_])|[\[(\s._]v([1-9])(?=[\])\s._]|$)", re.IGNORECASE)
_GROUP_BEFORE = re.compile(r"[\[【]([^\[\]【】]{1,60})[\]】]")
_GROUP_BEHIND = re.compile(r"-([^\W_][\w.&+]{0,30})(?:\[[^\[\]]{1,40}\])?$")
_NUMBERING = re.compile(
    r"(?<![^\W_])(?:s[0-9]{1,4}|[0-9]{1,2}x[0-9]{2,3}|e[0-9]{2,4}|(?:19|20)[0-9]{2}[._-][0-9]{2}[._-][0-9]{2})",
    re.IGNORECASE,
)


def read_release_details(path: str) -> ReleaseDetails:
    """Read what the name of a file says of the release.

    Args:
        path: a file's name, or its path with ``/``, of which the last part counts.
    """
    stem = stem_of(path.rpartition("/")[2][:255])
    behind = _behind_title(stem)
    proper = len(_PROPER.findall(behind)) and 1
    parts = read_part(stem)
    glued = _GLUED_CODEC.search(behind)
    version = _VERSION.search(stem)
    return ReleaseDetails(
        resolution=_resolution(stem),
        source=_first(_SOURCE, _SOURCES, behind),
        codec=_first(_CODEC, _CODECS, glued[1] if glued else behind),
        languages=tuple(dict.fromkeys(_named(match, _LANGUAGES) for match in _LANGUAGE.finditer(behind))),
        release_group=_group(stem, behind),
        proper=proper + (1 if _REAL.search(behind) else 0),
        version=int(version[1] or version[2]) if version else 1,
        part=parts[0] if parts else None,
    )


def _behind_title(stem: str) -> str:
    """Return what stands behind the numbering, or from the first word of quality where there is no numbering."""
    numbering = _NUMBERING.search(stem)
    if numbering:
        return stem[numbering.start() :]
    marks = [match.start() for pattern in (_RESOLUTION, _SOURCE) if (match := pattern.search(stem))]
    return stem[min(marks) :] if marks else stem if stem.startswith("[") else ""


def stem_of(file: str) -> str:
    """Return a file name without the extension of a video."""
    stem, dot, extension = file.rpartition(".")
    return stem if dot and f".{extension.lower()}" in VIDEO_EXTENSIONS else file


def _resolution(stem: str) -> str | None:
    match = _RESOLUTION.search(stem)
    if match is None:
        return "2160p" if _ULTRA.search(stem) else None
    if match[1]:
        return f"{int(match[1])}{match[2].lower()}" if int(match[1]) in _LINES else None
    width, height = int(match[3]), int(match[4])
    lines = min(_LINES, key=lambda known: abs(known - max(height, width * 9 / _WIDE)))
    return f"{lines}p"


def _first(pattern: re.Pattern[str], names: dict[str, str], text: str) -> str | None:
    match = pattern.search(text)
    return _named(match, names) if match else None


def _named(match: re.Match[str], names: dict[str, str]) -> str:
    return list(names)[(match.lastindex or 1) - 1]


def _group(stem: str, behind: str) -> str | None:
    """Return who made the release: in brackets in front, as fansubs have it, or behind the last dash."""
    before = _GROUP_BEFORE.match(stem)
    if before:
        return before[1].strip() or None
    match = _GROUP_BEHIND.search(behind)
    return match[1] if match and not _SOURCE.fullmatch(match[1]) and match[1].lower() != "dl" else None

"""Text that is safe to print: names come from the network and from disks, and terminals obey what they get."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from datetime import UTC, datetime
from typing import Any

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")  # part of ordinary words in Persian and Hindi, and of emoji
_NOT_ASCII_SAFE = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def printable(text: str) -> str:
    """Show control characters, direction marks and broken characters as escapes, so that none takes effect."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character in _JOINERS or unicodedata.category(character) not in _HIDDEN
        else character.encode("unicode_escape").decode()
        for character in text
    )


def to_json(document: Any) -> str:
    """Render one JSON document; characters that a terminal could obey are escaped."""
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(document, ensure_ascii=not utf8, indent=2)
    return _NOT_ASCII_SAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def iso(moment: datetime | None) -> str | None:
    """Render a moment as ISO 8601, UTC, with ``Z``."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def clock_time(moment: datetime) -> str:
    """Render a moment for people, to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def plural(count: int, noun: str) -> str:
    """Render a count with its noun: ``1 show``, ``2 shows``."""
    if count == 1:
        return f"1 {noun}"
    by_consonant = noun.endswith("y") and noun[-2:-1] not in "aeiou"
    return f"{count:,} {noun[:-1] + 'ies' if by_consonant else noun + 's'}"


def age(moment: datetime | None, *, now: datetime) -> str:
    """Render how long ago a moment was, in one unit."""
    if moment is None:
        return "never"
    seconds = (now - moment).total_seconds()
    if seconds < 0:
        return "in the future"
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return f"{plural(int(seconds // length), unit)} ago"
    return "just now"

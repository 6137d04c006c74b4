"""What all readers of numbers share: how a number ends, which ranges make sense, what follows a numbering."""

from __future__ import annotations

MOST_EPISODES = 50
"""Episodes that one file may carry; a longer range is a misreading or a joke."""

MOST_ABSOLUTE = 366
"""Numbers that a file of a show that numbers on may carry."""

YEARS = range(1900, 2100)

RESOLUTIONS = frozenset({"240", "360", "480", "540", "576", "720", "1080", "1440", "2160", "4320"})

END = r"(?![0-9])(?!(?!v[0-9])[^\W_])"
"""The number is over, save for a version: 02v2."""

EPISODE_WORDS = r"episodes?|episodio|epis[óo]dio|episod|ep|folge|afl|avsnitt|afsnit|jakso|bölüm|odc|odcinek|серия"

SEASON_WORDS = (
    r"seasons?|saisons?|staffel|temporada|temp|stagione|seizoen|s[äa]song|s[æa]son|sesong|kausi|sezona?|sez[óo]na"
    r"|сезон|se"
)

QUALITY = (
    r"(?:vostfr|vost|multi|raw|dvd|dvb|dvdrip|dsr|bd|bdrip|bluray|hdtv|hdrip|pdtv|hd|sd|web|webrip|web-dl|webdl"
    r"|oad|ova|end|fin|x26[45]|h26[45]|xvid|internal|proper|repack|10bit|[0-9]{3,4}[pi])(?![^\W_])"
)
"""A word that only stands behind the numbering of a release; without its separator before it."""


def span(first: int, last_text: str | None, *, most: int = MOST_EPISODES) -> tuple[int, ...]:
    """Return the numbers from one to another; () where they run backwards or are too many.

    Args:
        first: where it starts.
        last_text: the digits of the last one; None or "" where there is only the first.
        most: how many may be told.
    """
    if not last_text:
        return (first,)
    last = int(last_text)
    return tuple(range(first, last + 1)) if first <= last < first + most else ()

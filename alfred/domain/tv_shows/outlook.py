"""What of a show's episodes bears on how soon it is worth asking about again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from alfred.domain.tv_shows.freshness import AIRS_SOON, Outlook
from alfred.domain.tv_shows.show import EpisodeInfo, TVShowInfo

SPECIALS = 0

_NO_TITLE = re.compile(r"\s*(tb[ad])?\s*", re.IGNORECASE)


def outlook_of(show: TVShowInfo, *, today: date) -> Outlook:
    """Return the outlook of a show.

    Args:
        show: as the provider lists it.
        today: air dates that are long past are left out.
    """
    listed = [(season.number, season.episodes or ()) for season in show.seasons]
    dates = {episode.air_date for _, episodes in listed for episode in episodes if episode.air_date}
    incomplete = [
        day
        for number, episodes in listed
        for day in (*_aired_without_title(episodes), *_aired_without_date(number, episodes))
    ]
    long_past = today - AIRS_SOON - timedelta(days=1)
    return Outlook(
        air_dates=tuple(sorted(day for day in dates if day >= long_past)),
        incomplete_from=min(incomplete, default=None),
    )


def _aired_without_title(episodes: Iterable[EpisodeInfo]) -> list[date]:
    """Return when episodes that have a date and no title air."""
    return [episode.air_date for episode in episodes if episode.air_date and _NO_TITLE.fullmatch(episode.title)]


def _aired_without_date(season: int, episodes: Iterable[EpisodeInfo]) -> list[date]:
    """Return from when it is certain that an episode without a date has aired: a later one of its season has.

    Specials are in no order, and prove nothing.
    """
    if season == SPECIALS:
        return []
    undated = [episode.number for episode in episodes if episode.air_date is None]
    if not undated:
        return []
    first = min(undated)
    return [episode.air_date for episode in episodes if episode.air_date and episode.number > first]

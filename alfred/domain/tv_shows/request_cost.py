"""How many requests a show takes, by what is known of its seasons."""

from __future__ import annotations

LAST_SEASON_AT_ONCE = 18
"""The first request brings the details and the seasons from 0 to this one."""

SEASONS_PER_REQUEST = 20
"""Each further request brings so many."""


def requests_for(later_seasons: int) -> int:
    """Estimate the requests of one show; a retry costs one more.

    Args:
        later_seasons: how many seasons it has with a number above :data:`LAST_SEASON_AT_ONCE`; a show that
            nobody knows anything of counts as having none.
    """
    return 1 + -(-later_seasons // SEASONS_PER_REQUEST)

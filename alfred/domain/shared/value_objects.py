"""Values checked when they are made, so that nothing downstream has to check them again."""

from __future__ import annotations

from dataclasses import dataclass

LARGEST_TMDB_ID = 2**31 - 1
"""TMDB's OpenAPI document gives ids as int32."""


@dataclass(frozen=True, slots=True, order=True)
class TmdbId:
    """The number by which TMDB knows a show.

    Args:
        value: a positive integer, as in ``themoviedb.org/tv/1396``.

    Raises:
        ValueError: the value is not a positive integer, or too large to be an id.
    """

    value: int

    def __post_init__(self) -> None:
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise ValueError(f"a TMDB id is a whole number, not {self.value!r}")
        if not 1 <= self.value <= LARGEST_TMDB_ID:
            raise ValueError(f"a TMDB id is a positive number up to {LARGEST_TMDB_ID}, not {self.value}")

    def __str__(self) -> str:
        return str(self.value)

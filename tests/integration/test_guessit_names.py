from __future__ import annotations

import pytest

from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.infrastructure.guessit_names import GuessitNames

ODD = [
    "caf\udce9 05 b.mkv",
    "a\nb 05.mkv",
    "\u202egnp.05 b.mkv",
    "🎬 05 🎬 c.mkv",
    "9" * 250,
    "S99999E99999",
    "S01E01-E99999 x.mkv",
    "",
    "/",
    "[" * 200,
]


def test_a_number_without_a_season_runs_on() -> None:
    guess = GuessitNames().guess("Lamplighters.05.Fog.mkv")

    assert guess == EpisodeName(absolute=(5,), decided_by=DecidedBy.GUESSIT)


@pytest.mark.parametrize(
    ("name", "absolute"),
    [
        ("Lamplighters.1-3.-.Wick.mkv", (1, 2, 3)),
        ("Lamplighters 1-02 Fog.mkv", ()),
        ("Lamplighters 1.02 Fog.mkv", ()),
        ("Lamplighters Disc 1 Title 2.mkv", ()),
    ],
)
def test_several_loose_numbers_count_as_a_range_alone(name: str, absolute: tuple[int, ...]) -> None:
    assert GuessitNames().guess(name).absolute == absolute


def test_a_pack_has_its_seasons_and_the_first_of_them() -> None:
    guess = GuessitNames().guess("Lamplighters.S01-S03.720p")

    assert (guess.season, guess.seasons, guess.episodes) == (1, (1, 2, 3), ())


@pytest.mark.parametrize("name", ODD)
def test_no_name_raises_an_error_or_gives_more_than_makes_sense(name: str) -> None:
    guess = GuessitNames().guess(name)

    assert len(guess.episodes) + len(guess.absolute) <= 366 * 2
    assert guess.season is None or 0 <= guess.season <= 2199

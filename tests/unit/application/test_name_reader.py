from __future__ import annotations

from datetime import date

from alfred.application.library.names import EpisodeNameReader
from alfred.domain.library.episode_name import DecidedBy, EpisodeName


class Guesser:
    """Gives one answer and remembers what it was asked."""

    def __init__(self, answer: EpisodeName | None = None) -> None:
        self.answer = answer or EpisodeName()
        self.asked: list[str] = []

    def guess(self, path: str, /) -> EpisodeName:
        self.asked.append(path)
        return self.answer


def test_a_certain_name_is_not_guessed_at() -> None:
    guesser = Guesser()

    assert EpisodeNameReader(guesser)("Lamplighters S01E02.mkv").episodes == (2,)
    assert guesser.asked == []


def test_a_name_that_is_not_certain_is_guessed_at() -> None:
    guess = EpisodeName(absolute=(5,), decided_by=DecidedBy.GUESSIT)
    guesser = Guesser(guess)

    assert EpisodeNameReader(guesser)("Lamplighters.05.Fog.mkv") == guess
    assert guesser.asked == ["Lamplighters.05.Fog.mkv"]


def test_a_certain_season_is_kept_where_the_guess_finds_nothing() -> None:
    assert EpisodeNameReader(Guesser())("Lamplighters.S02.1080p.mkv").season == 2


def test_a_guessed_day_long_before_television_is_not_believed() -> None:
    guess = EpisodeName(air_date=date(1950, 10, 14), decided_by=DecidedBy.GUESSIT)

    assert EpisodeNameReader(Guesser(guess))("Lamplighters 5 1950.10.14.mkv").air_date is None

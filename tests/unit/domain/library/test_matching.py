from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.identification import FolderTitle, readings_of_folder
from alfred.domain.library.matching import CLOSER_LOOKS, Scored, likeness, rank, sure_of, worth_a_closer_look
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.candidate import ShowOutline, ShowSummary
from tests.builders import a_candidate

FIRST = EpisodeName(season=1, episodes=(1,))


def an_outline(tmdb_id: int = 1, *counts: int, **changes: Any) -> ShowOutline:
    values: dict[str, Any] = {"tmdb_id": TmdbId(tmdb_id), "episode_counts": dict(enumerate(counts, start=1))}
    return ShowOutline(**values | changes)


def decide(
    name: str,
    *shows: ShowSummary,
    files: Sequence[EpisodeName] = (),
    outlines: Sequence[ShowOutline] = (),
) -> int | None:
    sure = sure_of(rank(readings_of_folder(name), files, shows, outlines))
    return sure.show.tmdb_id.value if sure else None


def numbers(*files: EpisodeName, outline: ShowOutline) -> float | None:
    (scored,) = rank([FolderTitle("Harbour")], files, [a_candidate()], [outline])
    return scored.numbers


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HARBOUR lights", "Harbour Lights"),
        ("Cafe Solaris", "Café Solaris"),
        ("Salt and Smoke", "Salt & Smoke"),
        ("Lanterns, The", "The Lanterns"),
        ("Nobodys Boat", "Nobody's Boat"),
        ("Nobody\u2019s Boat", "Nobody's Boat"),
        ("Dr Foss", "Dr. Foss"),
        ("KELP", "K.E.L.P."),
        ("Tide - The Return", "Tide: The Return"),
        ("Smorrebrod", "Smørrebrød"),
        ("灯台", "灯台"),
    ],
)
def test_titles_are_the_same_but_for_case_accents_and_punctuation(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one) == 1.0


@pytest.mark.parametrize(
    ("one", "other"), [("Lanterns", "The Lanterns"), ("412", "4-1-2"), ("Seaside", "Sea-Side")]
)
def test_an_article_or_a_space_makes_a_title_a_little_less_the_same(one: str, other: str) -> None:
    assert 0.93 < likeness(one, other) < 1.0


@pytest.mark.parametrize(("one", "other"), [("Harbour", "Harbour Lights"), ("Tide 2", "Tide"), ("", "Tide")])
def test_other_titles_are_never_the_same(one: str, other: str) -> None:
    assert likeness(one, other) <= 0.9


@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_is_a_share_of_one_whatever_the_titles(one: str, other: str) -> None:
    assert 0.0 <= likeness(one, other) <= 1.0


def test_the_only_show_of_a_name_is_taken() -> None:
    assert decide("Harbour", a_candidate(1), a_candidate(2, "Harbour Lights")) == 1


def test_of_two_shows_of_one_name_none_is_taken() -> None:
    assert decide("Harbour", a_candidate(1), a_candidate(2, year=1987)) is None


def test_a_year_tells_shows_of_one_name_apart_even_one_year_off() -> None:
    shows = (a_candidate(1, year=1987), a_candidate(2, year=2011))

    assert decide("Harbour (1987)", *shows) == 1
    assert decide("Harbour (2012)", *shows) == 2
    assert decide("Harbour (2011)", a_candidate(1, year=2010), a_candidate(2, year=2011)) == 2


def test_a_show_of_the_name_from_quite_another_year_is_not_taken() -> None:
    assert decide("Harbour (1999)", a_candidate(year=2011)) is None
    assert decide("Harbour (1999)", a_candidate(year=None)) is None


def test_a_country_tells_shows_of_one_name_apart() -> None:
    shows = (a_candidate(1, origin_countries=("GB",)), a_candidate(2, origin_countries=("US",)))

    assert decide("Harbour (US)", *shows) == 2
    assert decide("Harbour UK", *shows) == 1
    assert decide("Harbour", *shows) is None


def test_a_bare_year_may_belong_to_the_title() -> None:
    assert decide("Harbour 1999", a_candidate(1, "Harbour 1999", year=1975)) == 1
    assert decide("Harbour 1999", a_candidate(1, "Harbour", year=1999)) == 1


def test_another_name_of_a_show_counts_once_somebody_looked_closer() -> None:
    german = a_candidate(1, "Harbour")

    assert decide("Der Hafen", german) is None
    assert decide("Der Hafen", german, outlines=[an_outline(1, 8, other_names=frozenset({"Der Hafen"}))]) == 1


def test_the_numbers_on_disk_tell_shows_of_one_name_apart() -> None:
    shows = (a_candidate(1), a_candidate(2, year=1987))
    outlines = [an_outline(1, 10, 10), an_outline(2, *[22] * 9)]

    assert decide("Harbour", *shows, files=[EpisodeName(season=8, episodes=(20,))], outlines=outlines) == 2
    assert decide("Harbour", *shows, files=[FIRST], outlines=outlines) is None


def test_a_show_that_lacks_what_is_on_disk_is_not_taken() -> None:
    files = [EpisodeName(season=season, episodes=(1,)) for season in (1, 2, 3, 4)]

    assert decide("Harbour", a_candidate(), files=files, outlines=[an_outline(1, 10)]) is None


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        (EpisodeName(season=2, episodes=(6,)), 1.0),
        (EpisodeName(season=2, episodes=(7,)), 0.5),
        (EpisodeName(season=2, episodes=(17,)), 0.0),
        (EpisodeName(season=3, episodes=(1,)), 0.0),
        (EpisodeName(season=1, episodes=(1, 11)), 0.5),
        (EpisodeName(absolute=(16,)), 1.0),
        (EpisodeName(absolute=(17,)), 0.0),
        (EpisodeName(air_date=date(2011, 4, 1)), 1.0),
        (EpisodeName(air_date=date(2010, 4, 1)), 0.0),
        (EpisodeName(season=0, episodes=(99,)), None),
        (EpisodeName(), None),
    ],
)
def test_numbers_fit_as_far_as_the_show_has_them(name: EpisodeName, fit: float | None) -> None:
    outline = an_outline(1, 10, 6, first_air_date=date(2011, 3, 1), last_air_date=date(2012, 3, 1))

    assert numbers(name, outline=outline) == fit


def test_a_candidate_that_comes_twice_is_ranked_once_and_equals_keep_their_order() -> None:
    shows = [a_candidate(1), a_candidate(2, "Elsewhere"), a_candidate(3), a_candidate(1)]

    ranked = rank([FolderTitle("Harbour")], (), shows)

    assert [one.show.tmdb_id.value for one in ranked] == [1, 3, 2]


def test_only_the_few_that_are_close_are_worth_a_closer_look() -> None:
    close = [a_candidate(number) for number in range(1, 6)]

    ranked = rank([FolderTitle("Harbour")], (), [*close, a_candidate(9, "Elsewhere")])

    assert len(worth_a_closer_look(ranked)) == CLOSER_LOOKS
    assert worth_a_closer_look(ranked[4:]) == ranked[4:5]
    assert worth_a_closer_look(()) == ()
    assert sure_of(()) is None


def test_points_weigh_only_what_is_known() -> None:
    show = a_candidate()

    assert Scored(show, 0.5).points == pytest.approx(0.5)
    assert Scored(show, 1.0, year=0.0).points == pytest.approx(0.6 / 0.85)
    assert Scored(show, 1.0, year=1.0, numbers=1.0).points == pytest.approx(1.0)

"""What becomes of TMDB's shapes."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from alfred.domain.tv_shows.show import PLACEHOLDER_STATUS, UNSPECIFIED_STATUS, TVShowInfo
from alfred.infrastructure.api.tmdb.mapping import show_from
from alfred.infrastructure.api.tmdb.schemas import seasons_of_show, show_with_seasons


def make_show(*episodes: dict[str, Any], summary: dict[str, Any] | None = None, **changes: Any) -> TVShowInfo:
    body = {
        "id": 5,
        "name": "Five",
        "seasons": [{"id": 51, "season_number": 1, **(summary or {})}],
        "season/1": {"season_number": 1, "episodes": list(episodes)},
        **changes,
    }
    payload = show_with_seasons((1,)).model_validate_json(json.dumps(body))
    return show_from(payload, payload.appended)


def test_every_fact_is_taken_over() -> None:
    show = make_show(
        {"id": 7, "episode_number": 1, "name": "Pilot", "air_date": "2024-01-05", "runtime": 45,
         "episode_type": "finale"},
        summary={"name": "Season 1", "air_date": "2024-01-05", "episode_count": 9},
        original_name="Cinq", original_language="fr", type="Scripted", status="Ended", in_production=True,
        first_air_date="2024-01-05", last_air_date="2024-02-05", overview="Five people.", poster_path="/5.jpg",
        external_ids={"imdb_id": "tt5", "tvdb_id": 55},
    )  # fmt: skip

    assert (show.tmdb_id.value, show.name, show.status, show.original_name) == (5, "Five", "Ended", "Cinq")
    assert (show.original_language, show.show_type, show.in_production) == ("fr", "Scripted", True)
    assert (show.first_air_date, show.last_air_date) == (date(2024, 1, 5), date(2024, 2, 5))
    assert (show.overview, show.poster_path, show.imdb_id, show.tvdb_id) == ("Five people.", "/5.jpg", "tt5", 55)
    (season,) = show.seasons
    assert (season.season_id, season.number, season.name, season.episode_count) == (51, 1, "Season 1", 9)
    assert season.air_date == date(2024, 1, 5)
    assert season.episodes is not None
    (episode,) = season.episodes
    assert (episode.episode_id, episode.number, episode.title, episode.runtime) == (7, 1, "Pilot", 45)
    assert (episode.air_date, episode.episode_type) == (date(2024, 1, 5), "finale")


@pytest.mark.parametrize("empty", [None, ""])
def test_facts_that_are_null_or_empty_are_not_there(empty: str | None) -> None:
    show = make_show(
        {"id": 7, "episode_number": 1, "name": empty, "air_date": empty, "runtime": None, "episode_type": empty},
        summary={"id": None, "name": empty, "air_date": empty, "episode_count": None},
        original_name=empty, original_language=empty, type=empty, status=empty, in_production=None,
        first_air_date=empty, last_air_date=empty, overview=empty, poster_path=empty,
        external_ids={"imdb_id": empty, "tvdb_id": None},
    )  # fmt: skip

    assert show == make_show({"id": 7, "episode_number": 1}, summary={"id": None})
    assert show.status == UNSPECIFIED_STATUS
    assert (show.poster_path, show.imdb_id, show.first_air_date, show.in_production) == (None, None, None, False)


@pytest.mark.parametrize("external", [None, {}, {"tvdb_id": 0}])
def test_external_ids_may_be_absent(external: dict[str, Any] | None) -> None:
    assert make_show(external_ids=external).tvdb_id is None


def test_the_original_name_stands_in_for_a_missing_one() -> None:
    assert make_show(name="", original_name="Cinq").name == "Cinq"


def test_names_and_titles_are_kept_to_the_letter() -> None:
    odd = " \u202eFive\x1b[1m "

    show = make_show({"id": 7, "episode_number": 1, "name": odd}, name=odd)

    assert show.name == odd
    assert show.seasons[0].episodes is not None
    assert show.seasons[0].episodes[0].title == odd


def test_a_status_nobody_knows_is_kept() -> None:
    assert make_show(status="On Holiday").status == "On Holiday"


def test_the_placeholder_status_never_comes_from_the_provider() -> None:
    assert make_show(status=PLACEHOLDER_STATUS).status == UNSPECIFIED_STATUS


@pytest.mark.parametrize("value", ["", "2013-00-00", "2013-02-30", "0000-00-00", "soon", "2013", None])
def test_a_date_that_is_none_is_none(value: str | None) -> None:
    show = make_show({"id": 7, "episode_number": 1, "air_date": value}, first_air_date=value)

    assert show.first_air_date is None
    assert show.seasons[0].episodes is not None
    assert show.seasons[0].episodes[0].air_date is None


def test_a_season_takes_name_and_date_of_its_body_where_the_summary_has_none() -> None:
    body = {"name": "Book One", "air_date": "2016-08-23", "episodes": []}

    (season,) = make_show(**{"season/1": body}).seasons

    assert (season.name, season.air_date) == ("Book One", date(2016, 8, 23))


def test_an_empty_season_is_not_an_unavailable_one() -> None:
    assert make_show().seasons[0].episodes == ()
    assert make_show(**{"season/1": {}}).seasons[0].episodes is None
    assert make_show(**{"season/1": None}).seasons[0].episodes is None
    assert make_show(**{"season/1": {"episodes": None}}).seasons[0].episodes is None


def test_episodes_keep_their_order_and_their_gaps() -> None:
    show = make_show(*({"id": n, "episode_number": n} for n in (0, 7, 3, 1000)))

    assert show.seasons[0].episodes is not None
    assert [episode.number for episode in show.seasons[0].episodes] == [0, 7, 3, 1000]


def test_an_episode_of_another_show_belongs_to_the_season_that_lists_it() -> None:
    show = make_show({"id": 7, "episode_number": 1, "season_number": 4, "show_id": 99})

    assert show.seasons[0].episodes is not None
    assert [episode.episode_id for episode in show.seasons[0].episodes] == [7]


def test_episodes_without_an_id_get_one_that_is_never_the_providers() -> None:
    show = make_show({"episode_number": 0}, {"episode_number": 1}, {"episode_number": 2})

    ids = [episode.episode_id for episode in show.seasons[0].episodes or ()]
    assert max(ids) < 0
    assert len(set(ids)) == 3


def test_a_season_that_was_not_asked_for_is_skipped() -> None:
    payload = seasons_of_show((20, 21)).model_validate_json(
        '{"id": 5, "season/1": "anything", "season/21": {"episodes": []}}'
    )

    assert list(payload.appended) == [21]


def test_the_model_of_a_set_of_seasons_is_made_once() -> None:
    assert show_with_seasons((1, 2)) is show_with_seasons((1, 2))


def test_an_episode_without_a_number_is_refused() -> None:
    with pytest.raises(ValidationError):
        make_show({"id": 7, "episode_number": None})

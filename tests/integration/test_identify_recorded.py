"""How often a folder's name leads to the right show, over real shows that a stand-in serves.

Every name that a folder may have is made out of the recorded bodies, so that the figures are of real titles: with
many remakes, sequels and shows of one name among them. A wrong show is worse than a question.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alfred.application.tv_shows.identify import FolderFacts, propose
from alfred.demo.stand_in import StandIn
from alfred.domain.library.episode_name import EpisodeName
from alfred.domain.library.identification import ExternalId, readings_of_folder
from alfred.domain.library.matching import rank, sure_of
from alfred.domain.tv_shows.candidate import ShowSummary
from alfred.infrastructure.api.tmdb.client import TMDBClient
from alfred.infrastructure.api.tmdb.mapping import summary_from
from alfred.infrastructure.api.tmdb.schemas import SearchPayload

RECORDED = Path(__file__).parents[2] / "../shared/tmdb"
V3_KEY = "0123456789abcdef0123456789abcdef"
ARTICLES = re.compile(r"^(the|a|an|le|la|les|l'|der|die|das|el|los|las|il) ", re.IGNORECASE)

pytestmark = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="the recorded answers of TMDB are not beside the project"
)

Show = dict[str, Any]


@pytest.fixture(scope="module")
def tmdb() -> Iterator[TMDBClient]:
    with StandIn(RECORDED, keep_requests=False) as server, TMDBClient(V3_KEY, base_url=server.url) as client:
        yield client


@pytest.fixture(scope="module")
def shows() -> list[Show]:
    bodies = [json.loads(path.read_text()) for path in sorted(RECORDED.glob("tv/*.json"))]
    return [body for body in bodies if body.get("name") and body.get("first_air_date")]


def plain(title: str) -> str:
    """Drop accents, articles and punctuation, as people who name folders do."""
    text = unicodedata.normalize("NFKD", ARTICLES.sub("", title))
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[:!?,.*/]", "", text).split()) or title


def name_and_year(show: Show) -> str:
    return f"{show['name'].replace('/', ' ')} ({show['first_air_date'][:4]})"


def name_only(show: Show) -> str:
    return str(show["name"].replace("/", " "))


def plain_and_year(show: Show) -> str:
    return f"{plain(show['name'])} ({show['first_air_date'][:4]})"


def plain_only(show: Show) -> str:
    return plain(show["name"])


def dotted(show: Show) -> str:
    return f"{plain(show['name']).replace(' ', '.')}.{show['first_air_date'][:4]}.S01.1080p.WEB-DL"


def a_year_off(show: Show) -> str:
    return f"{show['name'].replace('/', ' ')} ({int(show['first_air_date'][:4]) + 1})"


def far_off(show: Show) -> str:
    return f"{show['name'].replace('/', ' ')} ({int(show['first_air_date'][:4]) + 5})"


def files_of(show: Show) -> tuple[EpisodeName, ...]:
    """Return what a complete copy of the show would be called."""
    return tuple(
        EpisodeName(season=season["season_number"], episodes=(number,))
        for season in show["seasons"]
        for number in range(1, (season.get("episode_count") or 0) + 1)
    )


@pytest.mark.parametrize(
    ("name_of", "least_right"),
    [
        (name_and_year, 0.97),
        (plain_and_year, 0.95),
        (dotted, 0.9),
        (a_year_off, 0.9),
        (name_only, 0.9),
        (plain_only, 0.85),
        (far_off, 0.0),
    ],
)
def test_a_name_leads_to_the_right_show_or_to_a_question(
    name_of: Callable[[Show], str], least_right: float, tmdb: TMDBClient, shows: list[Show]
) -> None:
    before = tmdb.requests_sent
    verdicts: Counter[str] = Counter()
    for show in shows:
        name = name_of(show)
        facts = FolderFacts(path=name, tmdb_id=None, readings=readings_of_folder(name), files=files_of(show))
        proposal = propose(facts, tmdb)
        taken = proposal.sure.show.tmdb_id.value if proposal.sure else None
        verdict = "asked" if taken is None else "right" if taken == show["id"] else f"wrong: {name} -> {taken}"
        offers_it = any(one.show.tmdb_id.value == show["id"] for one in proposal.candidates[:9])
        verdicts[verdict] += 1
        verdicts["offered"] += verdict == "asked" and offers_it

    requests = (tmdb.requests_sent - before) / len(shows)
    print(f"{name_of.__name__}: {dict(verdicts)} of {len(shows)}, {requests:.1f} requests a folder")  # noqa: T201 - the figures
    assert [verdict for verdict in verdicts if verdict.startswith("wrong")] == []
    assert verdicts["right"] >= least_right * len(shows)


@pytest.mark.parametrize(
    ("source", "value", "tmdb_id"),
    [("tvdb", "121361", 1399), ("tvdb", "81189", 1396), ("imdb", "tt0903747", 1396)],
)
def test_the_id_of_another_provider_leads_to_the_show(
    source: str, value: str, tmdb_id: int, tmdb: TMDBClient
) -> None:
    facts = FolderFacts(
        path="x", tmdb_id=None, readings=readings_of_folder("x"), external_ids=(ExternalId(source, value),)
    )

    proposal = propose(facts, tmdb)

    assert proposal.sure is not None
    assert (proposal.sure.show.tmdb_id.value, proposal.decided_by) == (tmdb_id, source)


@pytest.mark.parametrize(("source", "value"), [("tvdb", "30272"), ("imdb", "tt0088247"), ("imdb", "tt9999999")])
def test_an_id_of_a_film_an_episode_or_nothing_leads_to_no_show(source: str, value: str, tmdb: TMDBClient) -> None:
    assert tmdb.find_tv(source, value).shows == ()


def recorded_search(name: str) -> list[ShowSummary]:
    bodies = sorted(RECORDED.glob(f"search/{name}.json"))
    assert bodies, name
    return [
        summary_from(row)
        for body in bodies
        for row in SearchPayload.model_validate_json(body.read_bytes()).results
    ]


@pytest.mark.parametrize(
    ("folder", "search", "tmdb_id"),
    [
        ("Breaking Bad", "breaking_bad@2026-06", 1396),
        ("breaking.bad.s01.720p", "breaking_bad", 1396),
        ("Dallas", "dallas", None),
        ("Dallas (1978)", "dallas", 40),
        ("Dallas (2012)", "dallas@2024-05", 37759),
        ("Shameless", "shameless", None),
        ("Shameless (US)", "shameless", 34307),
        ("Shameless UK", "shameless", 1906),
        ("Shameless (2011)", "shameless@2024-05", 34307),
        ("SWAT", "swat", None),
        ("S.W.A.T. (2017)", "swat", 71790),
        ("SWAT 1975", "swat", 11129),
        ("The Big Bang Theory", "the_big_bang_theory", None),
        ("Big Bang Theory (2007)", "the_big_bang_theory", 1418),
        ("Rick & Morty", "rick_and_morty", 60625),
        ("Star Trek", "trek.page?", None),
        ("Star Trek (1966)", "trek.page?", 253),
        ("Star Trek The Next Generation", "trek.page?", 655),
        ("Star Trek Deep Space 9", "trek.page?", None),
        ("The Simpsons", "simpsons", None),
    ],
)
def test_what_tmdb_really_found_leads_to_the_show_or_to_a_question(
    folder: str, search: str, tmdb_id: int | None
) -> None:
    sure = sure_of(rank(readings_of_folder(folder), (), recorded_search(search)))

    assert (sure.show.tmdb_id.value if sure else None) == tmdb_id

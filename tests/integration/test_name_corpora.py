"""Names from other programs' own tests, with the share that must be read right."""

from __future__ import annotations

import pytest

from alfred.composition import episode_name_reader
from alfred.domain.library.name_titles import read_title
from tests.name_corpora import Answer, cases, is_present, wrong_of

FLOORS = {"sonarr": 0.98, "medusa": 0.97, "jellyfin": 0.94, "guessit": 0.97, "own": 0.99}


@pytest.mark.parametrize("corpus", FLOORS)
def test_names_of_other_programs_are_read_right(corpus: str) -> None:
    if not is_present(corpus):
        pytest.skip(f"the {corpus} names are not here: they are read from ../shared and not part of the project")
    read = episode_name_reader()

    def parse(name: str) -> Answer:
        reading = read(name)
        seasons = reading.seasons or (() if reading.season is None else (reading.season,))
        return Answer(seasons, reading.episodes, reading.absolute, reading.air_date, read_title(name).title)

    every = cases(corpus)
    wrong = wrong_of(every, parse)

    shown = "\n".join(f"{case.names[0]}: {case.expected}" for case in wrong)
    assert 1 - len(wrong) / len(every) >= FLOORS[corpus], shown

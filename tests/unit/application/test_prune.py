"""Prune deletes what has been missing for long enough, and of that only what it listed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from alfred.application.library.prune import carry_out, plan_prune
from alfred.application.ports.index import ShowPresence
from alfred.domain.library.presence import PresenceChange
from alfred.domain.shared.value_objects import TmdbId
from tests.builders import NOW, a_release, days
from tests.fakes.clock import FakeClock
from tests.fakes.index import FakeIndex

ONE, TWO, THREE = TmdbId(1), TmdbId(2), TmdbId(3)


def an_index(**missing_since: datetime | None) -> FakeIndex:
    """Make an index of three shows, each missing since the moment given by its name."""
    index = FakeIndex(now=FakeClock())
    for name, tmdb_id in (("one", ONE), ("two", TWO), ("three", THREE)):
        presence = ShowPresence(name=name, path=name, folders=(), release=a_release(tmdb_id=tmdb_id))
        index.record_presence(presence, now=NOW - days(400))
        if since := missing_since.get(name):
            index.mark_presence(PresenceChange(vanished=(tmdb_id,)), now=since)
    return index


@pytest.mark.parametrize(
    ("since", "listed"),
    [
        pytest.param(None, False, id="present"),
        pytest.param(NOW, False, id="missing just now"),
        pytest.param(NOW - days(90) + timedelta(microseconds=1), False, id="a moment too short"),
        pytest.param(NOW - days(90), True, id="exactly so long"),
        pytest.param(NOW - days(400), True, id="much longer"),
        pytest.param(NOW + days(1), False, id="missing from the future on"),
    ],
)
def test_what_has_been_missing_for_so_long_is_listed(since: datetime | None, listed: bool) -> None:
    plan = plan_prune(an_index(one=since), missing_for=days(90), now=NOW)

    assert list(plan.shows) == ([ONE] if listed else [])


def test_a_plan_deletes_nothing_and_its_execution_exactly_what_it_lists() -> None:
    index = an_index(one=NOW - days(100), two=NOW - days(80))
    plan = plan_prune(index, missing_for=days(90), now=NOW)
    assert set(index.known_shows()) == {ONE, TWO, THREE}

    carry_out(plan, index)

    assert [show.name for show in plan.shows.values()] == ["one"]
    assert set(index.known_shows()) == {TWO, THREE}


def test_the_list_is_in_the_order_of_ids() -> None:
    index = an_index(three=NOW - days(300), one=NOW - days(100), two=NOW - days(200))

    assert list(plan_prune(index, missing_for=days(1), now=NOW).shows) == [ONE, TWO, THREE]


def test_what_came_back_after_the_plan_was_made_is_left_alone() -> None:
    index = an_index(one=NOW - days(100), two=NOW - days(100))
    plan = plan_prune(index, missing_for=days(90), now=NOW)
    index.mark_presence(PresenceChange(restored=(ONE,)), now=NOW)

    carry_out(plan, index)

    assert set(index.known_shows()) == {ONE, THREE}


def test_what_came_back_and_vanished_again_after_the_plan_was_made_is_left_alone() -> None:
    index = an_index(one=NOW - days(100))
    plan = plan_prune(index, missing_for=days(90), now=NOW)
    index.mark_presence(PresenceChange(restored=(ONE,)), now=NOW)
    index.mark_presence(PresenceChange(vanished=(ONE,)), now=NOW)

    carry_out(plan, index)

    assert set(index.known_shows()) == {ONE, TWO, THREE}


def test_what_is_back_though_no_rescan_said_so_is_not_listed() -> None:
    index = an_index(one=NOW - days(100), two=NOW - days(100))

    plan = plan_prune(index, missing_for=days(90), now=NOW, back=(TWO,))

    assert list(plan.shows) == [ONE]


def test_an_empty_plan_can_be_carried_out() -> None:
    index = an_index()

    carry_out(plan_prune(index, missing_for=days(1), now=NOW), index)

    assert set(index.known_shows()) == {ONE, TWO, THREE}

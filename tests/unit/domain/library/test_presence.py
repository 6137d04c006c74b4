from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alfred.domain.library.presence import (
    BREAKER_LEAST,
    BREAKER_SHARE,
    KnownShow,
    PresenceChange,
    compare_presence,
    is_at_or_below,
    is_too_much,
)
from alfred.domain.shared.value_objects import TmdbId
from tests.builders import NOW

ONE, TWO = TmdbId(1), TmdbId(2)


def here(*paths: str) -> KnownShow:
    return KnownShow("A show", paths)


def away(*paths: str) -> KnownShow:
    return KnownShow("A show", paths, missing_since=NOW)


@pytest.mark.parametrize(
    ("known", "seen", "change"),
    [
        pytest.param({}, {}, PresenceChange(), id="nothing at all"),
        pytest.param({ONE: here("One")}, {ONE}, PresenceChange(), id="there and still there"),
        pytest.param({ONE: here("One")}, {}, PresenceChange(vanished=(ONE,)), id="gone"),
        pytest.param({ONE: away("One")}, {}, PresenceChange(), id="gone before"),
        pytest.param({ONE: away("One")}, {ONE}, PresenceChange(restored=(ONE,)), id="back"),
        pytest.param({}, {ONE}, PresenceChange(), id="new"),
        pytest.param(
            {TWO: here("Two"), ONE: here("One")}, {}, PresenceChange(vanished=(ONE, TWO)), id="in the order of ids"
        ),
        pytest.param(
            {ONE: here("One"), TWO: away("Two")},
            {TWO},
            PresenceChange(vanished=(ONE,), restored=(TWO,)),
            id="one goes, one comes",
        ),
    ],
)
def test_what_was_known_is_compared_with_what_is_there(
    known: dict[TmdbId, KnownShow], seen: set[TmdbId], change: PresenceChange
) -> None:
    assert compare_presence(known, seen, unreadable=()) == change


@pytest.mark.parametrize(
    ("paths", "unreadable", "vanished"),
    [
        pytest.param(("One",), ["One"], False, id="its own folder"),
        pytest.param(("A-F/One",), ["A-F"], False, id="the folder above"),
        pytest.param(("A-F/One",), ["A-F/"], False, id="the folder above, with a slash"),
        pytest.param(("A-F/One",), [""], False, id="the root"),
        pytest.param(("One", "Two"), ["Two"], False, id="one of its folders"),
        pytest.param(("One",), ["Other"], True, id="another folder"),
        pytest.param(("One",), ["On"], True, id="the beginning of its name"),
        pytest.param(("One",), ["One/Season 1"], True, id="only a folder below it"),
        pytest.param(("One",), [], True, id="nothing"),
    ],
)
def test_a_show_behind_what_could_not_be_read_stays_as_it_is(
    paths: tuple[str, ...], unreadable: list[str], vanished: bool
) -> None:
    change = compare_presence({ONE: here(*paths)}, (), unreadable=unreadable)

    assert change.vanished == ((ONE,) if vanished else ())


def test_a_missing_show_behind_what_could_not_be_read_stays_missing() -> None:
    assert compare_presence({ONE: away("One")}, (), unreadable=["One"]) == PresenceChange()


@pytest.mark.parametrize(
    ("present", "vanished", "refused"),
    [
        (0, 0, False),
        (10, 0, False),
        (2, 1, False),
        (5, 4, False),
        (6, 5, True),
        (24, 5, True),
        (25, 5, False),
        (26, 6, True),
        (30, 6, False),
        (10_000, 2_000, False),
        (10_000, 2_001, True),
    ],
)
def test_more_than_a_fifth_is_too_much_from_five_shows_on(present: int, vanished: int, refused: bool) -> None:
    assert is_too_much(present=present, vanished=vanished, left=max(present - vanished, 0)) is refused


@pytest.mark.parametrize("present", [1, 2, 4, 5, 1000])
def test_that_nothing_is_left_is_never_believed(present: int) -> None:
    assert is_too_much(present=present, vanished=present, left=0)


def test_an_empty_library_stays_one() -> None:
    assert not is_too_much(present=0, vanished=0, left=0)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_breaker_is_its_two_numbers(left: int, vanished: int) -> None:
    present = left + vanished
    refused = is_too_much(present=present, vanished=vanished, left=left)

    if vanished == 0:
        assert not refused
    elif left == 0:
        assert refused
    else:
        assert refused is (vanished >= BREAKER_LEAST and vanished / present > 1 / BREAKER_SHARE)


_paths = st.lists(st.sampled_from(["a", "b", "a/b", "b/a", "a/b/c"]), max_size=3)


@given(
    known=st.dictionaries(
        st.builds(TmdbId, st.integers(1, 6)), st.builds(here, st.just("a")) | st.just(away("b"))
    ),
    seen=st.sets(st.builds(TmdbId, st.integers(1, 6))),
    unreadable=_paths,
)
def test_nothing_is_in_two_lists_and_a_second_look_changes_nothing(
    known: dict[TmdbId, KnownShow], seen: set[TmdbId], unreadable: list[str]
) -> None:
    change = compare_presence(known, seen, unreadable=unreadable)
    assert not set(change.vanished) & set(change.restored)
    assert not set(change.vanished) & seen
    assert set(change.restored) <= seen

    after = {tmdb_id: away(*show.paths) if tmdb_id in change.vanished else show for tmdb_id, show in known.items()}
    after |= {tmdb_id: here(*after[tmdb_id].paths) for tmdb_id in change.restored}
    assert compare_presence(after, seen, unreadable=unreadable) == PresenceChange()


def test_a_path_is_below_its_parents_and_not_below_its_siblings() -> None:
    assert is_at_or_below("a/b", {"a"})
    assert is_at_or_below("a", {"a"})
    assert not is_at_or_below("ab", {"a"})
    assert not is_at_or_below("a", {"a/b"})
    assert not is_at_or_below("a", ())

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alfred.domain.work.lease import LARGEST_PID, Owner, is_abandoned
from tests.builders import NOW

HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
HERE = Owner("nas", 7, "boot.4026531836.1234")
ELSEWHERE = Owner("laptop", 7, "boot.4026531836.1234")

CASES = [
    # claimed_at, owner, is it alive, is it abandoned
    (NOW, HERE, True, False),
    (NOW - HOUR + MOMENT, HERE, True, False),
    (NOW - HOUR, HERE, True, False),
    (NOW - HOUR - MOMENT, HERE, True, True),
    (NOW, HERE, False, True),
    (NOW - HOUR - MOMENT, HERE, False, True),
    (NOW, ELSEWHERE, False, False),
    (NOW - HOUR, ELSEWHERE, False, False),
    (NOW - HOUR - MOMENT, ELSEWHERE, False, True),
    (NOW, None, False, False),
    (NOW - HOUR - MOMENT, None, False, True),
    (NOW + HOUR, HERE, True, False),
    (NOW + HOUR, HERE, False, True),
    (NOW + HOUR + MOMENT, ELSEWHERE, True, True),
]


@pytest.mark.parametrize(("claimed_at", "owner", "alive", "abandoned"), CASES)
def test_a_claim_is_abandoned_when_it_is_old_or_its_owner_is_dead_here(
    claimed_at: datetime, owner: Owner | None, *, alive: bool, abandoned: bool
) -> None:
    found = is_abandoned(
        claimed_at,
        owner,
        now=NOW,
        threshold=HOUR,
        this_host="nas",
        is_alive=lambda asked: alive and asked == owner,
    )

    assert found is abandoned


def test_nobody_asks_this_machine_after_a_process_of_another() -> None:
    def is_alive(owner: Owner) -> bool:
        raise AssertionError(f"asked after {owner}")

    assert not is_abandoned(NOW, ELSEWHERE, now=NOW, threshold=HOUR, this_host="nas", is_alive=is_alive)


@given(st.text(min_size=1).filter(lambda host: ":" not in host), st.integers(1, LARGEST_PID), st.text())
def test_an_owner_is_read_as_it_was_written(host: str, pid: int, started: str) -> None:
    owner = Owner(host, pid, started.replace("\n", ""))

    assert Owner.parse(str(owner)) == owner


@pytest.mark.parametrize(
    "text",
    ["", "nas", "nas:7", ":7:x", "nas::x", "nas:-7:x", "nas:0:x", f"nas:{LARGEST_PID + 1}:x", "nas:\u0667:x"],
)
def test_any_other_text_is_no_owner(text: str) -> None:
    assert Owner.parse(text) is None


@given(st.text())
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    owner = Owner.parse(text)

    assert owner is None or owner.pid > 0

"""Text for people and for scripts."""

from __future__ import annotations

import io
import json
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alfred.cli.text import age, clock_time, iso, plural, printable, to_json

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
PERSIAN = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("", ""),
        ("夜ふかし図書館 Ünïcödé", "夜ふかし図書館 Ünïcödé"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        (PERSIAN, PERSIAN),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2028line", "\\u2028line"),
        ("\udcff", "\\udcff"),
        ("\x7f\x00", "\\x7f\\x00"),
        ("[bold red]x[/]", "[bold red]x[/]"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_instead(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_nothing_that_is_printed_is_a_command(text: str) -> None:
    shown = printable(text)

    assert not [
        character
        for character in shown
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character not in "\u200c\u200d"
    ]
    assert "\n" not in shown
    shown.encode()


@given(
    st.recursive(
        st.text() | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
def test_a_document_says_exactly_what_it_was_made_of(document: object) -> None:
    assert json.loads(to_json(document)) == document


@given(st.text())
def test_a_document_holds_nothing_that_a_terminal_would_obey(text: str) -> None:
    rendered = to_json([text, "\x7f\x9b\u2028\udcff" + BIDI])

    assert not [c for c in rendered if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} and c != "\n"]
    assert not set(BIDI) & set(rendered)


def test_a_document_is_readable_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert "夜" in to_json({"name": "夜"})

    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert to_json({"name": "夜"}).isascii()


def test_moments_are_utc_with_a_z() -> None:
    elsewhere = datetime(2026, 6, 1, 14, 30, 5, 42, tzinfo=timezone(timedelta(hours=2)))

    assert iso(None) is None
    assert iso(NOW) == "2026-06-01T12:00:00Z"
    assert iso(elsewhere) == "2026-06-01T12:30:05.000042Z"
    assert clock_time(elsewhere) == "2026-06-01 12:30 UTC"


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (timedelta(), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=4000), "4,000 days ago"),
        (timedelta(seconds=-1), "in the future"),
    ],
)
def test_an_age_is_told_in_one_unit(span: timedelta, shown: str) -> None:
    assert age(NOW - span, now=NOW) == shown


def test_what_never_was_is_never() -> None:
    assert age(None, now=NOW) == "never"


@pytest.mark.parametrize(
    ("count", "noun", "shown"),
    [
        (0, "show", "0 shows"),
        (1, "show", "1 show"),
        (2, "episode", "2 episodes"),
        (1234567, "request", "1,234,567 requests"),
        (3, "entry", "3 entries"),
        (1, "entry", "1 entry"),
        (2, "day", "2 days"),
    ],
)
def test_a_count_goes_with_its_noun(count: int, noun: str, shown: str) -> None:
    assert plural(count, noun) == shown

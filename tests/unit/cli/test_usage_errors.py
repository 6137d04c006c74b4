"""What is said to those who call a command wrongly."""

from __future__ import annotations

import pytest

from alfred.cli.main import run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["refresh", "--max-requests", "x"],
            "Invalid value for '--max-requests': 'x' is not a whole number; see 'alfred refresh --help'",
        ),
        (
            ["refresh", "--workers", "0"],
            "Invalid value for '--workers': 0 is not in the range 1<=x<=64; see 'alfred refresh --help'",
        ),
        (
            ["provider", "--histroy"],
            "No such option '--histroy'. Did you mean '--history'? See 'alfred provider --help'",
        ),
        (["refresh", "5"], "Got unexpected extra argument (5); see 'alfred refresh --help'"),
    ],
)
def test_a_wrong_call_is_answered_in_one_line_with_a_next_step(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert run(words) == 2

    assert capsys.readouterr().err == f"alfred: {said}\n"

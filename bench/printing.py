"""Tables of text."""

from __future__ import annotations

from collections.abc import Sequence

GAP = "  "


def heading(text: str) -> None:
    """Begin a benchmark."""
    print(f"\n== {text}", flush=True)


def note(text: str) -> None:
    """Print a line that is not a figure."""
    print(f"   {text}", flush=True)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings, the first column to the left and the others to the right."""
    lines = [tuple(headings), *(tuple(row) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        first, *others = (
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print(GAP.join(["  " + first, *others]).rstrip(), flush=True)


def times(value: float) -> str:
    """Render a ratio."""
    return f"{value:.2f}x"


def verdict(value: float, at_most: float) -> str:
    """Render a goal and whether it is met; a benchmark fails nothing."""
    return f"<= {at_most:g}: {'met' if value <= at_most else 'NOT met'}"


def verdict_at_least(value: float, least: float) -> str:
    """Render a goal that is a lower bound, and whether it is met."""
    return f">= {least:g}: {'met' if value >= least else 'NOT met'}"

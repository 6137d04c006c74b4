"""Tables: drawn to the width of a terminal, tab-separated and whole where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from alfred.cli.text import printable

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST = 16
GAP = 3


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        right: numbers stand to the right.
        shrinks: long text, cut on a narrow terminal; all other columns are always whole.
        optional: left out where the terminal is too narrow for all columns.
    """

    name: str
    right: bool = False
    shrinks: bool = False
    optional: bool = False


def write_plain(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Write rows separated by tabs, for other programs."""
    for row in ([column.name for column in columns], *rows):
        sys.stdout.write("\t".join(printable(cell) for cell in row) + "\n")


def draw(
    console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]], styles: Sequence[str] = ()
) -> None:
    """Draw a table on a terminal.

    Args:
        styles: one style a row, where rows have any.
    """
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    texts = zip((column.name for column in columns), *rows, strict=True)
    wishes = [max(cell_len(text) for text in column) for column in texts]
    widths = _fit(columns, wishes, console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for at, width in widths.items():
        justify: Literal["left", "right"] = "right" if columns[at].right else "left"
        table.add_column(columns[at].name, justify=justify, width=width, no_wrap=True, overflow="ellipsis")
    for number, row in enumerate(rows):
        cells = (Text(printable(row[at])) for at in widths)
        table.add_row(*cells, style=styles[number] if styles else "")
    console.print(table, soft_wrap=False)


def _fit(columns: Sequence[Column], wishes: Sequence[int], room: int) -> dict[int, int]:
    """Give columns, by position, their widths, leaving out optional ones from the right until the rest fits."""
    shown = list(range(len(columns)))
    for at in reversed(range(len(columns))):
        if sum(_least(columns[i], wishes[i]) + GAP for i in shown) <= room:
            break
        if columns[at].optional:
            shown.remove(at)
    spare = room - sum(_least(columns[i], wishes[i]) + GAP for i in shown)
    widths = {}
    for at in shown:
        least = _least(columns[at], wishes[at])
        widths[at] = least + max(0, min(spare, wishes[at] - least))
        spare -= widths[at] - least
    return widths


def _least(column: Column, wish: int) -> int:
    return min(wish, NARROWEST) if column.shrinks else wish

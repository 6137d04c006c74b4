"""What every command has: the global options, the library, and a way to answer people or scripts."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from alfred.cli.tables import Column, draw, write_plain
from alfred.cli.text import printable, to_json
from alfred.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.console import Console

    from alfred.composition import Library

ResultT = TypeVar("ResultT")


@dataclass
class Session:
    """One run of the command line.

    Attributes:
        library: the root that ``--library`` gave.
        as_json: answer with one JSON document.
        quiet: say only errors.
        verbose: say more on stderr.
        exit_code: what the process ends with.
    """

    library: Path | None = None
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    exit_code: int = field(default=0, init=False)

    @cached_property
    def settings(self) -> Settings:
        """The settings of environment and file."""
        return load_settings()

    @cached_property
    def console(self) -> Console:
        """A terminal with colours, made when it is first printed to."""
        from rich.console import Console

        return Console(highlight=False, soft_wrap=True, markup=False, emoji=False)

    @contextmanager
    def open_library(self, *, queries_only: bool = False) -> Iterator[Library]:
        """Open the library that the user means.

        Raises:
            LibraryUnavailable: there is none, or it cannot be used now.
        """
        from alfred.composition import find_library, open_library

        root = find_library(self.library, self.settings, start=Path.cwd())
        with open_library(root, self.settings, queries_only=queries_only) as library:
            yield library

    def with_library(self, work: Callable[[Library], ResultT], *, queries_only: bool = False) -> ResultT:
        """Do some work on the library; where its index turns out to be damaged, heal it and do it once more."""
        from alfred.application.exceptions import IndexCorrupt

        with self.open_library(queries_only=queries_only) as library:
            try:
                return work(library)
            except IndexCorrupt:
                library.index.heal()
                return work(library)

    def answer(self, document: Callable[[], Any], people: Callable[[], None]) -> None:
        """Answer scripts with a JSON document, or people with what ``people`` prints; quiet says nothing."""
        if self.as_json:
            sys.stdout.write(to_json(document()) + "\n")
        elif not self.quiet:
            people()

    def complain(self, line: str) -> None:
        """Print one line on stderr, about one thing of several; the command goes on."""
        sys.stderr.write(f"alfred: {printable(line)}\n")

    def say(self, line: str, *, style: str = "") -> None:
        """Print one line for people."""
        if self.stdout_is_terminal:
            from rich.text import Text

            self.console.print(Text(printable(line), style=style))
        else:
            sys.stdout.write(printable(line) + "\n")

    def table(
        self, columns: Sequence[Column], rows: Sequence[Sequence[str]], *, styles: Sequence[str] = ()
    ) -> None:
        """Print a table: drawn on a terminal, tab-separated and whole elsewhere."""
        if self.stdout_is_terminal:
            draw(self.console, columns, rows, styles)
        else:
            write_plain(columns, rows)

    @property
    def stdout_is_terminal(self) -> bool:
        """Whether somebody looks."""
        return sys.stdout.isatty()

    def start_logging(self) -> None:
        """Send warnings (or more, or less) to stderr, one line each."""
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_OneLine("alfred: %(levelname)s: %(message)s"))
        root = logging.getLogger("alfred")
        root.handlers[:] = [handler]
        root.propagate = False
        root.setLevel(logging.ERROR if self.quiet else logging.DEBUG if self.verbose else logging.WARNING)


class _OneLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        record.levelname = record.levelname.lower()
        return printable(super().format(record).replace("\n", " "))

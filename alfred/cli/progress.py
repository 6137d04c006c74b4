"""How far a batch is: a live bar on a terminal, a plain line every few seconds elsewhere, on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, Self

from alfred.cli.session import Session
from alfred.cli.text import plural

if TYPE_CHECKING:
    from rich.progress import Progress

    from alfred.application.ports.batch import RefreshProgress

SECONDS_BETWEEN_LINES = 5.0


class Watcher(Protocol):
    """Is told how far a batch is."""

    def __call__(self, progress: RefreshProgress, /) -> None:
        """Show it."""


@contextmanager
def shows_progress(session: Session) -> Iterator[Watcher]:
    """Yield what shows the progress of a batch the way that fits stderr."""
    if session.quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _Bar() as bar:
            yield bar
    else:
        yield _Lines()


class _Lines:
    """One line every few seconds; none for a batch that is done before."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._next = self._started + SECONDS_BETWEEN_LINES

    def __call__(self, progress: RefreshProgress) -> None:
        moment = time.monotonic()
        if moment < self._next:
            return
        self._next = moment + SECONDS_BETWEEN_LINES
        rate = progress.refreshed / (moment - self._started)
        sys.stderr.write(f"alfred: {_counts(progress)}; {rate:.1f} shows/s, {_time_left(progress, rate)}\n")
        sys.stderr.flush()


class _Bar:
    """A line that is drawn anew several times a second."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._started = time.monotonic()
        self._progress: Progress = Progress(
            TextColumn("refresh"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[told]}"),
            console=Console(stderr=True, highlight=False, markup=False, emoji=False),
            transient=True,
        )
        self._task = self._progress.add_task("", total=None, told="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def __call__(self, progress: RefreshProgress) -> None:
        rate = progress.refreshed / max(time.monotonic() - self._started, 0.001)
        told = f"{_counts(progress)}  {rate:.1f}/s  {_time_left(progress, rate)}"
        self._progress.update(self._task, completed=progress.done, total=progress.selected, told=told)


def _counts(progress: RefreshProgress) -> str:
    parts = [f"{progress.done:,} of {plural(progress.selected, 'show')}"]
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    parts += [f"{progress.left:,} left", plural(progress.requests, "request")]
    if progress.waiting:
        parts.append(f"{progress.waiting:,} waiting")
    return ", ".join(parts)


def _time_left(progress: RefreshProgress, rate: float) -> str:
    if rate <= 0:
        return "time left unknown"
    seconds = round(progress.left / rate)
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds} s to go"
    minutes, hours = seconds // 60, seconds // 3600
    return f"{hours} h {minutes % 60} min to go" if hours else f"{minutes} min to go"

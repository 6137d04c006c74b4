"""``alfred parse``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import click

from alfred.cli.command import alfred_command
from alfred.cli.session import Session
from alfred.domain.library.certainty import is_worth_asking
from alfred.domain.library.episode_name import DecidedBy, EpisodeName, ReleaseDetails
from alfred.domain.library.episode_names import read_episode_name
from alfred.domain.library.identification import FolderTitle
from alfred.domain.library.name_titles import read_title
from alfred.domain.library.release_details import read_release_details

STDIN = "-"


@alfred_command(
    "parse",
    examples="""
    alfred parse "Breaking Bad - S01E02 - Cat's in the Bag.mkv"
    alfred parse "Season 02/08 - Better Call Saul.mkv"
    find . -name '*.mkv' | alfred parse - --json
    """,
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def command(session: Session, names: tuple[str, ...]) -> None:
    """Say what Alfred reads from the names of files; needs no library.

    A NAME may be a path: the folders help. With '-', names are read from stdin, one a line.
    """
    read = _reader()
    readings = [(name, read(name), read_title(name)) for name in _names(names)]

    def tell() -> None:
        for reading in readings:
            _tell(session, *reading)

    session.answer(lambda: {"names": [_shape(*reading) for reading in readings]}, tell)


def _names(given: tuple[str, ...]) -> Iterator[str]:
    for name in given:
        if name != STDIN:
            yield name
            continue
        sys.stdin.reconfigure(errors="surrogateescape", newline="\n")  # type: ignore[union-attr]  # names need not be UTF-8
        for line in sys.stdin:
            if stripped := line.rstrip("\r\n"):
                yield stripped


def _reader() -> Callable[[str], EpisodeName]:
    """Return what reads names; guessit and all that makes it wait for the first name that needs it."""
    slow: list[Callable[[str], EpisodeName]] = []

    def read(name: str) -> EpisodeName:
        reading = read_episode_name(name)
        if is_worth_asking(name, reading):
            if not slow:
                from alfred.composition import episode_name_reader

                slow.append(episode_name_reader())
            reading = slow[0](name)
        return replace(reading, details=read_release_details(name))

    return read


def _shape(name: str, reading: EpisodeName, title: FolderTitle) -> dict[str, Any]:
    details = reading.details or ReleaseDetails()
    return {
        "name": name,
        "title": title.title or None,
        "year": title.year,
        "season": reading.season,
        "seasons": list(reading.seasons),
        "episodes": list(reading.episodes),
        "absolute": list(reading.absolute),
        "air_date": reading.air_date.isoformat() if reading.air_date else None,
        "decided_by": reading.decided_by.value,
        "folder_season": reading.folder_season,
        "resolution": details.resolution,
        "source": details.source,
        "codec": details.codec,
        "languages": list(details.languages),
        "release_group": details.release_group,
        "proper": details.proper,
        "version": details.version,
        "part": details.part,
    }


def _tell(session: Session, name: str, reading: EpisodeName, title: FolderTitle) -> None:
    session.say(name, style="bold")
    year = f" ({title.year})" if title.year else ""
    if title.title:
        session.say(f"  show      {title.title}{year}")
    session.say(f"  episode   {_numbers(reading)}")
    if reading.folder_season is not None:
        session.say(f"            its folder says season {reading.folder_season}; the file is believed")
    if release := _release(reading.details or ReleaseDetails()):
        session.say(f"  release   {release}")
    session.say(f"  told by   {_TOLD_BY[reading.decided_by]}")


def _numbers(reading: EpisodeName) -> str:
    parts = []
    if reading.seasons:
        parts.append(f"seasons {_listed(reading.seasons)}")
    elif reading.season is not None:
        parts.append(f"season {reading.season}")
    if reading.episodes:
        parts.append(f"episode{'s' * (len(reading.episodes) > 1)} {_listed(reading.episodes)}")
    if reading.absolute:
        parts.append(f"absolute {_listed(reading.absolute)}")
    if reading.air_date:
        parts.append(f"aired {reading.air_date.isoformat()}")
    return ", ".join(parts) or "none found"


def _listed(numbers: tuple[int, ...]) -> str:
    first, last = numbers[0], numbers[-1]
    if len(numbers) > 2 and numbers == tuple(range(first, last + 1)):  # noqa: PLR2004 - two are written out
        return f"{first}-{last}"
    return ", ".join(map(str, numbers))


def _release(details: ReleaseDetails) -> str:
    words = [details.resolution, details.source, details.codec, *details.languages]
    if details.proper:
        words.append("proper" if details.proper == 1 else f"proper {details.proper}")
    if details.version > 1:
        words.append(f"version {details.version}")
    if details.part:
        words.append(f"part {details.part}")
    if details.release_group:
        words.append(f"by {details.release_group}")
    return ", ".join(word for word in words if word)


_TOLD_BY = {
    DecidedBy.SEASON_EPISODE: "season and episode in the name",
    DecidedBy.CROSS: "season x episode in the name",
    DecidedBy.AIR_DATE: "the air date in the name",
    DecidedBy.FOLDER_NUMBER: "the number in the name, the season of the folder",
    DecidedBy.ABSOLUTE: "a number that runs on across seasons",
    DecidedBy.SEASON_DIGITS: "digits for season and episode",
    DecidedBy.EPISODE_ALONE: "an episode without a season: the first is taken",
    DecidedBy.PART: "a part without a season: the first is taken",
    DecidedBy.GUESSIT: "guessit, since no shape is certain",
    DecidedBy.SEASON: "the name of a season",
    DecidedBy.NOTHING: "nothing in the name",
}

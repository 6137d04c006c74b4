"""Asking a person which show a folder is, with the arrow keys."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from alfred.cli.command import NOT_AN_ID
from alfred.cli.text import printable
from alfred.domain.shared.value_objects import TmdbId

if TYPE_CHECKING:
    from alfred.application.tv_shows.identify import Proposal
    from alfred.domain.library.matching import Scored

OFFERED_AT_MOST = 9
LONGEST_OVERVIEW = 300

_SKIP = "skip"
_TYPE_ID = "type"


def choose_show(proposal: Proposal) -> TmdbId | None:
    """Ask which candidate it is, or for an id; None where the person leaves it.

    Raises:
        KeyboardInterrupt: the person has had enough.
    """
    import questionary

    offered = [
        questionary.Choice(_line(scored), value=scored.show.tmdb_id, description=_about(scored))
        for scored in proposal.candidates[:OFFERED_AT_MOST]
    ]
    answer = questionary.select(
        printable(f"Which show is {proposal.folder.path}?"),
        choices=[
            *offered,
            questionary.Choice("Another one: type its TMDB id", value=_TYPE_ID),
            questionary.Choice("Leave it for now", value=_SKIP),
        ],
        use_shortcuts=False,
        show_description=True,
    ).unsafe_ask()
    if answer == _TYPE_ID:
        return _ask_for_id()
    return answer if isinstance(answer, TmdbId) else None


def _ask_for_id() -> TmdbId | None:
    import questionary

    text = questionary.text(
        "TMDB id, as in themoviedb.org/tv/1396 (nothing leaves it):", validate=_check_id
    ).unsafe_ask()
    return TmdbId(int(text)) if text.strip() else None


def _check_id(text: str) -> bool | str:
    try:
        return not text.strip() or bool(TmdbId(int(text)))
    except ValueError:
        return NOT_AN_ID.format(printable(text))


def _line(scored: Scored) -> str:
    show = scored.show
    year = f" ({show.first_air_date.year})" if show.first_air_date else ""
    countries = f"  {'/'.join(show.origin_countries)}" if show.origin_countries else ""
    original = f"  {show.original_name}" if show.original_name not in ("", show.name) else ""
    return printable(f"{show.name}{year}{countries}{original}")


def _about(scored: Scored) -> str:
    overview = textwrap.shorten(scored.show.overview, LONGEST_OVERVIEW, placeholder=" …") or "(no overview)"
    return printable(f"{scored.show.url}  {overview}")

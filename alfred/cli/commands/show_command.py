"""``alfred show``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from alfred.application.exceptions import ShowNotFoundInLibrary
from alfred.cli.command import TMDB_ID, alfred_command
from alfred.cli.session import Session
from alfred.cli.shapes import entry_shape, show_shape
from alfred.cli.tables import Column
from alfred.cli.text import age, plural, since
from alfred.domain.library.entry import derive_state
from alfred.domain.library.placement import SlotState
from alfred.domain.library.views import SeasonView, ShowView
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry

if TYPE_CHECKING:
    from alfred.composition import Library

SIGN = {
    SlotState.ON_DISK: "■",
    SlotState.PROCESSING: "◧",
    SlotState.FAILED: "!",
    SlotState.MISSING: "□",
    SlotState.WANTED: "·",
    SlotState.UPCOMING: "˽",
}
LEGEND = "■ on disk  · wanted  ˽ upcoming  □ missing  ◧ processing  ! failed"
STRIP_AT_MOST = 120

EPISODE_COLUMNS = (
    Column(""),
    Column("Episode", right=True),
    Column("Title", shrinks=True),
    Column("Air date"),
    Column("State"),
    Column("File", shrinks=True, optional=True),
)


@alfred_command(
    "show",
    examples="""
    alfred show 1396
    alfred show 1396 --season 2
    alfred show 1396 --json
    """,
)
@click.argument("tmdb_id", type=TMDB_ID)
@click.option("--season", type=click.IntRange(min=0), help="List the episodes of this season.")
def command(session: Session, tmdb_id: TmdbId, season: int | None) -> None:
    """Show one show: its state, and how each season stands, an episode a sign."""
    session.with_library(lambda library: _show(session, library, tmdb_id, season), queries_only=True)


def _show(session: Session, library: Library, tmdb_id: TmdbId, season: int | None) -> None:
    entry = library.index.find_by_tmdb_id(tmdb_id)
    if entry is None:
        raise ShowNotFoundInLibrary(tmdb_id)
    view = library.index.show(tmdb_id)
    if season is not None:
        view = replace(view, seasons=tuple(one for one in view.seasons if one.number == season))
        if not view.seasons:
            raise click.BadParameter(f"{entry.name} has no season {season}", param_hint="--season")

    def tell() -> None:
        _tell_entry(session, library, entry)
        if season is None:
            _tell_seasons(session, view)
        else:
            _tell_episodes(session, view.seasons[0])
        for unmatched in view.unmatched:
            session.say(f"  not placed: {unmatched.file.library_path}: {unmatched.message}", style="yellow")
        for drift in view.drifted:
            now = f"TMDB calls its episode S{drift.season:02d}E{drift.number:02d} now"
            session.say(f"  renumbered: {drift.file.library_path}: {now}", style="yellow")

    shape = entry_shape(
        entry, ttl_days=library.settings.tmdb_cache_ttl_days, now=library.now(), policy=library.ttl_policy
    )
    session.answer(lambda: shape | show_shape(view), tell)


def _tell_entry(session: Session, library: Library, entry: ShowIndexEntry) -> None:
    now = library.now()
    state = derive_state(
        entry.standing, ttl_days=library.settings.tmdb_cache_ttl_days, now=now, policy=library.ttl_policy
    )
    counts = entry.episodes
    session.say(f"{entry.name}  (TMDB {entry.tmdb_id})", style="bold")
    if entry.metadata.fetched_at is None:
        session.say(f"  {state}: TMDB has not been asked yet; {plural(counts.on_disk, 'episode')} on disk")
    else:
        session.say(f"  {entry.status}; {state}; fetched {age(entry.metadata.fetched_at, now=now)}")
        session.say(f"  {plural(counts.total, 'episode')}: {counts.aired:,} aired, {counts.on_disk:,} on disk")
    session.say(f"  {entry.metadata.path}")
    if entry.metadata.missing_since is not None:
        session.say(f"  missing {since(entry.metadata.missing_since, now=now)}", style="red")
    if entry.sync.status_message:
        session.say(f"  {entry.sync.status_message}", style="yellow")
    if entry.user.tags:
        session.say(f"  tags: {', '.join(entry.user.tags)}")
    if entry.user.note:
        session.say(f"  note: {entry.user.note}")


def _tell_seasons(session: Session, view: ShowView) -> None:
    for season in view.seasons:
        states = [slot.state for slot in season.episodes]
        strip = "".join(SIGN[state] for state in states[:STRIP_AT_MOST])
        more = "…" if len(states) > STRIP_AT_MOST else ""
        held = states.count(SlotState.ON_DISK)
        session.say(f"  {_name(season):<24} {held:>3}/{len(states):<3} {strip}{more}")
    if view.seasons:
        session.say(f"  {LEGEND}", style="dim")


def _tell_episodes(session: Session, season: SeasonView) -> None:
    session.say(f"  {_name(season)}", style="bold")
    session.table(
        EPISODE_COLUMNS,
        [
            [
                SIGN[slot.state],
                str(slot.number),
                slot.title,
                slot.air_date.isoformat() if slot.air_date else "",
                slot.state.value,
                "; ".join(file.path for file in slot.files),
            ]
            for slot in season.episodes
        ],
    )


def _name(season: SeasonView) -> str:
    plain = "Specials" if season.number == 0 else f"Season {season.number}"
    return plain if season.name in ("", plain) else f"{plain} - {season.name}"

"""Writing what the provider said: only what changed, and nothing at all where nothing did."""

from __future__ import annotations

import hashlib
import marshal
from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from alfred.domain.library.history import (
    ShowFacts,
    Slot,
    changes_of_episodes,
    changes_of_facts,
    first_sync,
)
from alfred.domain.tv_shows.outlook import outlook_of
from alfred.domain.tv_shows.show import TVShowInfo
from alfred.infrastructure.persistence.sqlite import statements as sql
from alfred.infrastructure.persistence.sqlite.codec import from_micros, outlook_to_row, to_day, to_micros
from alfred.infrastructure.persistence.sqlite.database import Database, Row
from alfred.infrastructure.persistence.sqlite.history import Written


def write_facts(database: Database, info: TVShowInfo, *, fetched_at: datetime, now: datetime) -> Written:
    """Write a show's facts inside the caller's transaction.

    An older answer never overwrites a newer one, except one whose time is in the future: that proves a clock
    that was wrong.

    Returns:
        Whether an episode came, went, moved, or got another air date, so that files have to be placed again; and
        the events for the entries of the show.
    """
    tmdb_id = info.tmdb_id.value
    seasons, episodes = _season_rows(info), _episode_rows(info)
    content_hash = _digest(_show_values(info), seasons, episodes)
    before = database.one(sql.SHOW_AGE, (tmdb_id,))
    if before and fetched_at < from_micros(before[0]) <= now:
        return Written(moved=False)
    moment = to_micros(fetched_at)
    if before and before[1] == content_hash:
        database.execute(sql.VERIFY_SHOW, (info.etag, moment, moment, tmdb_id))
        return Written(moved=False)

    kept = _episodes_kept(database, info) if before and info.unavailable_seasons else []
    episodes += kept
    undated = sum(row[5] is None for row in episodes)
    outlook = outlook_to_row(outlook_of(info, today=fetched_at.astimezone(UTC).date()))
    show = (
        tmdb_id,
        *_show_values(info),
        len(episodes),
        undated,
        *outlook,
        content_hash,
        info.etag,
        moment,
        moment,
    )
    database.execute(sql.PUT_SHOW, show)
    old_seasons = database.all(sql.SEASONS, (tmdb_id,)) if before else []
    write_difference(database, old_seasons, seasons, sql.SEASON_ROWS)
    old_episodes = database.all(sql.EPISODES, (tmdb_id,)) if before else []
    write_difference(database, old_episodes, episodes, sql.EPISODE_ROWS)
    moved = _slots_of(old_episodes) != _slots_of(episodes)
    new_ids = frozenset(row[1] for row in episodes).difference(row[1] for row in old_episodes)
    if not before:
        return Written(moved, (first_sync(seasons=len(seasons), episodes=len(episodes)),), new_ids)
    old_facts = ShowFacts(before[2], before[3], frozenset(row[1] for row in old_seasons))
    events = changes_of_facts(old_facts, ShowFacts(info.name, info.status, frozenset(row[1] for row in seasons)))
    if moved:
        events += changes_of_episodes(_slots_by_id(old_episodes), _slots_by_id(episodes))
    return Written(moved, events, new_ids)


def write_difference(database: Database, old: Iterable[Row], new: Collection[Row], writer: sql.Writer) -> bool:
    """Write the rows that are new or changed, delete those that are gone, and say whether there were any.

    The old rows must have been read in the same transaction.
    """
    key = writer.key
    before = set(old)
    old_keys = {row[:key] for row in before}
    new_keys = {row[:key] for row in new}
    added = [row for row in new if row[:key] not in old_keys]
    changed = [row[key:] + row[:key] for row in new if row not in before and row[:key] in old_keys]
    for statement, rows in (
        (writer.drop, list(old_keys - new_keys)),
        (writer.change, changed),
        (writer.add, added),
    ):
        if rows:
            database.execute_many(statement, rows)
    return bool(added or changed or old_keys - new_keys)


def _slots_of(episodes: Iterable[Row]) -> set[Row]:
    return {(row[1], row[2], row[3], row[5]) for row in episodes}


def _slots_by_id(episodes: Iterable[Row]) -> dict[int, Slot]:
    return {row[1]: Slot(row[2], row[3]) for row in episodes}


def _episodes_kept(database: Database, info: TVShowInfo) -> list[Row]:
    """Keep the known episodes of seasons that could not be had this time."""
    unavailable = set(info.unavailable_seasons)
    new = {episode.episode_id for season in info.seasons for episode in season.episodes or ()}
    rows = database.all(sql.EPISODES, (info.tmdb_id.value,))
    return [row for row in rows if row[2] in unavailable and row[1] not in new]


def _show_values(info: TVShowInfo) -> Row:
    return (
        info.name,
        info.original_name,
        info.original_language,
        info.status,
        info.show_type,
        int(info.in_production),
        to_day(info.first_air_date),
        to_day(info.last_air_date),
        info.overview,
        info.poster_path,
        info.imdb_id,
        info.tvdb_id,
    )


def _season_rows(info: TVShowInfo) -> list[Row]:
    tmdb_id = info.tmdb_id.value
    return [
        (
            tmdb_id,
            season.number,
            position,
            season.season_id,
            season.name,
            to_day(season.air_date),
            season.episode_count,
        )
        for position, season in enumerate(info.seasons)
    ]


def _episode_rows(info: TVShowInfo) -> list[Row]:
    """One row an episode; where TMDB lists an id twice the last one counts."""
    tmdb_id = info.tmdb_id.value
    rows = {
        episode.episode_id: (
            tmdb_id,
            episode.episode_id,
            season.number,
            episode.number,
            episode.title,
            None if episode.air_date is None else episode.air_date.isoformat(),
            episode.runtime,
            episode.episode_type,
        )
        for season in info.seasons
        for episode in season.episodes or ()
    }
    return list(rows.values())


def _digest(*parts: Row | list[Row]) -> str:
    """Hash plain tuples; version 2 of the encoding depends on values alone, and is several times faster than text.

    Another Python that encoded them differently would only cost one comparison of rows.
    """
    return hashlib.blake2b(marshal.dumps(parts, 2), digest_size=16).hexdigest()

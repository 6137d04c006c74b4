"""Every statement of the index, in the SQL that SQLite and PostgreSQL share."""

from __future__ import annotations

# --- the library

LIBRARY = "SELECT root, name FROM library WHERE library_id = ?"

LIBRARY_AT_ROOT = "SELECT library_id, name FROM library WHERE root = ?"

PUT_LIBRARY = """
INSERT INTO library (library_id, root, name) VALUES (?, ?, ?)
ON CONFLICT (library_id) DO UPDATE SET root = excluded.root, name = excluded.name
"""

# --- facts

SHOW_AGE = "SELECT fetched_at, content_hash FROM show WHERE tmdb_id = ?"

PUT_SHOW = """
INSERT INTO show (tmdb_id, name, original_name, original_language, status, show_type, in_production,
    first_air_date, last_air_date, overview, poster_path, imdb_id, tvdb_id, episode_total, undated_total,
    content_hash, fetched_at, verified_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tmdb_id) DO UPDATE SET name = excluded.name, original_name = excluded.original_name,
    original_language = excluded.original_language, status = excluded.status, show_type = excluded.show_type,
    in_production = excluded.in_production, first_air_date = excluded.first_air_date,
    last_air_date = excluded.last_air_date, overview = excluded.overview, poster_path = excluded.poster_path,
    imdb_id = excluded.imdb_id, tvdb_id = excluded.tvdb_id, episode_total = excluded.episode_total,
    undated_total = excluded.undated_total, content_hash = excluded.content_hash,
    fetched_at = excluded.fetched_at, verified_at = excluded.verified_at
"""

VERIFY_SHOW = "UPDATE show SET fetched_at = ?, verified_at = ? WHERE tmdb_id = ?"

SEASONS = """
SELECT tmdb_id, number, position, season_id, name, air_date, episode_count
FROM season WHERE tmdb_id = ? ORDER BY position
"""

PUT_SEASON = """
INSERT INTO season (tmdb_id, number, position, season_id, name, air_date, episode_count)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tmdb_id, number) DO UPDATE SET position = excluded.position, season_id = excluded.season_id,
    name = excluded.name, air_date = excluded.air_date, episode_count = excluded.episode_count
"""

DROP_SEASON = "DELETE FROM season WHERE tmdb_id = ? AND number = ?"

EPISODES = """
SELECT tmdb_id, episode_id, season, number, title, air_date, runtime, episode_type
FROM episode WHERE tmdb_id = ?
"""

PUT_EPISODE = """
INSERT INTO episode (tmdb_id, episode_id, season, number, title, air_date, runtime, episode_type)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tmdb_id, episode_id) DO UPDATE SET season = excluded.season, number = excluded.number,
    title = excluded.title, air_date = excluded.air_date, runtime = excluded.runtime,
    episode_type = excluded.episode_type
"""

DROP_EPISODE = "DELETE FROM episode WHERE tmdb_id = ? AND episode_id = ?"

LISTED_EPISODES = "SELECT episode_id, season, number, air_date FROM episode WHERE tmdb_id = ?"

# --- entries

_ENTRY = """
SELECT e.tmdb_id, COALESCE(s.name, e.name), COALESCE(s.status, 'unknown'), e.path, s.fetched_at, s.verified_at,
    e.added_at, e.missing_since, e.claimed_at, e.claimed_by, e.outcome, e.error_class, e.status_message,
    e.attempts, e.retry_after, e.not_found_count, e.not_found_since, e.note, e.on_disk,
    COALESCE(s.episode_total, 0),
    COALESCE(s.episode_total - s.undated_total, 0)
        - (SELECT COUNT(*) FROM episode x WHERE x.tmdb_id = e.tmdb_id AND x.air_date > ?)
FROM entry e LEFT JOIN show s ON s.tmdb_id = e.tmdb_id
WHERE e.library_id = ?
"""

ENTRY = _ENTRY + " AND e.tmdb_id = ?"

ENTRIES = _ENTRY + " ORDER BY LOWER(COALESCE(s.name, e.name)), e.tmdb_id"

ENTRIES_PRESENT = _ENTRY + " AND e.missing_since IS NULL ORDER BY LOWER(COALESCE(s.name, e.name)), e.tmdb_id"

STALE_IDS = """
SELECT s.tmdb_id FROM show s JOIN entry e ON e.library_id = ? AND e.tmdb_id = s.tmdb_id
WHERE s.fetched_at <= ? ORDER BY s.fetched_at, s.tmdb_id
"""

ENTRY_IDS = "SELECT tmdb_id FROM entry WHERE library_id = ?"

ADD_ENTRY = """
INSERT INTO entry (library_id, tmdb_id, name, path, added_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (library_id, tmdb_id) DO NOTHING
"""

ENTRY_HAS_SYNCED = """
UPDATE entry SET path = ?, detached = ?, outcome = 'ok', error_class = NULL, status_message = ?, attempts = 0,
    retry_after = NULL, not_found_count = 0, not_found_since = NULL
WHERE library_id = ? AND tmdb_id = ?
"""

ENTRY_HAS_FAILED = """
UPDATE entry SET outcome = ?, error_class = ?, status_message = ?, attempts = ?, retry_after = ?,
    not_found_count = ?, not_found_since = ?
WHERE library_id = ? AND tmdb_id = ?
"""

ENTRY_IS_PRESENT = """
UPDATE entry SET path = ?, note = ?, detached = 0, missing_since = NULL WHERE library_id = ? AND tmdb_id = ?
"""

FORGET_SIDECAR_FAILURE = """
UPDATE entry SET outcome = CASE WHEN EXISTS (SELECT 1 FROM show s WHERE s.tmdb_id = entry.tmdb_id) THEN 'ok' END,
    error_class = NULL, status_message = NULL, attempts = 0
WHERE library_id = ? AND tmdb_id = ? AND error_class = ?
"""

SYNC_RECORD = """
SELECT outcome, error_class, status_message, attempts, retry_after, not_found_count, not_found_since
FROM entry WHERE library_id = ? AND tmdb_id = ?
"""

ENTRY_PRESENCE = "SELECT note, detached FROM entry WHERE library_id = ? AND tmdb_id = ?"

SET_ON_DISK = "UPDATE entry SET on_disk = ? WHERE library_id = ? AND tmdb_id = ? AND on_disk <> ?"

TAGS = "SELECT tmdb_id, name FROM tag WHERE library_id = ? ORDER BY name"

TAGS_OF_SHOW = "SELECT name FROM tag WHERE library_id = ? AND tmdb_id = ? ORDER BY name"

PUT_TAG = "INSERT INTO tag (library_id, tmdb_id, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"

DROP_TAG = "DELETE FROM tag WHERE library_id = ? AND tmdb_id = ? AND name = ?"

# --- folders and files

FOLDERS = "SELECT path, tmdb_id, signature, sidecar FROM folder WHERE library_id = ?"

FOLDERS_OF_SHOW = "SELECT path FROM folder WHERE library_id = ? AND tmdb_id = ? ORDER BY path"

PUT_FOLDER = """
INSERT INTO folder (library_id, path, tmdb_id, signature, sidecar) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (library_id, path) DO UPDATE SET tmdb_id = excluded.tmdb_id, signature = excluded.signature,
    sidecar = excluded.sidecar
"""

DROP_FOLDER = "DELETE FROM folder WHERE library_id = ? AND path = ?"

FILES = """
SELECT library_id, tmdb_id, folder, path, size, mtime_ns, season, episodes, absolute, air_date, decided_by,
    added_at, status, status_message, missing_since
FROM file WHERE library_id = ? AND tmdb_id = ?
"""

PUT_FILE = """
INSERT INTO file (library_id, tmdb_id, folder, path, size, mtime_ns, season, episodes, absolute, air_date,
    decided_by, added_at, status, status_message, missing_since)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (library_id, tmdb_id, folder, path) DO UPDATE SET size = excluded.size,
    mtime_ns = excluded.mtime_ns, season = excluded.season, episodes = excluded.episodes,
    absolute = excluded.absolute, air_date = excluded.air_date, decided_by = excluded.decided_by,
    added_at = excluded.added_at, status = excluded.status, status_message = excluded.status_message,
    missing_since = excluded.missing_since
"""

DROP_FILE = "DELETE FROM file WHERE library_id = ? AND tmdb_id = ? AND folder = ? AND path = ?"

FILE_COUNTS = """
SELECT tmdb_id, status, COUNT(*) FROM file WHERE library_id = ? GROUP BY tmdb_id, status
"""

# --- slots

SLOT_FILES = """
SELECT library_id, tmdb_id, episode_id, folder, path FROM slot_file WHERE library_id = ? AND tmdb_id = ?
"""

PUT_SLOT_FILE = """
INSERT INTO slot_file (library_id, tmdb_id, episode_id, folder, path) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""

DROP_SLOT_FILE = """
DELETE FROM slot_file WHERE library_id = ? AND tmdb_id = ? AND episode_id = ? AND folder = ? AND path = ?
"""

GAPS = """
SELECT library_id, tmdb_id, episode_id, season, number, air_date, held
FROM gap WHERE library_id = ? AND tmdb_id = ?
"""

PUT_GAP = """
INSERT INTO gap (library_id, tmdb_id, episode_id, season, number, air_date, held) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (library_id, tmdb_id, episode_id) DO UPDATE SET season = excluded.season,
    number = excluded.number, air_date = excluded.air_date, held = excluded.held
"""

DROP_GAP = "DELETE FROM gap WHERE library_id = ? AND tmdb_id = ? AND episode_id = ?"

_NOT_MISSING = """
    AND g.tmdb_id NOT IN (SELECT tmdb_id FROM entry WHERE library_id = ? AND missing_since IS NOT NULL)
"""

WANTED = (
    """
SELECT g.tmdb_id, s.name, g.season, g.number, x.title, g.air_date
FROM gap g
JOIN show s ON s.tmdb_id = g.tmdb_id
JOIN episode x ON x.tmdb_id = g.tmdb_id AND x.episode_id = g.episode_id
WHERE g.library_id = ? AND g.held = '' AND g.air_date <= ?
"""
    + _NOT_MISSING
    + "ORDER BY g.air_date DESC, g.tmdb_id, g.season, g.number"
)

WANTED_OF_SHOW = """
SELECT g.tmdb_id, s.name, g.season, g.number, x.title, g.air_date
FROM gap g
JOIN show s ON s.tmdb_id = g.tmdb_id
JOIN episode x ON x.tmdb_id = g.tmdb_id AND x.episode_id = g.episode_id
WHERE g.library_id = ? AND g.tmdb_id = ? AND g.held = '' AND g.air_date <= ?
ORDER BY g.air_date DESC, g.season, g.number
"""

COUNT_WANTED = (
    "SELECT COUNT(*) FROM gap g WHERE g.library_id = ? AND g.held = '' AND g.air_date <= ?" + _NOT_MISSING
)

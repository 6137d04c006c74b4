"""Every statement of the index, in the SQL that SQLite and PostgreSQL share."""

from __future__ import annotations

from typing import NamedTuple


class Writer(NamedTuple):
    """The statements that write a table's rows.

    Attributes:
        key: how many leading columns identify a row.
        add: inserts a row, its columns in the table's order.
        change: updates the other columns, which come first, of the row with that key; "" where there are none.
        drop: deletes the row with that key.
    """

    key: int
    add: str
    change: str
    drop: str


# --- the library

LIBRARY = "SELECT library, root, name FROM library WHERE library_id = ?"

LIBRARY_AT_ROOT = "SELECT library, library_id FROM library WHERE root = ? ORDER BY library DESC"

PUT_LIBRARY = """
INSERT INTO library (library_id, root, name) VALUES (?, ?, ?)
ON CONFLICT (library_id) DO UPDATE SET root = excluded.root, name = excluded.name
"""

# --- facts

SHOW_AGE = "SELECT fetched_at, content_hash, name, status FROM show WHERE tmdb_id = ?"

PUT_SHOW = """
INSERT INTO show (tmdb_id, name, original_name, original_language, status, show_type, in_production,
    first_air_date, last_air_date, overview, poster_path, imdb_id, tvdb_id, episode_total, undated_total,
    air_dates, incomplete_from, content_hash, etag, fetched_at, verified_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (tmdb_id) DO UPDATE SET name = excluded.name, original_name = excluded.original_name,
    original_language = excluded.original_language, status = excluded.status, show_type = excluded.show_type,
    in_production = excluded.in_production, first_air_date = excluded.first_air_date,
    last_air_date = excluded.last_air_date, overview = excluded.overview, poster_path = excluded.poster_path,
    imdb_id = excluded.imdb_id, tvdb_id = excluded.tvdb_id, episode_total = excluded.episode_total,
    undated_total = excluded.undated_total, air_dates = excluded.air_dates,
    incomplete_from = excluded.incomplete_from, content_hash = excluded.content_hash, etag = excluded.etag,
    fetched_at = excluded.fetched_at, verified_at = excluded.verified_at
"""

VERIFY_SHOW = "UPDATE show SET etag = ?, fetched_at = ?, verified_at = ? WHERE tmdb_id = ?"

SEASONS = """
SELECT tmdb_id, number, position, season_id, name, air_date, episode_count
FROM season WHERE tmdb_id = ? ORDER BY position
"""

ADD_SEASON = """
INSERT INTO season (tmdb_id, number, position, season_id, name, air_date, episode_count)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""

CHANGE_SEASON = """
UPDATE season SET position = ?, season_id = ?, name = ?, air_date = ?, episode_count = ?
WHERE tmdb_id = ? AND number = ?
"""

DROP_SEASON = "DELETE FROM season WHERE tmdb_id = ? AND number = ?"

EPISODES = """
SELECT tmdb_id, episode_id, season, number, title, air_date, runtime, episode_type
FROM episode WHERE tmdb_id = ?
"""

ADD_EPISODE = """
INSERT INTO episode (tmdb_id, episode_id, season, number, title, air_date, runtime, episode_type)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""

CHANGE_EPISODE = """
UPDATE episode SET season = ?, number = ?, title = ?, air_date = ?, runtime = ?, episode_type = ?
WHERE tmdb_id = ? AND episode_id = ?
"""

DROP_EPISODE = "DELETE FROM episode WHERE tmdb_id = ? AND episode_id = ?"

LISTED_EPISODES = "SELECT episode_id, season, number, air_date FROM episode WHERE tmdb_id = ?"

# --- entries

_ENTRY = """
SELECT e.tmdb_id, COALESCE(s.name, e.name), COALESCE(s.status, 'unknown'), e.path, s.fetched_at, s.verified_at,
    e.added_at, e.missing_since, e.claimed_at, e.claimed_by, e.outcome, e.error_class, e.status_message,
    e.attempts, e.retry_after, e.not_found_count, e.not_found_since, e.note, e.user_changed_at,
    CASE WHEN e.missing_since IS NULL THEN e.on_disk ELSE 0 END,
    COALESCE(s.episode_total, 0),
    COALESCE(s.episode_total - s.undated_total, 0)
        - (SELECT COUNT(*) FROM open_slot o
           WHERE o.library = e.library AND o.tmdb_id = e.tmdb_id AND o.air_date > ?),
    s.air_dates, s.incomplete_from
FROM entry e LEFT JOIN show s ON s.tmdb_id = e.tmdb_id
WHERE e.library = ?
"""

ENTRY = _ENTRY + " AND e.tmdb_id = ?"

ENTRIES = _ENTRY + " ORDER BY LOWER(COALESCE(s.name, e.name)), e.tmdb_id"

ENTRIES_PRESENT = _ENTRY + " AND e.missing_since IS NULL ORDER BY LOWER(COALESCE(s.name, e.name)), e.tmdb_id"

_CANDIDATE = """
SELECT e.tmdb_id, COALESCE(s.name, e.name), COALESCE(s.status, 'unknown'), e.path, s.fetched_at, s.verified_at,
    e.missing_since, e.claimed_at, e.claimed_by, e.outcome, e.error_class, e.status_message,
    e.attempts, e.retry_after, e.not_found_count, e.not_found_since, s.air_dates, s.incomplete_from,
    (SELECT COUNT(*) FROM season n WHERE n.tmdb_id = e.tmdb_id AND n.number > ?), s.etag
"""

CANDIDATE = (
    _CANDIDATE
    + """
FROM entry e LEFT JOIN show s ON s.tmdb_id = e.tmdb_id
WHERE e.library = ? AND e.tmdb_id = ?
"""
)

CANDIDATES_WITHOUT_FACTS = (
    _CANDIDATE
    + """
FROM entry e LEFT JOIN show s ON s.tmdb_id = e.tmdb_id
WHERE e.library = ? AND s.tmdb_id IS NULL ORDER BY e.tmdb_id
"""
)

# CROSS keeps the planner from beginning with the entries, and then sorting them all.
CANDIDATES_BY_AGE = (
    _CANDIDATE
    + """
FROM show s CROSS JOIN entry e
WHERE e.library = ? AND e.tmdb_id = s.tmdb_id
    AND (s.verified_at <= ? OR s.verified_at > ? OR s.fetched_at <= ? OR COALESCE(e.outcome, '') <> 'ok')
ORDER BY s.verified_at, s.fetched_at, s.tmdb_id
"""
)

STAMP_VERIFIED = """
UPDATE show SET verified_at = ? WHERE tmdb_id = ? AND fetched_at <= ? AND verified_at < ?
"""

FETCHED_AFTER = """
SELECT s.tmdb_id FROM show s JOIN entry e ON e.library = ? AND e.tmdb_id = s.tmdb_id
WHERE s.verified_at > ? AND s.fetched_at > ? ORDER BY s.tmdb_id
"""

KNOWN_SHOWS = """
SELECT e.tmdb_id, COALESCE(s.name, e.name), e.path, e.missing_since
FROM entry e LEFT JOIN show s ON s.tmdb_id = e.tmdb_id WHERE e.library = ?
"""

FORGET_SEEN = "DELETE FROM marked_show"

NOTE_SEEN = "INSERT INTO marked_show (tmdb_id) VALUES (?)"

MARK_MISSING = """
UPDATE entry SET missing_since = ?
WHERE library = ? AND missing_since IS NULL AND tmdb_id IN (SELECT tmdb_id FROM marked_show)
"""

MARK_PRESENT = """
UPDATE entry SET missing_since = NULL
WHERE library = ? AND missing_since IS NOT NULL AND tmdb_id IN (SELECT tmdb_id FROM marked_show)
"""

ADD_ENTRY = """
INSERT INTO entry (library, tmdb_id, name, path, added_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (library, tmdb_id) DO NOTHING
"""

RESTORE_ENTRY = """
INSERT INTO entry (library, tmdb_id, name, path, added_at, missing_since) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (library, tmdb_id) DO NOTHING
"""

ENTRIES_TO_SALVAGE = """
SELECT tmdb_id, name, path, added_at, missing_since, note, user_changed_at FROM entry WHERE library = ?
ORDER BY tmdb_id
"""

ENTRY_HAS_SYNCED = """
UPDATE entry SET path = ?, detached = ?, release_digest = ?, outcome = 'ok', error_class = NULL,
    status_message = ?, attempts = 0, retry_after = NULL, not_found_count = 0, not_found_since = NULL
WHERE library = ? AND tmdb_id = ?
"""

ENTRY_HAS_SYNCED_WITHOUT_SIDECAR = """
UPDATE entry SET path = ?, detached = ?, release_digest = ? WHERE library = ? AND tmdb_id = ?
"""

LOOK_AGAIN = "UPDATE folder SET signature = '' WHERE library = ? AND tmdb_id = ?"

ENTRY_HAS_FAILED = """
UPDATE entry SET outcome = ?, error_class = ?, status_message = ?, attempts = ?, retry_after = ?,
    not_found_count = ?, not_found_since = ?
WHERE library = ? AND tmdb_id = ?
"""

ENTRY_IS_PRESENT = """
UPDATE entry SET path = ?, detached = 0, release_digest = '', missing_since = NULL
WHERE library = ? AND tmdb_id = ?
"""

FORGET_SIDECAR_FAILURE = """
UPDATE entry SET outcome = CASE WHEN EXISTS (SELECT 1 FROM show s WHERE s.tmdb_id = entry.tmdb_id) THEN 'ok' END,
    error_class = NULL, status_message = NULL, attempts = 0
WHERE library = ? AND tmdb_id = ? AND error_class = ?
"""

CLAIM = """
UPDATE entry SET claimed_at = ?, claimed_by = ? WHERE library = ? AND tmdb_id = ? AND claimed_at IS NULL
"""

RELEASE = """
UPDATE entry SET claimed_at = NULL, claimed_by = NULL
WHERE library = ? AND tmdb_id = ? AND claimed_at IS NOT NULL AND COALESCE(claimed_by, '') = ?
"""

CLAIMS = """
SELECT tmdb_id, COALESCE(claimed_by, ''), claimed_at
FROM entry WHERE library = ? AND claimed_at IS NOT NULL ORDER BY tmdb_id
"""

DROP_MISSING_ENTRY = "DELETE FROM entry WHERE library = ? AND tmdb_id = ? AND missing_since <= ?"

DROP_SHOW_WITHOUT_ENTRY = """
DELETE FROM show WHERE tmdb_id = ? AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.tmdb_id = ?)
"""

SYNC_RECORD = """
SELECT outcome, error_class, status_message, attempts, retry_after, not_found_count, not_found_since
FROM entry WHERE library = ? AND tmdb_id = ?
"""

USER = "SELECT note, user_changed_at FROM entry WHERE library = ? AND tmdb_id = ?"

PUT_USER = "UPDATE entry SET note = ?, user_changed_at = ? WHERE library = ? AND tmdb_id = ?"

ENTRY_PRESENCE = """
SELECT missing_since, detached, release_digest, path, outcome, error_class
FROM entry WHERE library = ? AND tmdb_id = ?
"""

SET_ON_DISK = "UPDATE entry SET on_disk = ? WHERE library = ? AND tmdb_id = ? AND on_disk <> ?"

TAGS = "SELECT tmdb_id, name FROM tag WHERE library = ? ORDER BY name"

TAGS_OF_SHOW = "SELECT name FROM tag WHERE library = ? AND tmdb_id = ? ORDER BY name"

ADD_TAG = "INSERT INTO tag (library, tmdb_id, name) VALUES (?, ?, ?)"

DROP_TAG = "DELETE FROM tag WHERE library = ? AND tmdb_id = ? AND name = ?"

# --- folders and files

FOLDERS = """
SELECT f.path, f.tmdb_id, CASE WHEN e.detached = 0 THEN f.signature ELSE '' END, f.sidecar
FROM folder f JOIN entry e ON e.library = f.library AND e.tmdb_id = f.tmdb_id WHERE f.library = ?
"""

FOLDERS_OF_SHOW = "SELECT path FROM folder WHERE library = ? AND tmdb_id = ? ORDER BY path"

PUT_FOLDER = """
INSERT INTO folder (library, path, tmdb_id, signature, sidecar) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (library, path) DO UPDATE SET tmdb_id = excluded.tmdb_id, signature = excluded.signature,
    sidecar = excluded.sidecar
"""

NOTE_SIDECAR = "UPDATE folder SET sidecar = ? WHERE library = ? AND path = ?"

DISTRUST_SIDECARS = "UPDATE folder SET sidecar = '' WHERE library = ? AND tmdb_id = ?"

FORGET_EPISODES = "UPDATE file SET episode_ids = '' WHERE library = ? AND tmdb_id = ? AND folder = ?"

DROP_FILES_OF_FOLDER = "DELETE FROM file WHERE library = ? AND tmdb_id = ? AND folder = ?"

ENTRY_IS_AT = "UPDATE entry SET path = ? WHERE library = ? AND tmdb_id = ?"

ENTRY_IS_GONE = """
UPDATE entry SET missing_since = COALESCE(missing_since, ?) WHERE library = ? AND tmdb_id = ?
"""

ADDED_AT = "SELECT added_at FROM entry WHERE library = ? AND tmdb_id = ?"

ADDED_BY = "UPDATE entry SET added_at = ? WHERE library = ? AND tmdb_id = ? AND added_at > ?"

DROP_FOLDER = "DELETE FROM folder WHERE library = ? AND path = ?"

_FILE = """
SELECT library, tmdb_id, folder, path, size, mtime_ns, season, episodes, absolute, air_date, decided_by,
    added_at, status, status_message, missing_since, processing_since, episode_ids
FROM file WHERE library = ?
"""

FILES = _FILE + " AND tmdb_id = ?"

EPISODES_CARRIED = """
SELECT season, episodes FROM file
WHERE library = ? AND tmdb_id = ? AND status = 'ready' AND episodes <> ''
"""

PROCESSING_FILES = _FILE + " AND status = 'processing' ORDER BY tmdb_id, folder, path"

ADD_FILE = """
INSERT INTO file (library, tmdb_id, folder, path, size, mtime_ns, season, episodes, absolute, air_date,
    decided_by, added_at, status, status_message, missing_since, processing_since, episode_ids)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

CHANGE_FILE = """
UPDATE file SET size = ?, mtime_ns = ?, season = ?, episodes = ?, absolute = ?, air_date = ?, decided_by =
    ?, added_at = ?, status = ?, status_message = ?, missing_since = ?, processing_since = ?, episode_ids = ?
WHERE library = ? AND tmdb_id = ? AND folder = ? AND path = ?
"""

DROP_FILE = "DELETE FROM file WHERE library = ? AND tmdb_id = ? AND folder = ? AND path = ?"

FILE_COUNTS = """
SELECT tmdb_id, status, COUNT(*) FROM file WHERE library = ? GROUP BY tmdb_id, status
"""

# --- slots

SLOT_FILES = """
SELECT library, tmdb_id, episode_id, folder, path, drifted FROM slot_file WHERE library = ? AND tmdb_id = ?
"""

DRIFTED = """
SELECT f.tmdb_id, f.folder, f.path, x.season, x.number
FROM slot_file f JOIN episode x ON x.tmdb_id = f.tmdb_id AND x.episode_id = f.episode_id
WHERE f.library = ? AND f.drifted <> 0 ORDER BY f.tmdb_id, f.folder, f.path, x.season, x.number
"""

REMEMBER_EPISODES = """
UPDATE file SET episode_ids = ? WHERE library = ? AND tmdb_id = ? AND folder = ? AND path = ?
"""

ADD_SLOT_FILE = """
INSERT INTO slot_file (library, tmdb_id, episode_id, folder, path, drifted)
VALUES (?, ?, ?, ?, ?, ?)
"""

CHANGE_SLOT_FILE = """
UPDATE slot_file SET drifted = ?
WHERE library = ? AND tmdb_id = ? AND episode_id = ? AND folder = ? AND path = ?
"""

DROP_SLOT_FILE = """
DELETE FROM slot_file WHERE library = ? AND tmdb_id = ? AND episode_id = ? AND folder = ? AND path = ?
"""

OPEN_SLOTS = """
SELECT library, tmdb_id, episode_id, season, number, air_date, held
FROM open_slot WHERE library = ? AND tmdb_id = ?
"""

ADD_OPEN_SLOT = """
INSERT INTO open_slot (library, tmdb_id, episode_id, season, number, air_date, held)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""

CHANGE_OPEN_SLOT = """
UPDATE open_slot SET season = ?, number = ?, air_date = ?, held = ?
WHERE library = ? AND tmdb_id = ? AND episode_id = ?
"""

DROP_OPEN_SLOT = "DELETE FROM open_slot WHERE library = ? AND tmdb_id = ? AND episode_id = ?"

_NOT_MISSING = """
    AND o.tmdb_id NOT IN (SELECT tmdb_id FROM entry WHERE library = ? AND missing_since IS NOT NULL)
"""

WANTED = (
    """
SELECT o.tmdb_id, s.name, o.season, o.number, x.title, o.air_date
FROM open_slot o
JOIN show s ON s.tmdb_id = o.tmdb_id
JOIN episode x ON x.tmdb_id = o.tmdb_id AND x.episode_id = o.episode_id
WHERE o.library = ? AND o.held = '' AND o.air_date <= ?
"""
    + _NOT_MISSING
    + "ORDER BY o.air_date DESC, o.tmdb_id, o.season, o.number"
)

WANTED_OF_SHOW = """
SELECT o.tmdb_id, s.name, o.season, o.number, x.title, o.air_date
FROM open_slot o
JOIN show s ON s.tmdb_id = o.tmdb_id
JOIN episode x ON x.tmdb_id = o.tmdb_id AND x.episode_id = o.episode_id
WHERE o.library = ? AND o.tmdb_id = ? AND o.held = '' AND o.air_date <= ?
ORDER BY o.air_date DESC, o.season, o.number
"""

# Counting all and taking off those of missing shows, which are few, is faster than asking of each slot. CROSS and
# the + have the planner go from the missing shows to the slots of each.
COUNT_WANTED = """
SELECT (SELECT COUNT(*) FROM open_slot WHERE library = ?1 AND held = '' AND air_date <= ?2)
    - (SELECT COUNT(*) FROM entry e CROSS JOIN open_slot o ON o.library = e.library AND o.tmdb_id = e.tmdb_id
       WHERE e.library = ?1 AND e.missing_since IS NOT NULL AND +o.held = '' AND o.air_date <= ?2)
"""

_HELD = (
    "SELECT o.season, o.held, COUNT(*) FROM open_slot o WHERE o.library = ? AND o.held <> '' AND o.air_date <= ?"
)

HELD = _HELD + _NOT_MISSING + " GROUP BY o.season, o.held"

HELD_OF_SHOW = _HELD + " AND o.tmdb_id = ? GROUP BY o.season, o.held"

# --- history

LAST_EVENT = "SELECT MAX(number) FROM event WHERE library = ? AND tmdb_id = ?"

ADD_EVENT = "INSERT INTO event (library, tmdb_id, number, at, kind, detail) VALUES (?, ?, ?, ?, ?, ?)"

DROP_OLD_EVENTS = "DELETE FROM event WHERE library = ? AND tmdb_id = ? AND number <= ?"

LIBRARIES_OF_SHOW = """
SELECT l.library FROM library l
WHERE EXISTS (SELECT 1 FROM entry e WHERE e.library = l.library AND e.tmdb_id = ?)
"""

_ADD_EVENT_OF_MARKED = """
INSERT INTO event (library, tmdb_id, number, at, kind, detail)
SELECT e.library, e.tmdb_id, 1 + COALESCE(
    (SELECT MAX(v.number) FROM event v WHERE v.library = e.library AND v.tmdb_id = e.tmdb_id), 0), ?, ?, '{}'
FROM marked_show m JOIN entry e ON e.library = ? AND e.tmdb_id = m.tmdb_id
"""

NOTE_MARKED_MISSING = _ADD_EVENT_OF_MARKED + " WHERE e.missing_since IS NULL"

NOTE_MARKED_PRESENT = _ADD_EVENT_OF_MARKED + " WHERE e.missing_since IS NOT NULL"

DROP_OLD_EVENT_OF_MARKED = """
DELETE FROM event WHERE library = ? AND (tmdb_id, number) IN (
    SELECT m.tmdb_id, (SELECT MAX(v.number) FROM event v WHERE v.library = ? AND v.tmdb_id = m.tmdb_id) - ?
    FROM marked_show m)
"""

_EVENTS = """
SELECT v.tmdb_id, COALESCE(s.name, e.name), v.at, v.kind, v.detail
FROM event v
JOIN entry e ON e.library = v.library AND e.tmdb_id = v.tmdb_id
LEFT JOIN show s ON s.tmdb_id = v.tmdb_id
WHERE v.library = ?
"""

EVENTS = _EVENTS + " AND v.at >= ? ORDER BY v.at DESC, v.tmdb_id DESC, v.number DESC"

# The plus keeps the planner from the index by time, which has the events of all shows.
EVENTS_OF_SHOW = _EVENTS + " AND v.tmdb_id = ? AND +v.at >= ? ORDER BY v.number DESC"

# --- rows that point to nothing; none is ever written, but a disk may lose what they point to

DROP_DANGLING = (
    "DELETE FROM entry WHERE library NOT IN (SELECT library FROM library)",
    "DELETE FROM season WHERE tmdb_id NOT IN (SELECT tmdb_id FROM show)",
    "DELETE FROM episode WHERE tmdb_id NOT IN (SELECT tmdb_id FROM show)",
    "DELETE FROM tag WHERE (library, tmdb_id) NOT IN (SELECT library, tmdb_id FROM entry)",
    "DELETE FROM folder WHERE (library, tmdb_id) NOT IN (SELECT library, tmdb_id FROM entry)",
    "DELETE FROM file WHERE (library, tmdb_id) NOT IN (SELECT library, tmdb_id FROM entry)",
    "DELETE FROM slot_file WHERE (library, tmdb_id) NOT IN (SELECT library, tmdb_id FROM entry)",
    "DELETE FROM open_slot WHERE (library, tmdb_id) NOT IN (SELECT library, tmdb_id FROM entry)",
    "DELETE FROM event WHERE (library, tmdb_id) NOT IN (SELECT library, tmdb_id FROM entry)",
)

# --- tables whose rows are written by difference: how many columns identify a row, and the statements for it

SEASON_ROWS = Writer(2, ADD_SEASON, CHANGE_SEASON, DROP_SEASON)
EPISODE_ROWS = Writer(2, ADD_EPISODE, CHANGE_EPISODE, DROP_EPISODE)
FILE_ROWS = Writer(4, ADD_FILE, CHANGE_FILE, DROP_FILE)
SLOT_FILE_ROWS = Writer(5, ADD_SLOT_FILE, CHANGE_SLOT_FILE, DROP_SLOT_FILE)
OPEN_SLOT_ROWS = Writer(3, ADD_OPEN_SLOT, CHANGE_OPEN_SLOT, DROP_OPEN_SLOT)
TAG_ROWS = Writer(3, ADD_TAG, "", DROP_TAG)

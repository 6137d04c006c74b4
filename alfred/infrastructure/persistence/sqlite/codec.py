"""Values as columns: moments are whole microseconds since 1970, days ISO 8601 text, lists of numbers text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

from alfred.application.exceptions import IndexCorrupt
from alfred.domain.library.entry import Outcome, SyncRecord
from alfred.domain.library.episode_name import DecidedBy, EpisodeName
from alfred.domain.library.release import EpisodeFile, FileStatus
from alfred.domain.tv_shows.freshness import Outlook
from alfred.infrastructure.persistence.sqlite.database import Row

P = ParamSpec("P")
T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLAIN: dict[StrEnum, str] = {member: member.value for kind in (DecidedBy, FileStatus) for member in kind}

_STATUS: dict[str, FileStatus] = {status.value: status for status in FileStatus}

NO_OUTLOOK = Outlook()


def decoder(decode: Callable[P, T]) -> Callable[P, T]:
    """Make a function that decodes rows say that the index is damaged where a value cannot be what it says."""

    @wraps(decode)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return decode(*args, **kwargs)
        except (ValueError, TypeError, OverflowError) as error:
            raise IndexCorrupt(f"the index is damaged (a row cannot be read: {error})") from error

    return checked


@lru_cache(maxsize=16)  # the files of one look were added at one moment
def to_micros(moment: datetime) -> int:
    """Encode an aware moment."""
    return (moment - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=16)  # likewise
def _from_micros(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


from_micros = decoder(_from_micros)
"""Decode a moment."""


def to_micros_or_none(moment: datetime | None) -> int | None:
    """Encode a moment that may not be there."""
    return None if moment is None else to_micros(moment)


def from_micros_or_none(value: int | None) -> datetime | None:
    """Decode a moment that may not be there."""
    return None if value is None else from_micros(value)


def to_day(day: date | None) -> str | None:
    """Encode a day."""
    return None if day is None else day.isoformat()


@decoder
def from_day(value: str | None) -> date | None:
    """Decode a day."""
    return None if value is None else date.fromisoformat(value)


def outlook_to_row(outlook: Outlook) -> Row:
    """Encode an outlook as its columns of ``show``."""
    return " ".join(day.isoformat() for day in outlook.air_dates), to_day(outlook.incomplete_from)


def outlook_from_row(row: Row) -> Outlook:
    """Decode the columns of ``show`` that hold an outlook; a placeholder has none."""
    air_dates, incomplete_from = row
    if not air_dates and incomplete_from is None:
        return NO_OUTLOOK
    return Outlook(tuple(date.fromisoformat(day) for day in (air_dates or "").split()), from_day(incomplete_from))


def file_to_row(library: int, tmdb_id: int, file: EpisodeFile) -> Row:
    """Encode a file as a row of ``file``, in the order of its columns."""
    name = file.name
    return (
        library,
        tmdb_id,
        file.folder,
        file.path,
        file.size,
        file.mtime_ns,
        name.season,
        to_numbers(name.episodes),
        to_numbers(name.absolute),
        None if name.air_date is None else name.air_date.isoformat(),
        _PLAIN[name.decided_by],
        to_micros(file.added_at),
        _PLAIN[file.status],
        file.status_message,
        to_micros_or_none(file.missing_since),
        to_micros_or_none(file.processing_since),
        to_numbers(file.episode_ids),
    )


@decoder
def file_from_row(row: Row) -> EpisodeFile:
    """Decode a row of ``file``."""
    return EpisodeFile(
        folder=row[2],
        path=row[3],
        size=row[4],
        mtime_ns=row[5],
        name=_name_from_row(*row[6:11]),
        added_at=_from_micros(row[11]),
        status=_STATUS.get(row[12]) or FileStatus(row[12]),
        status_message=row[13],
        missing_since=None if row[14] is None else _from_micros(row[14]),
        processing_since=None if row[15] is None else _from_micros(row[15]),
        episode_ids=_from_numbers(row[16]),
    )


@lru_cache(maxsize=2048)  # the episodes of most shows have the same numbers
def _name_from_row(
    season: int | None, episodes: str, absolute: str, air_date: str | None, decided_by: str
) -> EpisodeName:
    return EpisodeName(
        season=season,
        episodes=_from_numbers(episodes),
        absolute=_from_numbers(absolute),
        air_date=None if air_date is None else date.fromisoformat(air_date),
        decided_by=DecidedBy(decided_by),
    )


def to_numbers(numbers: tuple[int, ...]) -> str:
    """Encode numbers as text."""
    return str(numbers[0]) if len(numbers) == 1 else ",".join(map(str, numbers))


def _from_numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(","))) if text else ()


def sync_record_from_row(row: Row) -> SyncRecord:
    """Decode the columns that remember the last syncs."""
    outcome, error_class, message, attempts, retry_after, not_found_count, not_found_since = row
    return SyncRecord(
        outcome=None if outcome is None else Outcome(outcome),
        error_class=error_class,
        status_message=message,
        attempts=attempts,
        retry_after=from_micros_or_none(retry_after),
        not_found_count=not_found_count,
        not_found_since=from_micros_or_none(not_found_since),
    )


def sync_record_to_row(record: SyncRecord) -> Row:
    """Encode what is remembered of the last syncs."""
    return (
        None if record.outcome is None else record.outcome.value,
        record.error_class,
        record.status_message,
        record.attempts,
        to_micros_or_none(record.retry_after),
        record.not_found_count,
        to_micros_or_none(record.not_found_since),
    )

"""The JSON shapes that scripts rely on; ``docs/json.md`` describes them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from alfred.cli.text import iso
from alfred.domain.library.entry import derive_state, forecast_refresh
from alfred.domain.library.history import PastEvent
from alfred.domain.library.release import EpisodeFile, FileStatus, UserMetadata
from alfred.domain.library.views import ShowView, SlotView, WantedEpisode
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry

if TYPE_CHECKING:
    from alfred.application.tv_shows.cleanup import CleanupPlan
    from alfred.application.tv_shows.rescan import RescanReport
    from alfred.application.tv_shows.sync import SyncResult

Document = dict[str, Any]


def entry_shape(entry: ShowIndexEntry, *, ttl_days: int, now: datetime) -> Document:
    """Shape an entry as ``list``, ``show``, ``sync`` and ``explain`` give it."""
    return {
        "tmdb_id": entry.tmdb_id.value,
        "name": entry.name,
        "status": entry.status,
        "state": derive_state(entry.standing, ttl_days=ttl_days, now=now).value,
        "path": entry.metadata.path,
        "fetched_at": iso(entry.metadata.fetched_at),
        "missing_since": iso(entry.metadata.missing_since),
        "error_class": entry.sync.error_class,
        "status_message": entry.sync.status_message,
        "tags": list(entry.user.tags),
        "note": entry.user.note,
        "episodes": {
            "total": entry.episodes.total,
            "aired": entry.episodes.aired,
            "on_disk": entry.episodes.on_disk,
        },
    }


def show_shape(view: ShowView) -> Document:
    """Shape what ``show`` adds to an entry."""
    return {
        "seasons": [
            {
                "number": season.number,
                "name": season.name,
                "episodes": [_slot_shape(slot) for slot in season.episodes],
            }
            for season in view.seasons
        ],
        "unmatched_files": [file.library_path for file in view.unmatched_files],
    }


def _slot_shape(slot: SlotView) -> Document:
    return {
        "number": slot.number,
        "title": slot.title,
        "air_date": slot.air_date.isoformat() if slot.air_date else None,
        "state": slot.state.value,
        "files": [_file_shape(file) for file in slot.files],
    }


def _file_shape(file: EpisodeFile) -> Document:
    return {
        "path": file.library_path,
        "size": file.size,
        "status": file.status.value,
        "status_message": file.status_message,
    }


def sync_shape(result: SyncResult[ShowIndexEntry], *, requests: int, ttl_days: int, now: datetime) -> Document:
    """Shape the result of one sync."""
    return entry_shape(result.entry, ttl_days=ttl_days, now=now) | {
        "outcome": "refreshed" if result.decision.refresh else "fresh",
        "reason": result.decision.reason.value,
        "requests": requests,
        "warnings": list(result.warnings),
    }


def explain_shape(entry: ShowIndexEntry, *, ttl_days: int, now: datetime) -> Document:
    """Shape how an entry stands and what the next refresh would do with it."""
    forecast = forecast_refresh(entry.standing, ttl_days=ttl_days, now=now)
    return entry_shape(entry, ttl_days=ttl_days, now=now) | {
        "will_refresh": forecast.will_refresh,
        "reason": forecast.reason.value,
        "next_refresh_at": iso(forecast.next_refresh_at),
    }


def user_shape(tmdb_id: TmdbId, user: UserMetadata) -> Document:
    """Shape what the user said of a show."""
    return {"tmdb_id": tmdb_id.value, "tags": list(user.tags), "note": user.note}


def event_shape(past: PastEvent) -> Document:
    """Shape one event of the history."""
    return {
        "tmdb_id": past.tmdb_id.value,
        "name": past.name,
        "at": iso(past.at),
        "kind": past.event.kind,
        "detail": dict(past.event.detail),
    }


def wanted_shape(episode: WantedEpisode) -> Document:
    """Shape one wanted episode."""
    return {
        "tmdb_id": episode.tmdb_id.value,
        "name": episode.name,
        "season": episode.season,
        "episode": episode.episode,
        "title": episode.title,
        "air_date": episode.air_date.isoformat(),
    }


def cleanup_shape(plan: CleanupPlan) -> Document:
    """Shape what a cleanup did, or would do."""
    return {
        "failed": [
            {
                "tmdb_id": orphan.tmdb_id.value,
                "path": orphan.failed.library_path,
                "status_message": orphan.failed.status_message,
            }
            for orphan in plan.orphans
        ],
        "released": [claim.tmdb_id.value for claim in plan.abandoned],
    }


def rescan_shape(report: RescanReport) -> Document:
    """Shape what a rescan found."""
    return {
        "shows": report.shows,
        "added": [tmdb_id.value for tmdb_id in report.added],
        "changed": [tmdb_id.value for tmdb_id in report.changed],
        "restored": [tmdb_id.value for tmdb_id in report.restored],
        "missing": [tmdb_id.value for tmdb_id in report.missing],
        "unidentified": list(report.unidentified),
        "broken": [{"path": problem.path, "message": problem.message} for problem in report.broken],
        "disagreements": [
            {
                "path": disagreement.path,
                "chosen": disagreement.chosen.value,
                "claims": {source: tmdb_id.value for source, tmdb_id in disagreement.claims.items()},
            }
            for disagreement in report.disagreements
        ],
        "other_seasons": [
            {"path": file.path, "season": file.season, "folder_season": file.folder_season}
            for file in report.other_seasons
        ],
        "duplicates": [
            {"tmdb_id": tmdb_id.value, "paths": list(paths)} for tmdb_id, paths in report.duplicates.items()
        ],
        "files": {status.value: report.files.get(status, 0) for status in FileStatus},
        "elapsed_seconds": round(report.elapsed_seconds, 3),
        "refused": report.refused,
    }

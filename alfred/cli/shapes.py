"""The JSON shapes that scripts rely on; ``docs/json.md`` describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from alfred.cli.endings import ending_of
from alfred.cli.text import iso
from alfred.domain.library.entry import RefreshForecast, derive_state
from alfred.domain.library.history import PastEvent
from alfred.domain.library.release import EpisodeFile, FileStatus, UserMetadata
from alfred.domain.library.views import ShowView, SlotView, WantedEpisode
from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.tv_shows.freshness import TtlPolicy
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry

if TYPE_CHECKING:
    from alfred.application.tv_shows.cleanup import CleanupPlan
    from alfred.application.tv_shows.refresh import PlannedRefresh, RefreshReport
    from alfred.application.tv_shows.rescan import RescanReport
    from alfred.application.tv_shows.sync import SyncResult
    from alfred.domain.connectivity import ConnectivityProfile, HourTally
    from alfred.infrastructure.persistence.state.logged_requests import LoggedRequest

Document = dict[str, Any]


def entry_shape(
    entry: ShowIndexEntry, *, ttl_days: int, now: datetime, policy: TtlPolicy = TtlPolicy.FIXED
) -> Document:
    """Shape an entry as ``list``, ``show``, ``sync`` and ``explain`` give it."""
    return {
        "tmdb_id": entry.tmdb_id.value,
        "name": entry.name,
        "status": entry.status,
        "state": derive_state(entry.standing, ttl_days=ttl_days, policy=policy, now=now).value,
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
        "unmatched_files": [one.file.library_path for one in view.unmatched],
        "unmatched": [
            {"path": one.file.library_path, "reason": one.reason.value, "message": one.message}
            for one in view.unmatched
        ],
        "renumbered": [
            {"path": one.file.library_path, "season": one.season, "episode": one.number} for one in view.drifted
        ],
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


def sync_shape(
    result: SyncResult[ShowIndexEntry],
    *,
    requests: int,
    ttl_days: int,
    now: datetime,
    policy: TtlPolicy = TtlPolicy.FIXED,
) -> Document:
    """Shape the result of one sync."""
    return entry_shape(result.entry, ttl_days=ttl_days, now=now, policy=policy) | {
        "outcome": "refreshed" if result.decision.refresh else "fresh",
        "reason": result.decision.reason.value,
        "requests": requests,
        "warnings": list(result.warnings),
    }


def explain_shape(
    entry: ShowIndexEntry,
    forecast: RefreshForecast,
    *,
    ttl_days: int,
    now: datetime,
    policy: TtlPolicy = TtlPolicy.FIXED,
) -> Document:
    """Shape how an entry stands and what the next refresh would do with it."""
    return entry_shape(entry, ttl_days=ttl_days, now=now, policy=policy) | {
        "will_refresh": forecast.will_refresh,
        "reason": forecast.reason.value,
        "next_refresh_at": iso(forecast.next_refresh_at),
        "ttl_policy": policy.value,
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


def profile_shape(
    profile: ConnectivityProfile, *, failures: Mapping[str, int], next_steps: Mapping[str, str]
) -> Document:
    """Shape a provider's connectivity profile.

    Args:
        failures: error class -> how often in the last hour.
        next_steps: error class -> what can be done about it.
    """
    return {
        "provider": profile.provider,
        "status": profile.status.value,
        "error_class": profile.error_class,
        "success_rate_1h": profile.success_rate_1h,
        "success_rate_24h": profile.success_rate_24h,
        "latency_p50_ms": _rounded(profile.latency_p50_ms),
        "latency_p95_ms": _rounded(profile.latency_p95_ms),
        "samples_1h": profile.samples_1h,
        "status_since": iso(profile.status_since),
        "cooldown_until": iso(profile.cooldown_until),
        "last_checked_at": iso(profile.last_checked_at),
        "failures_1h": dict(failures),
        "next_steps": dict(next_steps),
    }


def hour_shape(hour: HourTally) -> Document:
    """Shape one of the last 24 hours."""
    return {"start": iso(hour.start), "samples": hour.samples, "success_rate": hour.success_rate}


def _rounded(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 1)


def request_shape(request: LoggedRequest) -> Document:
    """Shape one request of the log."""
    return {
        "provider": request.provider,
        "request_type": request.request_type,
        "started": iso(request.started),
        "finished": iso(request.finished),
        "latency_ms": round(request.latency_ms, 1),
        "outcome": request.outcome,
        "http_status": request.http_status,
        "error_class": request.error_class,
        "parse_ok": request.parse_ok,
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


def refresh_shape(report: RefreshReport) -> Document:
    """Shape what a batch did."""
    _, code, message = ending_of(report)
    shape: Document = {
        "selected": report.selected,
        "refreshed": report.refreshed,
        "unchanged": report.unchanged,
        "failed": [
            {
                "tmdb_id": failed.tmdb_id.value,
                "error_class": failed.error.error_class,
                "message": str(failed.error),
            }
            for failed in report.failed
        ],
        "skipped": report.skipped,
        "left": report.left,
        "requests": report.requests,
        "elapsed_seconds": round(report.elapsed_seconds, 3),
        "note": report.note,
        "warnings": dict(report.warnings),
    }
    return shape | ({"error": {"code": code, "message": message}} if message else {})


def plan_shape(plan: Sequence[PlannedRefresh]) -> Document:
    """Shape what a batch would do."""
    return {
        "plan": [
            {
                "tmdb_id": planned.candidate.tmdb_id.value,
                "name": planned.candidate.name,
                "state": planned.state.value,
                "reason": planned.reason.value,
                "requests": planned.candidate.requests,
            }
            for planned in plan
        ],
        "requests": sum(planned.candidate.requests for planned in plan),
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

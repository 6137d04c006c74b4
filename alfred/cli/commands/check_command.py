"""``alfred check``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alfred.cli.command import alfred_command
from alfred.cli.session import Session
from alfred.cli.text import iso, plural

if TYPE_CHECKING:
    from alfred.application.library.check import CheckReport
    from alfred.domain.library.check import Difference
    from alfred.domain.library.views import DriftedFile


@alfred_command(
    "check",
    examples="""
    alfred check
    alfred check --json
    """,
)
def command(session: Session) -> None:
    """Show where the sidecars in the show folders and the index differ; nothing is changed.

    Ends with 0 where they agree, and with 1 where they differ, or where something could not be seen. A rescan
    settles most differences. Files whose episodes TMDB has renumbered since they were placed are listed too, and
    are no difference.
    """
    from alfred.composition import check, find_library

    root = find_library(session.library, session.settings, start=Path.cwd())
    report = check(root, session.settings)
    session.answer(
        lambda: {
            "differences": [_shape(one) for one in report.differences],
            "renumbered": [_drift_shape(one) for one in report.renumbered],
            "broken": [{"path": problem.path, "message": problem.message} for problem in report.broken],
        },
        lambda: _tell(session, report),
    )
    if not report.is_clean:
        session.exit_code = 1


def _shape(difference: Difference) -> dict[str, Any]:
    return {
        "tmdb_id": difference.tmdb_id.value if difference.tmdb_id else None,
        "path": difference.path,
        "kind": difference.kind.value,
        "sidecar": _values(difference.sidecar),
        "index": _values(difference.index),
    }


def _values(copy: Mapping[str, object] | None) -> dict[str, Any] | None:
    return None if copy is None else {name: _value(value) for name, value in copy.items()}


def _value(value: object) -> Any:
    match value:
        case datetime():
            return iso(value)
        case date():
            return value.isoformat()
        case tuple():
            return list(value)
        case _:
            return value


def _drift_shape(drift: DriftedFile) -> dict[str, Any]:
    return {
        "tmdb_id": drift.tmdb_id.value,
        "path": drift.path,
        "season": drift.season,
        "episode": drift.number,
    }


def _tell(session: Session, report: CheckReport) -> None:
    folders = plural(report.folders, "folder")
    if report.differences:
        session.say(f"{plural(len(report.differences), 'difference')} in {folders}:")
    else:
        session.say(f"Sidecars and index agree on {folders}.")
    for one in report.differences:
        session.say(f"  {one.kind.value:<18}  {one.tmdb_id or '-'}  {one.path}{_detail(one)}")
    for drift in report.renumbered:
        now = f"TMDB calls its episode S{drift.season:02d}E{drift.number:02d} now"
        session.say(f"  {'renumbered':<18}  {drift.tmdb_id}  {drift.path}: {now}")
    for problem in report.broken:
        session.say(f"  broken  {problem.path}: {problem.message}", style="red")


def _detail(difference: Difference) -> str:
    """Say what both have to say."""
    sides = (("sidecar", difference.sidecar), ("index", difference.index))
    parts = [f"{name} {_in_words(copy)}" for name, copy in sides if copy]
    return f": {'; '.join(parts)}" if parts else ""


def _in_words(copy: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in (_values(copy) or {}).items())

"""``alfred rescan``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from alfred.application.exceptions import RefusedToMark, ShowNotFoundInLibrary
from alfred.cli.command import TMDB_ID, alfred_command
from alfred.cli.session import Session
from alfred.cli.text import plural
from alfred.domain.library.release import FileStatus
from alfred.domain.shared.value_objects import TmdbId

if TYPE_CHECKING:
    from alfred.application.tv_shows.rescan import RescanReport
    from alfred.composition import Library

NAMED_AT_MOST = 20


@alfred_command(
    "rescan",
    examples="""
    alfred rescan
    alfred rescan 1396
    alfred rescan --dry-run --json
    alfred rescan --accept-missing
    """,
)
@click.argument("tmdb_ids", nargs=-1, type=TMDB_ID, metavar="[TMDB_ID]...")
@click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing.")
@click.option("--accept-missing", is_flag=True, help="Believe it, however many shows or files are gone.")
def command(session: Session, tmdb_ids: tuple[TmdbId, ...], *, dry_run: bool, accept_missing: bool) -> None:
    """Read the disk and bring sidecars and index up to date with it; TMDB is not asked.

    Folders are recognised by their sidecar, by an id in the name such as [tmdbid-1396] or {tmdb-1396}, or by
    tvshow.nfo. Folders that look as they did the last time cost nothing.
    """
    from alfred.cli.shapes import rescan_shape

    def work(library: Library) -> tuple[RescanReport, list[TmdbId], dict[TmdbId, str]]:
        report, unknown = _rescan(session, library, tmdb_ids, dry_run=dry_run, accept_missing=accept_missing)
        lists = (report.added, report.changed, report.restored, report.missing)
        named = [tmdb_id for ids in lists for tmdb_id in ids[:NAMED_AT_MOST]]
        entries = {tmdb_id: library.index.find_by_tmdb_id(tmdb_id) for tmdb_id in named}
        return report, unknown, {tmdb_id: entry.name for tmdb_id, entry in entries.items() if entry}

    report, unknown, names = session.with_library(work)
    shape = rescan_shape(report) | {"unknown": [tmdb_id.value for tmdb_id in unknown]}
    session.answer(lambda: shape, lambda: _tell(session, report, names, dry_run=dry_run))
    if report.broken or unknown:
        session.exit_code = 1
    if report.refused:
        session.exit_code = RefusedToMark.exit_code
        session.complain(report.refused)


def _rescan(
    session: Session, library: Library, tmdb_ids: Sequence[TmdbId], *, dry_run: bool, accept_missing: bool
) -> tuple[RescanReport, list[TmdbId]]:
    """Rescan everything, or these shows one by one; ids that nobody knows are said and returned."""
    from alfred.application.tv_shows.rescan import join_reports

    if not tmdb_ids:
        return library.rescan(dry_run=dry_run, accept_missing=accept_missing), []
    reports, unknown = [], []
    for tmdb_id in dict.fromkeys(tmdb_ids):
        try:
            reports.append(library.rescan_show(tmdb_id, dry_run=dry_run))
        except ShowNotFoundInLibrary as error:
            if len(tmdb_ids) == 1:
                raise
            unknown.append(tmdb_id)
            session.complain(str(error))
    return join_reports(reports), unknown


def _tell(session: Session, report: RescanReport, names: dict[TmdbId, str], *, dry_run: bool) -> None:
    say = session.say
    would = "would be " if dry_run else ""
    files = Counter(dict(report.files))
    held = ", ".join(f"{files[status]:,} {status.value}" for status in FileStatus if files[status])
    say(
        f"{plural(report.shows, 'show')}: {len(report.added)} {would}added, {len(report.changed)} {would}changed, "
        f"{len(report.restored)} {would}restored, {len(report.missing)} {would}marked missing. "
        f"{plural(files.total(), 'file')}{': ' + held if held else ''}. {report.elapsed_seconds:.2f} s"
    )
    for word, ids, style in (
        ("added", report.added, "green"),
        ("changed", report.changed, ""),
        ("restored", report.restored, "green"),
        ("missing", report.missing, "red"),
    ):
        for tmdb_id in ids[:NAMED_AT_MOST]:
            say(
                f"  {word:<13} {tmdb_id}  {names.get(tmdb_id, '')}".rstrip(),
                style=style,
            )
        if len(ids) > NAMED_AT_MOST:
            say(f"  {word:<13} and {len(ids) - NAMED_AT_MOST:,} more")
    for tmdb_id, paths in report.duplicates.items():
        say(f"  two folders   {tmdb_id}  {'; '.join(paths)}: both are kept", style="yellow")
    for disagreement in report.disagreements:
        claims = ", ".join(f"{source} {tmdb_id}" for source, tmdb_id in disagreement.claims.items())
        say(f"  ids differ    {disagreement.path}: {claims}; took {disagreement.chosen}", style="yellow")
    for file in report.other_seasons[:NAMED_AT_MOST]:
        say(
            f"  other season  {file.path}: its folder says season {file.folder_season}; took {file.season}",
            style="yellow",
        )
    if len(report.other_seasons) > NAMED_AT_MOST:
        say(f"  other season  and {len(report.other_seasons) - NAMED_AT_MOST:,} more")
    for path in report.unidentified:
        say(f"  no id         {path}: run 'alfred identify', or put [tmdbid-N] in its name", style="yellow")
    for problem in report.broken:
        say(f"  broken        {problem.path or '.'}: {problem.message}", style="red")

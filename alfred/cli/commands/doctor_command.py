"""``alfred doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alfred.application.exceptions import LibraryUnavailable, UsageError
from alfred.cli.command import alfred_command
from alfred.cli.session import Session

if TYPE_CHECKING:
    from alfred.application.library.doctor import Diagnosis

_STYLES = {"ok": "green", "info": "", "warning": "yellow", "error": "red"}


@alfred_command(
    "doctor",
    examples="""
    alfred doctor
    alfred doctor --probe --json
    alfred doctor --repair --dry-run
    alfred doctor --repair
    """,
)
@click.option("--repair", is_flag=True, help="Mend what can be mended safely, and say what was done.")
@click.option("--probe", is_flag=True, help="Ask TMDB once whether it accepts the token.")
@click.option("--dry-run", is_flag=True, help="With --repair: only say what would be mended.")
def command(session: Session, *, repair: bool, probe: bool, dry_run: bool) -> None:
    """Check settings, root, marker, disks, index, sidecars, token and clock; say what is wrong and what mends it.

    A repair makes a damaged index anew from the sidecars and keeps the damaged one, writes missing sidecars from
    the index, gives the index the journal that its file system needs, drops index rows that point to nothing (a
    copy is kept), and removes half-written files of our own that are older than an hour. It deletes nothing of
    yours and marks nothing as missing.

    Ends with 0 where nothing is wrong, with 1 where warnings or errors stand, with 5 where the library cannot be
    used at all.
    """
    if dry_run and not repair:
        raise UsageError("--dry-run says what --repair would mend: give both, or neither")
    from alfred.composition import diagnose

    diagnosis = diagnose(session.library, start=Path.cwd(), probe=probe, repair=repair, dry_run=dry_run)
    session.answer(lambda: _shape(diagnosis), lambda: _tell(session, diagnosis, dry_run=dry_run))
    if diagnosis.is_unavailable:
        session.exit_code = LibraryUnavailable.exit_code
    elif not diagnosis.is_healthy:
        session.exit_code = 1


def _shape(diagnosis: Diagnosis) -> dict[str, Any]:
    return {
        "findings": [
            {
                "check": finding.check,
                "severity": finding.severity.value,
                "code": finding.code,
                "message": finding.message,
                "remedy": finding.remedy,
            }
            for finding in diagnosis.findings
        ],
        "repaired": [
            {"check": repair.check, "code": repair.code, "message": repair.message}
            for repair in diagnosis.repaired
        ],
    }


def _tell(session: Session, diagnosis: Diagnosis, *, dry_run: bool) -> None:
    for finding in diagnosis.findings:
        style = _STYLES[finding.severity.value]
        session.say(f"{finding.severity.value:<8} {finding.check:<10} {finding.message}", style=style)
        if finding.remedy:
            session.say(f"{'':<19} -> {finding.remedy}")
    for repair in diagnosis.repaired:
        session.say(f"{'would do' if dry_run else 'mended':<8} {repair.check:<10} {repair.message}", style="green")

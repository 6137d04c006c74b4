"""``alfred demo``."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from alfred.application.exceptions import AlfredError
from alfred.cli.command import alfred_command
from alfred.cli.session import Session


@alfred_command(
    "demo",
    examples="""
    alfred demo
    alfred demo --keep
    """,
)
@click.option("--keep", is_flag=True, help="Keep the made-up library, to look around in it.")
def command(session: Session, *, keep: bool) -> None:
    """Make a library of invented shows, start a stand-in for TMDB on this machine, and walk through the jobs.

    Needs no token and no network, and touches nothing outside a temporary folder.
    """
    from alfred.demo.tour import take_tour

    workspace = Path(tempfile.mkdtemp(prefix="alfred-demo-"))
    try:
        take_tour(workspace, today=datetime.now(UTC).date(), say=session.say)
    except RuntimeError as error:
        raise AlfredError(f"the tour ended early: {error}") from error
    finally:
        if keep:
            session.say(f"The library is kept in {workspace / 'TV'}; the stand-in is gone.")
        else:
            import shutil

            shutil.rmtree(workspace, ignore_errors=True)

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
    import shutil

    from alfred.demo.tour import take_tour

    talks = not (session.as_json or session.quiet)
    workspace = Path(tempfile.mkdtemp(prefix="alfred-demo-"))
    try:
        done = take_tour(workspace, today=datetime.now(UTC).date(), say=session.say if talks else None)
    except RuntimeError as error:
        raise AlfredError(f"the tour ended early: {error}") from error
    finally:
        if not keep:
            shutil.rmtree(workspace, ignore_errors=True)
    if keep:
        done["kept"] = str(workspace / "TV")
    session.answer(
        lambda: done,
        lambda: session.say(f"The library is kept in {workspace / 'TV'}; the stand-in is gone.") if keep else None,
    )

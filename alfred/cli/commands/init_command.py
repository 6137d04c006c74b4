"""``alfred init``."""

from __future__ import annotations

from pathlib import Path

import click

from alfred.cli.command import alfred_command
from alfred.cli.session import Session


@alfred_command("init", examples="alfred init /media/tv")
@click.argument("root", type=click.Path(path_type=Path))
def command(session: Session, root: Path) -> None:
    """Mark ROOT, the folder that holds your show folders, as a library.

    Writes ROOT/.alfred/ and nothing else. A second time changes nothing.
    """
    from alfred.composition import initialise

    is_new = initialise(root, session.settings)

    def tell() -> None:
        if is_new:
            session.say(f"{root} is a library now. Next: alfred --library {root} rescan")
        else:
            session.say(f"{root} is a library already; nothing was changed.")

    session.answer(lambda: {"root": str(root), "created": is_new}, tell)

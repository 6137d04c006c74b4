"""Other people's packages, installed where they are in nobody's way."""

from __future__ import annotations

import subprocess
import sys

from bench.printing import note
from bench.workspace import Workspace


def python_with(workspace: Workspace, name: str, *packages: str) -> str | None:
    """Make a virtual environment with some packages, and return its Python.

    Args:
        workspace: where it is made.
        name: of the environment; each is made once.
        packages: as pip takes them.

    Returns:
        None where they cannot be installed; a note says so.
    """
    folder = workspace.folder / f"venv-{name}"
    python = str(folder / "bin" / "python")
    if folder.exists():
        return python
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *packages]
    if subprocess.run(install, check=False, env=workspace.environment, stderr=subprocess.DEVNULL).returncode:
        note(f"could not install {', '.join(packages)}: left out")
        workspace.discard(folder)
        return None
    return python

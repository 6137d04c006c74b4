"""Files that are never seen half written."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place, flush it to the disk, and rename it over what was there.

    Raises:
        OSError: nothing was changed; the half-written file is gone.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def stamp(path: Path) -> str:
    """Return size and time of last change as one string; "" where there is no such file."""
    try:
        seen = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return f"{seen.st_size}:{seen.st_mtime_ns}"


def keep_aside(path: Path, *, label: str) -> Path | None:
    """Rename a damaged file to ``<name>.corrupt-<label>``, never over another; None where it is gone."""
    number = 0
    while True:
        suffix = f".corrupt-{label}" + (f"-{number}" if number else "")
        aside = path.with_name(path.name + suffix)
        if not aside.exists():
            break
        number += 1
    try:
        return path.rename(aside)
    except FileNotFoundError:
        return None

"""A lock that one process of this machine holds at a time; the system frees it when the process ends."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alfred.application.exceptions import UsageError


@contextmanager
def held_alone(path: Path) -> Iterator[bool]:
    """Try to take a lock for the length of the block, and yield whether it is ours; never wait.

    Args:
        path: a file that stands for the lock; made where it is missing, and left there.

    Raises:
        UsageError: it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise UsageError(
            f"cannot write to {path.parent} ({error.strerror}): set ALFRED_STATE_DIR to a folder that is writable"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True

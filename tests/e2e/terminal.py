"""A terminal of a given width, with Alfred in it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from tests.e2e.machine import LONGEST_RUN_SECONDS, TOKEN, Machine

_STYLES = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Screen:
    """What a program wrote on a terminal."""

    exit_code: int
    raw: str

    @property
    def text(self) -> str:
        """The output without colours."""
        return _STYLES.sub("", self.raw)

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @property
    def styled(self) -> bool:
        return _STYLES.search(self.raw) is not None


def on_a_terminal(
    machine: Machine,
    *arguments: str,
    columns: int = 120,
    env: Mapping[str, str] | None = None,
    answer: tuple[str, str] | None = None,
) -> Screen:
    """Run Alfred on a terminal of so many columns.

    Args:
        answer: what to type once some text is shown: the text, the keys.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    settings = {"ALFRED_LIBRARY": str(machine.root), "TERM": "xterm-256color"} | dict(env or {})
    environment = machine.environment(settings)
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CI"):
        if name not in settings:
            environment.pop(name, None)
    command = [sys.executable, "-m", "alfred", *arguments]
    with subprocess.Popen(
        command,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509  (these tests have one thread)
    ) as process:
        os.close(theirs)
        raw = _read_all(ours, answer)
        process.wait(LONGEST_RUN_SECONDS)
    os.close(ours)
    screen = Screen(process.returncode, raw.decode().replace("\r\n", "\n"))
    assert "Traceback" not in screen.raw, screen
    assert TOKEN not in screen.raw, screen
    return screen


def _take_terminal() -> None:
    """Make stdin the terminal that Ctrl-C is typed on; runs in the child."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _read_all(terminal: int, answer: tuple[str, str] | None) -> bytes:
    """Read to the end, and answer when asked; again after a while, as one does whose Ctrl-C came too early."""
    read, until = b"", time.monotonic() + LONGEST_RUN_SECONDS
    with suppress(OSError):  # a terminal whose program has ended says so with an error
        while time.monotonic() < until:
            if select.select([terminal], [], [], 0.5)[0]:
                piece = os.read(terminal, 65536)
                if not piece:
                    break
                read += piece
                if answer is None or answer[0].encode() not in piece:
                    continue
            if answer is not None and answer[0].encode() in read:
                os.write(terminal, answer[1].encode())
    return read

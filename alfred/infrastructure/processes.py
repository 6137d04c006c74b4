"""Processes of this machine: who we are, and whether another one is still alive."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from alfred.domain.work.lease import Owner

_PROC = Path("/proc")
_DEAD = frozenset("ZXx")
_STATE, _START_TIME = 0, 19  # counted behind the name in /proc/<pid>/stat, see proc(5)


def this_host() -> str:
    """Return the name of this machine as it stands in an owner."""
    return socket.gethostname().replace(":", "-") or "localhost"


def this_process() -> Owner:
    """Return this process as an owner of claims."""
    _, ticks = _state_and_start(os.getpid())
    return Owner(this_host(), os.getpid(), f"{_boot()}.{_pid_namespace()}.{ticks}")


def is_alive(owner: Owner) -> bool:
    """Say whether a process of this machine is still alive.

    A process id is used again, so the process that has it now must be the one that was started then. One in a
    container beside this one cannot be seen, and counts as alive for as long as the machine was not started anew.
    """
    boot, namespace, ticks = _parts(owner.started)
    if boot and boot != _boot():
        return False
    if namespace and namespace != _pid_namespace():
        return True
    state, started = _state_and_start(owner.pid)
    if not state:
        return _answers(owner.pid)
    return state not in _DEAD and ticks in ("", started)


def _parts(started: str) -> tuple[str, str, str]:
    """Split what tells a process from later ones; parts that the system did not say are empty."""
    parts = started.split(".")
    return (parts[0], parts[1], parts[2]) if len(parts) == len(("boot", "namespace", "ticks")) else ("", "", "")


def _state_and_start(pid: int) -> tuple[str, str]:
    """Return a process's state letter and its start in ticks since boot; "" and "" where it cannot be seen."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
        fields = text[text.rindex(")") + 1 :].split()  # the name before it may hold anything
        return fields[_STATE], fields[_START_TIME]
    except (OSError, ValueError, IndexError):
        return "", ""


def _boot() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _pid_namespace() -> str:
    try:
        link = str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""
    return "".join(character for character in link if character.isdecimal())


def _answers(pid: int) -> bool:
    """Ask by a signal that does nothing; a process that may not be signalled is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True

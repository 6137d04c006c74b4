"""The shared rate limit: grants a second of one and four processes, the most in any second, us a grant."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers import python_with
from bench.printing import note, table, times, verdict, verdict_at_least
from bench.workspace import Workspace

RATE = 50
SHARE_AT_LEAST = 0.92
UNLIMITED = 10_000_000
PEER = "pyrate-limiter"
PROCESSES = (1, 4)

WORKER = Path(__file__).with_name("limiter_worker.py")


@dataclass(frozen=True, slots=True)
class Grants:
    """When a few processes were allowed to go."""

    moments: tuple[float, ...]
    processes: int

    @property
    def rate(self) -> float:
        """Grants a second, of all processes together."""
        return (len(self.moments) - 1) / (self.moments[-1] - self.moments[0])

    @property
    def micros_each(self) -> float:
        """What a grant takes of the time of one process, where nobody has to wait."""
        return self.processes / self.rate * 1e6

    @property
    def most_in_a_second(self) -> int:
        """The most grants in any window of one second."""
        most = first = 0
        for last, moment in enumerate(self.moments):
            while self.moments[first] <= moment - 1:
                first += 1
            most = max(most, last - first + 1)
        return most


def run(workspace: Workspace) -> None:
    limiters = {"alfred": sys.executable}
    if peer := python_with(workspace, "limiters", PEER, "filelock"):
        limiters |= {f"{PEER}, SQLite and file lock": peer, f"{PEER}, in memory": peer}
    seconds = workspace.size(6, 2)
    rows = []
    for name, python in limiters.items():
        for processes in PROCESSES:
            held = _grants(workspace, name, python, processes=processes, rate=RATE, seconds=seconds)
            free = _grants(workspace, name, python, processes=processes, rate=UNLIMITED, seconds=seconds / 3)
            ours = name == "alfred"
            rows.append(
                (
                    f"{name}, {processes} process{'es' if processes > 1 else ''} of 1 thread",
                    f"{held.rate:.1f}",
                    verdict_at_least(held.rate / RATE, SHARE_AT_LEAST) if ours else times(held.rate / RATE),
                    str(held.most_in_a_second),
                    verdict(held.most_in_a_second, RATE + 1) if ours else "",
                    f"{free.micros_each:.0f}",
                )
            )
    table(
        (f"at {RATE} a second for {seconds} s", "grants/s", "of the limit", "most in 1 s", "goal", "us a grant"),
        rows,
    )
    if peer:
        note(f"in memory, the processes of {PEER} do not share the limit: it is there as the bound of its cost")


def _grants(workspace: Workspace, name: str, python: str, *, processes: int, rate: int, seconds: float) -> Grants:
    folder = workspace.folder / "limiter"
    folder.mkdir()
    command = [python, str(WORKER), name, str(folder), str(rate), str(seconds)]
    running = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=workspace.environment
        )
        for _ in range(processes)
    ]
    moments = sorted(moment for grants in _collect(running) for moment in grants)
    workspace.discard(folder)
    return Grants(tuple(moments), processes)


def _collect(running: Sequence[subprocess.Popen[str]]) -> list[list[float]]:
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate()[0] for process in running]
    return [json.loads(output) for output in outputs]

"""Runs the commands that a page shows, and tells whether their output is still what the page says.

A fenced ``console`` block holds commands after ``$`` and their output. The blocks of a page run in order, on a
library of invented shows of their own; ``<!-- run: COMMAND -->`` runs a command that the page does not show, and
``let-days-pass N`` has everything in the index happen so many days earlier.
``python -m tests.docs.transcripts PAGE...`` writes the outputs that changed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from alfred.demo.shows import write_library, write_provider_folder
from alfred.demo.stand_in import StandIn

PROJECT = Path(__file__).resolve().parents[2]
LET_DAYS_PASS = Path(__file__).with_name("let_days_pass.py")
SHOWN_ROOT = "/media/tv"
SHOWN_FOLDERS = {"tv": SHOWN_ROOT, "config": "/home/me/.config", "state": "/home/me/.local/state/alfred"}
TOKEN = "invented.read-token.for-the-stand-in"  # noqa: S105 - it opens nothing but the stand-in

_BLOCK = re.compile(r"^```console\n(.*?)^```$|^<!-- run: (.*?) -->$", re.MULTILINE | re.DOTALL)
_CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.]+Z| [\d:]+ UTC)?"), "DAY"),
    (re.compile(r"just now|\d+ \w+ ago"), "AGO"),
    (re.compile(r"(?<=[ :])\d+\.\d+(?= s\b|,?$)", re.MULTILINE), "SECONDS"),
    (re.compile(r"\d{8}T\d{6}Z"), "LABEL"),
    (re.compile(r"^\w+ +space +.*$", re.MULTILINE), "SPACE"),
    (re.compile(r"(?<= %\t)\d+\t\d+\t[·▁▂▃▄▅▆▇█]{24}$", re.MULTILINE), "LATENCIES"),
    (re.compile(r"(?<=\t)\d+(?=\ttmdb$)", re.MULTILINE), "MILLISECONDS"),
    (re.compile(r"is on [\w .-]+, in journal mode \w+"), "JOURNAL"),
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
)
_END_OF_OUTPUT = "\x1e"


@dataclass(frozen=True)
class Step:
    """A command with the output that the page shows; None where the page shows neither."""

    command: str
    output: str | None


def steps_of(page: str) -> Iterator[Step]:
    """Yield the commands of a page in order."""
    for match in _BLOCK.finditer(page):
        if match[1] is None:
            yield Step(match[2], None)
            continue
        for part in re.split(r"^\$ ", match[1], flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield Step(command, output.rstrip("\n"))


def run_steps(steps: list[Step], workspace: Path) -> list[str]:
    """Run commands one after the other in one shell, at the root of a fresh library, and return their outputs."""
    root = workspace / "tv"
    root.mkdir()
    write_library(root)
    write_provider_folder(workspace / "provider", datetime.now(UTC).date())
    with StandIn(workspace / "provider", tokens=[TOKEN]) as server:
        script = "".join(
            f"{step.command}\n__code=$?; printf '{_END_OF_OUTPUT}'; (exit $__code)\n" for step in steps
        )
        done = subprocess.run(
            ["bash", "-c", script.replace(SHOWN_ROOT, str(root))],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            cwd=root,
            env=environment(workspace, server.url),
            encoding="utf-8",
            timeout=120,
        )
    printed = done.stdout
    for name, shown in SHOWN_FOLDERS.items():
        printed = printed.replace(str(workspace / name), shown)
    outputs = printed.split(_END_OF_OUTPUT)
    return [output.rstrip("\n") for output in outputs[: len(steps)]]


def environment(workspace: Path, url: str) -> dict[str, str]:
    """Return what commands of the pages run with: this Python's ``alfred``, the stand-in, and a way to wait."""
    binaries = workspace / "bin"
    binaries.mkdir(exist_ok=True)
    for name, target in (("alfred", "-m alfred"), ("let-days-pass", f"'{LET_DAYS_PASS}'")):
        program = binaries / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {target} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
    own = {name: value for name, value in os.environ.items() if not name.startswith("ALFRED_")}
    return own | {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "ALFRED_TMDB_TOKEN": TOKEN,
        "ALFRED_TMDB_BASE_URL": url,
        "ALFRED_STATE_DIR": str(workspace / "state"),
        "XDG_CONFIG_HOME": str(workspace / "config"),
        "NO_PROXY": "127.0.0.1",
        "PYTHONUTF8": "1",
    }


def masked(output: str) -> str:
    """Return an output without what differs from day to day."""
    for pattern, word in _CHANGING:
        output = pattern.sub(word, output)
    return output


def brought_up_to_date(page: str, workspace: Path) -> str:
    """Return a page with the outputs that changed written anew."""
    steps = list(steps_of(page))
    answers = iter(run_steps(steps, workspace))

    def rewrite(match: re.Match[str]) -> str:
        if match[1] is None:
            next(answers)
            return match[0]
        lines = []
        for step in steps_of(match[0]):
            answer = next(answers)
            output = step.output or ""
            lines += [f"$ {step.command}", output if masked(output) == masked(answer) else answer]
        return "```console\n" + "\n".join(line for line in lines if line) + "\n```"

    return _BLOCK.sub(rewrite, page)


def main(pages: list[str]) -> None:
    """Write the outputs that changed."""
    for name in pages:
        path = Path(name)
        with tempfile.TemporaryDirectory(prefix="alfred-docs-") as workspace:
            new = brought_up_to_date(path.read_text(encoding="utf-8"), Path(workspace))
        path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

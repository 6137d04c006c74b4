"""How long a command takes from its start to its end, against a Python that does nothing."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from functools import partial

from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from bench.invented import FIRST_ID, a_release, a_show, folder_name
from bench.measuring import Contestant, process_seconds, take_turns
from bench.printing import note, table, times, verdict
from bench.workspace import Workspace, alfred

NOTHING = "python -c pass"
WITHOUT_LIBRARY_AT_MOST = 8.0
QUERY_AT_MOST = 20.0
PEERS = {"flexget": "-V", "mnamer": "-V", "tvnamer": "--version"}


def run(workspace: Workspace) -> None:
    root = workspace.new_library("startup")
    with DotAlfredTVShowLibraryIndex(root) as index:
        for number in range(20):
            index.upsert(a_show(number), a_release(number), path=folder_name(number), fetched_at=datetime.now(UTC))
    commands = {
        "alfred --version": (alfred("--version"), WITHOUT_LIBRARY_AT_MOST),
        "alfred --help": (alfred("--help"), WITHOUT_LIBRARY_AT_MOST),
        "alfred show ID": (alfred("show", str(FIRST_ID)), QUERY_AT_MOST),
        "alfred list": (alfred("list"), QUERY_AT_MOST),
        "alfred wanted": (alfred("wanted"), QUERY_AT_MOST),
    }
    peers = {f"{peer} {flag}": [peer, flag] for peer, flag in PEERS.items() if shutil.which(peer)}
    environment = workspace.on_library(root)
    contestants: dict[str, Contestant] = {
        NOTHING: partial(process_seconds, [sys.executable, "-c", "pass"], environment)
    }
    for name, (command, _) in commands.items():
        contestants[name] = partial(process_seconds, command, environment)
    for name, command in peers.items():
        contestants[name] = partial(process_seconds, command, environment)

    samples = take_turns(contestants, rounds=workspace.size(15, 3), warm_ups=2)
    rows = []
    for name, sample in samples.items():
        ratio = sample.over(samples[NOTHING])
        goal = verdict(ratio, commands[name][1]) if name in commands else ""
        rows.append((name, sample.in_milliseconds(), times(ratio), goal))
    table(("whole process, 20 shows", "ms", "of doing nothing", "goal"), rows)
    for peer in PEERS:
        if not shutil.which(peer):
            note(f"{peer} is not installed: left out")
    workspace.discard(root)

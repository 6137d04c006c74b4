from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 40

OPENER = """
import sys, time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from alfred.application.exceptions import AlfredError
from alfred.infrastructure.persistence.state.store import open_state

folder, start, rounds = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
for number in range(rounds):
    while time.time() < start + number * 0.05:
        pass
    try:
        with closing(open_state(folder / str(number), now=lambda: datetime.now(UTC))) as state:
            state.all("SELECT provider FROM rate_slot")
    except AlfredError as error:
        print(number, error)
"""


def test_processes_that_open_a_new_state_file_at_the_same_time_do_not_get_in_each_others_way(
    tmp_path: Path,
) -> None:
    start = str(time.time() + 1.5)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(tmp_path), start, str(ROUNDS)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]

    assert [process.communicate(timeout=60)[0] for process in processes] == [""] * 4
    assert [process.returncode for process in processes] == [0] * 4

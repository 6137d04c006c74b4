"""The rate limit on a real state file: alone, by threads, by processes, over a real socket."""

from __future__ import annotations

import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from alfred.application.exceptions import ProviderError
from alfred.demo.faults import Fault, Refuse
from alfred.demo.stand_in import StandIn
from alfred.infrastructure.api.http import RequestAttempt
from alfred.infrastructure.api.tmdb.client import TMDBAPIError, TMDBClient
from alfred.infrastructure.persistence.state.rate_limit import (
    HOLD_SECONDS,
    LATEST_SECONDS,
    SHARE_USED,
    RateLimit,
)
from alfred.infrastructure.persistence.state.store import STATE_NAME

START = 1_790_000_000.0
TOKEN = "a.read.token"  # noqa: S105  (it opens nothing but the stand-in)


class Time:
    """Moves only when somebody sleeps, or when it is told to."""

    def __init__(self) -> None:
        self.now = START
        self.oversleeps: list[float] = []
        self.while_asleep: Callable[[], None] | None = None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds + (self.oversleeps.pop(0) if self.oversleeps else 0.0)
        if (happen := self.while_asleep) is not None:
            self.while_asleep = None
            happen()


@pytest.fixture
def moment() -> Time:
    return Time()


@contextmanager
def limited(folder: Path, moment: Time, *, rate: float = 48.0) -> Iterator[RateLimit]:
    limit = RateLimit(
        folder,
        provider="tmdb",
        requests_per_second=rate,
        clock=moment.clock,
        sleep=moment.sleep,
    )
    with closing(limit):
        yield limit


def turns(limit: RateLimit, moment: Time, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        limit.wait_for_turn()
        taken.append(moment.now)
    return taken


def most_in_a_second(times: Sequence[float]) -> int:
    ordered = sorted(times)
    return max(sum(1 for other in ordered if start <= other < start + 1) for start in ordered)


def row_of(folder: Path) -> dict[str, int]:
    with closing(sqlite3.connect(folder / STATE_NAME)) as connection:
        connection.row_factory = sqlite3.Row
        return dict(connection.execute("SELECT * FROM rate_slot WHERE provider = 'tmdb'").fetchone())


def change_row(folder: Path, **columns: int) -> None:
    with closing(sqlite3.connect(folder / STATE_NAME)) as connection, connection:
        for name, value in columns.items():
            connection.execute(f"UPDATE rate_slot SET {name} = ?", (value,))  # noqa: S608


def test_requests_are_evenly_spaced_just_below_the_rate(tmp_path: Path, moment: Time) -> None:
    with limited(tmp_path, moment) as limit:
        times = turns(limit, moment, 100)

    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert times[0] == START
    assert min(gaps) == pytest.approx(1 / (48 * SHARE_USED), abs=2e-6)
    assert max(gaps) == pytest.approx(1 / (48 * SHARE_USED), abs=2e-6)


def test_after_a_pause_there_is_no_burst(tmp_path: Path, moment: Time) -> None:
    with limited(tmp_path, moment) as limit:
        turns(limit, moment, 5)
        moment.now += 3600
        times = turns(limit, moment, 200)

    assert most_in_a_second(times) <= 48


def test_two_limiters_on_one_file_share_the_slots(tmp_path: Path, moment: Time) -> None:
    with limited(tmp_path, moment) as one, limited(tmp_path, moment) as other:
        times = [time for _ in range(40) for limit in (one, other) for time in turns(limit, moment, 1)]

    assert times[-1] - times[0] == pytest.approx(79 / (48 * SHARE_USED), abs=1e-3)


def test_a_slow_rate_waits_for_as_long_as_it_takes(tmp_path: Path, moment: Time) -> None:
    with limited(tmp_path, moment, rate=0.1) as limit:
        times = turns(limit, moment, 20)

    assert times[-1] - times[0] == pytest.approx(19 * 10 / SHARE_USED, abs=1e-3)


def test_what_was_waited_is_counted(tmp_path: Path, moment: Time) -> None:
    with limited(tmp_path, moment, rate=1) as limit:
        turns(limit, moment, 3)

        assert limit.waits == 2
        assert limit.seconds_waited == pytest.approx(2 / SHARE_USED, abs=1e-3)


def test_a_slot_that_was_slept_through_is_given_up(tmp_path: Path, moment: Time) -> None:
    with limited(tmp_path, moment) as one, limited(tmp_path, moment) as other:
        times: list[float] = []
        turns(one, moment, 1)
        moment.oversleeps = [1.0]
        moment.while_asleep = lambda: times.extend(turns(other, moment, 40))
        times += turns(one, moment, 1)

    assert times[-1] - times[-2] == pytest.approx(1 / (48 * SHARE_USED), abs=1e-5)


def test_a_machine_that_is_always_late_still_gets_on(tmp_path: Path, moment: Time) -> None:
    with limited(tmp_path, moment) as limit:
        turns(limit, moment, 1)
        change_row(tmp_path, next_free=int((moment.now + 1) * 1e6))
        moment.oversleeps = [3 * LATEST_SECONDS] * 50

        turns(limit, moment, 3)


@pytest.mark.parametrize(("asked", "pause"), [(7.0, 7.0), (0.0, 0.0), (None, HOLD_SECONDS)])
def test_a_pause_that_the_provider_asks_for_is_kept_by_all(
    tmp_path: Path, moment: Time, asked: float | None, pause: float
) -> None:
    with limited(tmp_path, moment) as one, limited(tmp_path, moment) as other:
        turns(other, moment, 1)
        one.hold_back(asked)
        times = turns(other, moment, 60)

    assert times[0] >= START + pause
    assert most_in_a_second(times) <= 48


def test_a_pause_reaches_those_who_wait_already(tmp_path: Path, moment: Time) -> None:
    with limited(tmp_path, moment) as one, limited(tmp_path, moment) as other:
        turns(one, moment, 1)
        moment.while_asleep = lambda: other.hold_back(5.0)
        times = turns(one, moment, 1)

    assert times[0] >= START + 5.0


def test_a_shorter_pause_does_not_end_a_longer_one(tmp_path: Path, moment: Time) -> None:
    with limited(tmp_path, moment) as limit:
        limit.hold_back(30.0)
        limit.hold_back(1.0)
        times = turns(limit, moment, 1)

    assert times[0] >= START + 30.0


def test_a_long_pause_is_not_waited_for_and_uses_up_no_slot(tmp_path: Path, moment: Time) -> None:
    with limited(tmp_path, moment) as limit:
        limit.hold_back(3600.0)
        before = row_of(tmp_path)
        moment.now += 60

        with pytest.raises(ProviderError, match=r"TMDB asked for a pause, which lasts 3540 s more") as caught:
            limit.wait_for_turn()

        assert caught.value.error_class == "rate_limited"
        assert caught.value.retry_after == 3540.0
        assert moment.now == START + 60
        assert row_of(tmp_path) == before
        moment.now += 3541
        assert turns(limit, moment, 1) == [START + 3601]


@pytest.mark.parametrize(
    "columns",
    [
        {"next_free": int((START + 7200) * 1e6)},
        {"next_free": int((START + 86_400 * 400) * 1e6)},
        {"held_until": int((START + 86_400 * 400) * 1e6)},
        {
            "next_free": int((START + 100) * 1e6),
            "held_until": int((START + 100) * 1e6),
            "written_at": int((START + 90) * 1e6),
        },
    ],
    ids=["a slot beyond any queue", "a slot of next year", "a pause of a year", "written in the future"],
)
def test_a_row_that_a_wrong_clock_wrote_is_not_believed(
    tmp_path: Path, moment: Time, columns: dict[str, int]
) -> None:
    with limited(tmp_path, moment) as limit:
        turns(limit, moment, 1)
        change_row(tmp_path, **columns)
        moment.now += 1
        times = turns(limit, moment, 3)

        assert times[0] == START + 1
        assert times[-1] < START + 1.1
        change_row(tmp_path, **columns)
        limit.hold_back(2.0)
        assert START + 3 <= turns(limit, moment, 1)[0] < START + 3.2


def test_a_clock_that_is_set_back_while_a_request_waits_does_not_stop_it(tmp_path: Path, moment: Time) -> None:
    def set_back() -> None:
        moment.now -= 5000

    with limited(tmp_path, moment) as limit:
        turns(limit, moment, 2)
        moment.while_asleep = set_back
        times = turns(limit, moment, 1)

    assert times[0] < START - 4990


def test_a_state_folder_that_cannot_be_used_leaves_a_limit_for_this_process(
    tmp_path: Path, moment: Time, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING), limited(tmp_path / "file" / "state", moment) as limit:
        times = turns(limit, moment, 100)
        limit.hold_back(9.0)
        times += turns(limit, moment, 1)

    assert most_in_a_second(times) <= 48
    assert times[-1] >= times[-2] + 9.0
    assert len(caplog.records) == 1
    assert "do not share the rate limit" in caplog.text


def test_a_state_file_that_breaks_in_mid_run_leaves_a_limit_for_this_process(
    tmp_path: Path, moment: Time, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), limited(tmp_path, moment) as limit:
        turns(limit, moment, 3)
        with closing(sqlite3.connect(tmp_path / STATE_NAME)) as connection, connection:
            connection.execute("DROP TABLE rate_slot")
        times = turns(limit, moment, 100)

    assert most_in_a_second(times) <= 48
    assert len(caplog.records) == 1


def test_a_damaged_state_file_is_begun_again(
    tmp_path: Path, moment: Time, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / STATE_NAME).write_bytes(b"not a database, by any means" * 100)

    with caplog.at_level(logging.WARNING), limited(tmp_path, moment) as limit:
        turns(limit, moment, 2)

    assert row_of(tmp_path)["next_free"] > START * 1e6
    assert "begun again" in caplog.text


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, rate: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        RateLimit(tmp_path, provider="tmdb", requests_per_second=rate)


def test_threads_share_one_limiter_without_getting_in_each_others_way(tmp_path: Path) -> None:
    times: list[float] = []
    with closing(RateLimit(tmp_path, provider="tmdb", requests_per_second=200)) as limit:

        def take(_number: int) -> None:
            limit.wait_for_turn()
            times.append(time.time())

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(take, range(300)))

    assert len(times) == 300
    assert most_in_a_second(times) <= 201


WORKER = """
import sys, threading
from pathlib import Path
from alfred.infrastructure.api.tmdb.client import TMDBClient
from alfred.infrastructure.persistence.state.rate_limit import RateLimit

state, url, rate = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
first, count = int(sys.argv[4]), int(sys.argv[5])
limit = RateLimit(state, provider="tmdb", requests_per_second=rate)
client = TMDBClient(
    "a.read.token", base_url=url, before_request=limit.wait_for_turn, hold_back=limit.hold_back
)
ids = iter(range(first, first + count))
lock = threading.Lock()

def work():
    while True:
        with lock:
            tmdb_id = next(ids, None)
        if tmdb_id is None:
            return
        client.get_tv_show_info(tmdb_id)

print("ready", flush=True)
sys.stdin.readline()
threads = [threading.Thread(target=work) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(client.requests_sent, limit.waits)
"""


def put_show(folder: Path) -> None:
    (folder / "tv").mkdir(parents=True)
    body = {"id": 7, "name": "Seven", "seasons": [{"season_number": 1}]}
    (folder / "tv" / "7.json").write_text(json.dumps(body))
    season = {"id": 9, "season_number": 1, "episodes": [{"id": 5, "episode_number": 1, "name": "One"}]}
    (folder / "tv" / "7").mkdir()
    (folder / "tv" / "7" / "season_1.json").write_text(json.dumps(season))


def run_processes(server: StandIn, state: Path, *, processes: int, rate: float, each: int) -> list[int]:
    environment = os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(state), server.url, str(rate), str(1 + number * each), str(each)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for number in range(processes)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    outputs = []
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in running:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        outputs.append(int(output.split()[0]))
    return outputs


def test_four_processes_together_keep_to_the_rate_that_the_server_enforces_and_use_it(tmp_path: Path) -> None:
    put_show(tmp_path / "tmdb")
    rate = 50
    with StandIn(tmp_path / "tmdb", aliases=lambda _id: 7, rate_limit=rate, latency=0.02) as server:
        sent = run_processes(server, tmp_path / "state", processes=4, rate=rate, each=50)
        requests = list(server.requests)

    times = [request.at for request in requests]
    assert sum(sent) == len(requests) == 200
    assert {request.status for request in requests} == {200}
    assert most_in_a_second(times) <= rate + 1
    assert (len(times) - 1) / (max(times) - min(times)) <= rate


def test_a_429_in_one_process_pauses_all_of_them(tmp_path: Path) -> None:
    put_show(tmp_path / "tmdb")
    with StandIn(tmp_path / "tmdb", aliases=lambda _id: 7) as server:
        server.faults.append(Fault(Refuse(429, 25, retry_after=2), tmdb_id=10, times=1))
        sent = run_processes(server, tmp_path / "state", processes=2, rate=40, each=25)
        requests = list(server.requests)

    refused = next(request.at for request in requests if request.status == 429)
    in_the_pause = [request.at for request in requests if refused + 0.2 < request.at < refused + 1.9]
    assert sum(sent) == 51
    assert in_the_pause == []


class Attempts:
    def __init__(self) -> None:
        self.seen: list[RequestAttempt] = []

    def record(self, attempt: RequestAttempt, /) -> None:
        self.seen.append(attempt)


def test_a_request_that_is_held_back_is_told_and_not_sent(tmp_path: Path, moment: Time) -> None:
    put_show(tmp_path / "tmdb")
    attempts = Attempts()
    with (
        StandIn(tmp_path / "tmdb", aliases=lambda _id: 7) as server,
        limited(tmp_path / "state", moment) as limit,
        TMDBClient(
            TOKEN,
            base_url=server.url,
            observer=attempts,
            before_request=limit.wait_for_turn,
            hold_back=limit.hold_back,
        ) as client,
    ):
        server.faults.append(Fault(Refuse(429, 25, retry_after=600), times=1))
        with pytest.raises(TMDBAPIError, match="wants fewer requests"):
            client.get_tv_show_info(1)
        with pytest.raises(TMDBAPIError, match="asked for a pause") as caught:
            client.get_tv_show_info(2)

        assert client.requests_sent == server.total == 1

    assert (caught.value.error_class, caught.value.retry_after) == ("rate_limited", 600.0)
    assert [(attempt.error_class, attempt.http_status) for attempt in attempts.seen] == [
        ("http_429", 429),
        ("rate_limited", None),
    ]
    assert attempts.seen[1].outcome == "failure"


def test_other_errors_before_a_request_are_raised_as_they_are() -> None:
    refusal = ProviderError("quarantined", error_class="auth_error")

    def refuse() -> None:
        raise refusal

    attempts = Attempts()
    with (
        TMDBClient(TOKEN, base_url="http://127.0.0.1:9", observer=attempts, before_request=refuse) as client,
        pytest.raises(ProviderError) as caught,
    ):
        client.get_tv_show_info(1)

    assert caught.value is refusal
    assert attempts.seen == []


def test_ctrl_c_ends_a_wait(tmp_path: Path) -> None:
    with closing(RateLimit(tmp_path, provider="tmdb", requests_per_second=50)) as limit:
        limit.hold_back(30.0)
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            limit.wait_for_turn()
        timer.join()

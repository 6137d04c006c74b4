"""What a sync costs TMDB and this machine: requests a show, shows a second, processor time a show."""

from __future__ import annotations

import importlib
import importlib.util
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from typing import Any

import requests

from alfred.application.exceptions import ProviderError
from alfred.demo.stand_in import StandIn
from alfred.infrastructure.api.tmdb.client import TMDBClient
from bench.measuring import Contestant, take_turns
from bench.printing import note, table, times
from bench.workspace import Workspace

TOKEN = "a-token-for-the-stand-in"  # noqa: S105 - it opens nothing but the stand-in
PEER = "tmdbsimple"

Fetch = Callable[[int], object]


def run(workspace: Workspace) -> None:
    ids = sorted(int(path.stem) for path in workspace.bodies.glob("tv/*.json") if path.stem.isdecimal())
    if not ids:
        note("no folder of recorded bodies (tv/ID.json, tv/ID/season_N.json): give one with --bodies; left out")
        return
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    usable = _count_requests(workspace, ids)
    shows = list(islice(cycle(usable), workspace.size(300, 20)))
    with _server(workspace) as url:
        _race(url, shows, rounds=workspace.size(5, 2))


def _count_requests(workspace: Workspace, ids: Sequence[int]) -> list[int]:
    """Fetch every show once, print what it took, and return the ids of those whose seasons are all recorded."""
    taken: dict[int, int] = {}
    seasons: dict[int, int] = {}
    whole: list[int] = []
    with (
        StandIn(workspace.bodies, keep_requests=False) as server,
        TMDBClient(TOKEN, base_url=server.url) as client,
    ):
        for tmdb_id in ids:
            before = client.requests_sent
            try:
                info = client.get_tv_show_info(tmdb_id)
            except ProviderError:
                continue
            taken[tmdb_id] = client.requests_sent - before
            seasons[tmdb_id] = len(info.seasons)
            if not info.unavailable_seasons:
                whole.append(tmdb_id)
    one_a_season = {tmdb_id: 1 + count for tmdb_id, count in seasons.items()}
    rows = [_counts("alfred", taken), _counts("details, then one request a season", one_a_season)]
    table((f"requests a show, {len(taken):,} of {len(ids):,} shows", "mean", "median", "largest", "all"), rows)
    ratio = sum(one_a_season.values()) / sum(taken.values())
    note(f"{times(ratio)} fewer requests; {len(whole)} shows have all seasons recorded, and race below")
    return whole


def _counts(name: str, requests_of: dict[int, int]) -> tuple[str, ...]:
    counts = list(requests_of.values())
    median = f"{statistics.median(counts):g}"
    return name, f"{statistics.mean(counts):.3f}", median, str(max(counts)), f"{sum(counts):,}"


@contextmanager
def _server(workspace: Workspace) -> Iterator[str]:
    """Run the stand-in as a process of its own, so that its work is not counted as the client's."""
    command = [sys.executable, "-m", "alfred.demo.stand_in", str(workspace.bodies), "--repeat"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=workspace.environment) as process:
        try:
            first = process.stdout.readline() if process.stdout else ""
            yield first.split()[1]
        finally:
            process.terminate()


def _race(url: str, shows: Sequence[int], *, rounds: int) -> None:
    with TMDBClient(TOKEN, base_url=url) as client, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        fetchers: dict[str, Fetch] = {
            "alfred": client.get_tv_show_info,
            "requests, one call a season": partial(_call_a_season, session, url),
        }
        if importlib.util.find_spec(PEER):
            fetchers[f"{PEER}, one call a season"] = _peer(url)
        else:
            note(f"{PEER} is not installed: left out")
        processor: dict[str, list[float]] = {name: [] for name in fetchers}
        contestants: dict[str, Contestant] = {
            name: partial(_shows_a_second, fetch, shows, processor[name]) for name, fetch in fetchers.items()
        }
        samples = take_turns(contestants, rounds=rounds)
    theirs = samples["requests, one call a season"]
    rows = []
    for name, sample in samples.items():
        costs = processor[name][1:]
        cost = f"{statistics.median(costs):.2f} ({min(costs):.2f}-{max(costs):.2f})"
        rows.append((name, sample.as_rate(), times(sample.over(theirs)), cost))
    table((f"{len(shows)} shows, 1 thread, no latency", "shows/s", "of requests", "client's CPU ms a show"), rows)


def _shows_a_second(fetch: Fetch, shows: Sequence[int], processor: list[float]) -> float:
    spent, start = _processor_seconds(), time.perf_counter()
    for tmdb_id in shows:
        fetch(tmdb_id)
    took = time.perf_counter() - start
    processor.append((_processor_seconds() - spent) / len(shows) * 1000)
    return len(shows) / took


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _call_a_season(session: requests.Session, url: str, tmdb_id: int) -> list[Any]:
    """Do what most clients do: the details, then each season that they list."""
    details = session.get(f"{url}/tv/{tmdb_id}", timeout=10).json()
    numbers = [season["season_number"] for season in details["seasons"]]
    return [session.get(f"{url}/tv/{tmdb_id}/season/{number}", timeout=10).json() for number in numbers]


def _peer(url: str) -> Fetch:
    peer: Any = importlib.import_module(PEER)
    peer.API_KEY = "0" * 32
    api_base = importlib.import_module(f"{PEER}.base").TMDB
    api_base.base_uri = url

    def fetch(tmdb_id: int) -> list[Any]:
        details = peer.TV(tmdb_id).info()
        return [peer.TV_Seasons(tmdb_id, season["season_number"]).info() for season in details["seasons"]]

    return fetch

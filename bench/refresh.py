"""A batch refresh next to other people's clients: shows a second, processor, memory, requests."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.request import urlopen

from alfred.composition import open_library
from alfred.settings import load_settings
from bench.bodies import the_mix
from bench.invented import FIRST_ID, add_video
from bench.measuring import Contestant, Sample, take_turns
from bench.peers import python_with
from bench.printing import note, table, times, verdict, verdict_at_least
from bench.workspace import Workspace

LATENCY = 0.05
RATE = 50
OUR_RATE_WITHOUT_LIMIT = 1000
WORKERS = 16
PEERS = ("tmdbsimple", "tmdbv3api", "themoviedb", "tmdbapis", "tmdbone", "requests")
CLIENTS = {
    "tmdbsimple": "tmdbsimple",
    "tmdbv3api": "tmdbv3api",
    "themoviedb": "themoviedb",
    "themoviedb, 16 tasks": "aiothemoviedb",
    "tmdbapis": "tmdbapis",
    "tmdbone, 16 tasks": "tmdbone",
    "requests": "requests:1",
    "requests, 16 threads": "requests:16",
}
CONCURRENT = ("themoviedb, 16 tasks", "tmdbone, 16 tasks", "requests, 16 threads")
OURS = "alfred, 16 workers"

REQUESTS_AT_MOST = 1.06
TIMES_AT_THE_LIMIT = 6.0
TIMES_AT_LATENCY = 4.0
CPU_MS_AT_MOST = 6.0
MEMORY_GROWTH_AT_MOST = 1.2
COST_GROWTH_AT_MOST = 1.15

HERE = Path(__file__).parent


@dataclass(slots=True)
class Served:
    """A server that counts."""

    address: str

    def counts(self, name: str = "stats") -> dict[str, int]:
        """Return the number of requests and of refusals; ``reset`` begins again from 0."""
        with urlopen(f"{self.address}/__{name}") as answer:  # noqa: S310 - our own server
            told: dict[str, int] = json.load(answer)
            return told


@dataclass(slots=True)
class Costs:
    """What the runs of one contestant took, one value a run."""

    processor_ms: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Race:
    """What the contestants share."""

    workspace: Workspace
    served: Served
    python: str | None
    costs: dict[str, Costs]

    def peer(self, name: str, shows: int) -> float:
        """Let another client fetch and store shows, and return shows a second."""
        folder = self.workspace.folder / "peer"
        folder.mkdir()
        command = [str(self.python), str(HERE / "client_worker.py"), CLIENTS[name], self.served.address]
        rate = self._run(name, [*command, str(FIRST_ID), str(shows), str(folder / "slots")], shows)
        self.workspace.discard(folder)
        return rate

    def alfred(self, name: str, root: Path, shows: int, *, rate: float) -> float:
        """Let Alfred refresh a library that it knows nothing of, and return shows a second."""
        for file in (root / ".alfred").glob("index.sqlite3*"):
            file.unlink()
        shutil.rmtree(self.workspace.folder / "state", ignore_errors=True)
        own = {
            "ALFRED_TMDB_BASE_URL": f"{self.served.address}/3",
            "ALFRED_TMDB_TOKEN": "a-token-for-the-stand-in",
            "ALFRED_TMDB_REQUESTS_PER_SECOND": f"{rate:g}",
            "ALFRED_WORKERS": str(WORKERS),
            "RESET": f"{self.served.address}/__reset",
        }
        return self._run(name, [sys.executable, "-m", "bench.refresh_worker"], shows, own, root)

    def _run(
        self,
        name: str,
        command: list[str],
        shows: int,
        variables: Mapping[str, str] | None = None,
        root: Path | None = None,
    ) -> float:
        environment = self.workspace.environment if root is None else self.workspace.on_library(root)
        done = subprocess.run(
            command,
            env=environment | dict(variables or {}),
            cwd=HERE.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{name} ended with {done.returncode}: {done.stderr[-800:]}")
        told, counts = json.loads(done.stdout.splitlines()[-1]), self.served.counts()
        costs = self.costs.setdefault(name, Costs())
        costs.processor_ms.append(told["processor"] / shows * 1000)
        costs.peak_mib.append(told["peak_kib"] / 1024)
        costs.requests.append((counts["requests"] - counts["refused"]) / shows)
        costs.refused.append(counts["refused"])
        return shows / float(told["seconds"])


def run(workspace: Workspace) -> None:
    folder, mix = the_mix(workspace)
    python = python_with(workspace, "clients", *PEERS)
    small = workspace.size(1000, 40)
    roots = {shows: _library(workspace, shows) for shows in (100, small)}
    note("details and every season, parsed and stored; each contestant a process, the server another")
    note("others: a call a season, a row an episode in one table; what they raise on a 429 is repeated for them")
    for latency in (0.0, LATENCY):
        with _server(workspace, folder, mix, "--latency", str(latency)) as served:
            _race(Race(workspace, served, python, {}), roots[100], latency=latency)
    with _server(workspace, folder, mix, "--latency", str(LATENCY), "--rate", str(RATE)) as served:
        _at_the_limit(Race(workspace, served, python, {}), roots)
    roots[10 * small] = _library(workspace, 10 * small)
    with _server(workspace, folder, mix) as served:
        _growth(Race(workspace, served, python, {}), roots)
    for root in roots.values():
        workspace.discard(root)


@contextmanager
def _server(workspace: Workspace, folder: Path, mix: list[int], *options: str) -> Iterator[Served]:
    command = [sys.executable, "-m", "bench.fast_tmdb", str(folder), *map(str, mix), *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=workspace.environment, cwd=HERE.parent
    ) as process:
        try:
            first = process.stdout.readline() if process.stdout else ""
            yield Served(first.split()[1])
        finally:
            process.terminate()


def _library(workspace: Workspace, shows: int) -> Path:
    """Make a library of show folders with an episode each, and a sidecar."""
    root = workspace.new_library(f"refresh-{shows}")
    for number in range(shows):
        folder = root / f"Show {number} [tmdbid-{FIRST_ID + number}]" / "Season 01"
        folder.mkdir(parents=True)
        add_video(folder / "Show S01E01.mkv", size=600_000_000)
    environment = {**workspace.on_library(root)}
    settings = load_settings(environment, file=workspace.folder / "none.toml")
    with open_library(root, settings) as library:
        library.rescan(accept_missing=True)
    return root


def _race(race: Race, root: Path, *, latency: float) -> None:
    """Let everybody fetch without a limit; who fetches one after the other gets a cycle of the mix at latency."""
    quick = race.workspace.quick
    contestants: dict[str, Contestant] = {
        OURS: partial(race.alfred, OURS, root, 100, rate=OUR_RATE_WITHOUT_LIMIT),
    }
    if race.python:
        for name in CLIENTS:
            shows = 20 if quick or (latency and name not in CONCURRENT) else 100
            contestants[name] = partial(race.peer, name, shows)
    samples = take_turns(contestants, rounds=race.workspace.size(3, 1), warm_ups=0)
    ours = samples[OURS]
    rows = [_row(race, name, sample, ours) for name, sample in samples.items()]
    table(
        (
            f"{latency * 1000:g} ms latency, no limit",
            "shows/s",
            "alfred of it",
            "CPU ms a show",
            "requests a show",
        ),
        rows,
    )
    costs = race.costs[OURS]
    note(f"requests a show: {verdict(_middle(costs.requests), REQUESTS_AT_MOST)}")
    note(f"CPU ms a show, socket to row: {verdict(_middle(costs.processor_ms), CPU_MS_AT_MOST)}")
    if latency and race.python:
        best = min(ours.over(sample) for name, sample in samples.items() if name != OURS)
        note(f"alfred of the best of them: {times(best)}, {verdict_at_least(best, TIMES_AT_LATENCY)}")


def _row(race: Race, name: str, sample: Sample, ours: Sample) -> tuple[str, ...]:
    costs = race.costs[name]
    of_it = times(ours.over(sample)) if name != OURS else ""
    cpu = f"{_middle(costs.processor_ms):.1f}"
    return name, sample.as_rate(), of_it, cpu, f"{_middle(costs.requests):.2f}"


def _at_the_limit(race: Race, roots: Mapping[int, Path]) -> None:
    (few, small), (shows, root) = min(roots.items()), max(roots.items())
    race.alfred("first", small, few, rate=RATE)  # the server reads a body when it is first asked for, and stalls
    if race.python:
        race.peer("requests", race.workspace.size(20, 5))
    rates = {OURS: race.alfred(OURS, root, shows, rate=RATE)}
    if race.python:
        rates |= {name: race.peer(name, race.workspace.size(100, 20)) for name in CONCURRENT}
    rows = [
        (name, f"{rate:.1f}", times(rates[OURS] / rate), str(race.costs[name].refused[0]))
        for name, rate in rates.items()
    ]
    table((f"{LATENCY * 1000:g} ms latency, {RATE} requests/s", "shows/s", "alfred of it", "429s"), rows)
    used = rates[OURS] * race.costs[OURS].requests[0] / RATE
    note(f"of the allowed rate alfred used {verdict_at_least(used, 0.92)} ({used:.2f})")
    if race.python:
        best = min(rates[OURS] / rate for name, rate in rates.items() if name != OURS)
        note(f"alfred of the best of them: {times(best)}, {verdict_at_least(best, TIMES_AT_THE_LIMIT)}")


def _growth(race: Race, roots: Mapping[int, Path]) -> None:
    rows, seen = [], {}
    for shows, root in sorted(roots.items()):
        rate = race.alfred(f"{shows}", root, shows, rate=OUR_RATE_WITHOUT_LIMIT)
        costs = seen[shows] = race.costs[f"{shows}"]
        rows.append(
            (f"{shows:,} shows", f"{rate:.0f}", f"{costs.processor_ms[0]:.2f}", f"{costs.peak_mib[0]:.0f}")
        )
    table(("alfred, no latency, no limit", "shows/s", "CPU ms a show", "peak memory, MiB"), rows)
    fewest, middle, most = sorted(seen)
    memory = seen[most].peak_mib[0] / seen[middle].peak_mib[0]
    cost = seen[most].processor_ms[0] / seen[fewest].processor_ms[0]
    note(f"memory at {most:,} of that at {middle:,}: {times(memory)}, {verdict(memory, MEMORY_GROWTH_AT_MOST)}")
    note(f"cost a show at {most:,} of that at {fewest:,}: {times(cost)}, {verdict(cost, COST_GROWTH_AT_MOST)}")


def _middle(values: list[float]) -> float:
    return Sample(tuple(values)).median

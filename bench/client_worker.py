"""Other people's clients at the same job: ``client_worker.py CLIENT ADDRESS FIRST_ID SHOWS DATABASE``.

Fetches details and every season of each show, and stores a row an episode, one transaction a show. Runs in an
environment of its own, so it imports nothing of Alfred. What a client raises on a 429 is repeated after a while.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import resource
import sqlite3
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.request import urlopen

KEY = "0" * 32
TASKS = 16
PAUSE_SECONDS = 0.25
MOST_REPEATS = 400

Show = tuple[Any, list[Any]]
"""Details, and the seasons."""


class Store:
    """One table, a row an episode."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = wal")
        self._connection.execute("PRAGMA synchronous = normal")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS slot (tmdb_id, season, number, air_date, title,"
            " PRIMARY KEY (tmdb_id, season, number)) WITHOUT ROWID"
        )
        self._lock = threading.Lock()

    def put(self, tmdb_id: int, seasons: Iterable[Any]) -> None:
        """Write the episodes of a show."""
        rows = [
            (
                tmdb_id,
                _of(season, "season_number"),
                _of(episode, "episode_number"),
                str(_of(episode, "air_date")),
                _of(episode, "name"),
            )
            for season in seasons
            for episode in _of(season, "episodes")
        ]
        with self._lock, self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO slot VALUES (?, ?, ?, ?, ?)", rows)


def _of(thing: Any, name: str) -> Any:
    return thing[name] if isinstance(thing, dict) else getattr(thing, name)


def again(call: Callable[..., Any], *arguments: object) -> Any:
    """Call until it works: most clients leave a 429 to whoever uses them."""
    for _ in range(MOST_REPEATS):
        try:
            return call(*arguments)
        except Exception:  # noqa: BLE001 - each client has its own way to fail
            time.sleep(PAUSE_SECONDS)
    return call(*arguments)


async def again_later(call: Callable[..., Awaitable[Any]], *arguments: object) -> Any:
    """Do the same for a client that is asynchronous."""
    for _ in range(MOST_REPEATS):
        try:
            return await call(*arguments)
        except Exception:  # noqa: BLE001 - as above
            await asyncio.sleep(PAUSE_SECONDS)
    return await call(*arguments)


def by_tmdbsimple(address: str) -> Callable[[int], Show]:
    tmdb: Any = importlib.import_module("tmdbsimple")
    tmdb.API_KEY = KEY
    begin = tmdb.base.TMDB.__init__

    def begin_here(self: Any) -> None:
        begin(self)
        self.base_uri = f"{address}/3"

    tmdb.base.TMDB.__init__ = begin_here

    def fetch(tmdb_id: int) -> Show:
        show = again(lambda: tmdb.TV(tmdb_id).info())
        numbers = [season["season_number"] for season in show["seasons"]]
        return show, [again(lambda one: tmdb.TV_Seasons(tmdb_id, one).info(), number) for number in numbers]

    return fetch


def by_tmdbv3api(address: str) -> Callable[[int], Show]:
    tmdb: Any = importlib.import_module("tmdbv3api")
    tmdb.TMDb().api_key = KEY
    tv, season_of = tmdb.TV(), tmdb.Season()
    tv._base = season_of._base = f"{address}/3"  # noqa: SLF001 - it can be told in no other way

    def fetch(tmdb_id: int) -> Show:
        show = again(lambda: tv.details(tmdb_id, append_to_response=""))
        numbers = [season.season_number for season in again(lambda: list(show.seasons))]
        return show, [
            again(lambda one: _checked(season_of.details(tmdb_id, one, append_to_response="")), number)
            for number in numbers
        ]

    return fetch


def _checked(season: Any) -> Any:
    season.episodes  # noqa: B018 - it tells of a failure only when it is read
    return season


def by_themoviedb(address: str) -> Callable[[int], Show]:
    tmdb: Any = importlib.import_module("themoviedb").TMDb(api_key=KEY)
    tmdb._config.host = address  # noqa: SLF001 - as above

    def fetch(tmdb_id: int) -> Show:
        show = again(lambda: tmdb.tv(tmdb_id).details())
        numbers = [season.season_number for season in show.seasons]
        return show, [again(lambda one: tmdb.season(tmdb_id, one).details(), number) for number in numbers]

    return fetch


def by_tmdbapis(address: str) -> Callable[[int], Show]:
    api: Any = importlib.import_module("tmdbapis.api3")
    api.base_url = f"{address}/3"
    tmdb = api.API3(KEY, validate=False)

    def fetch(tmdb_id: int) -> Show:
        show = again(tmdb.tv_get_details, tmdb_id)
        numbers = [season["season_number"] for season in show["seasons"]]
        return show, [again(tmdb.tv_seasons_get_details, tmdb_id, number) for number in numbers]

    return fetch


def by_requests(address: str) -> Callable[[int], Show]:
    requests: Any = importlib.import_module("requests")
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=TASKS))

    def get(path: str) -> Any:
        answer = session.get(f"{address}/3{path}", params={"api_key": KEY})
        answer.raise_for_status()
        return answer.json()

    def fetch(tmdb_id: int) -> Show:
        show = again(get, f"/tv/{tmdb_id}")
        numbers = [season["season_number"] for season in show["seasons"]]
        return show, [again(get, f"/tv/{tmdb_id}/season/{number}") for number in numbers]

    return fetch


async def run_aiothemoviedb(address: str, ids: range, store: Store) -> None:
    library: Any = importlib.import_module("themoviedb")
    async with library.aioTMDb(api_key=KEY) as tmdb:
        tmdb._config.host = address  # noqa: SLF001 - as above

        async def fetch(tmdb_id: int) -> None:
            show = await again_later(lambda: tmdb.tv(tmdb_id).details())
            seasons = [
                await again_later(lambda one: tmdb.season(tmdb_id, one).details(), season.season_number)
                for season in show.seasons
            ]
            store.put(tmdb_id, seasons)

        await share_out(fetch, ids)


async def run_tmdbone(address: str, ids: range, store: Store) -> None:
    kind: Any = importlib.import_module("tmdbone").TMDbOneClient
    kind.BASE_URL = f"{address}/3"
    client = kind(api_keys=[KEY])

    async def fetch(tmdb_id: int) -> None:
        show = await again_later(lambda: client.tv(tmdb_id).details())
        seasons = [
            await again_later(lambda one: client.tv(tmdb_id).season(one).details(), season["season_number"])
            for season in show["seasons"]
        ]
        store.put(tmdb_id, seasons)

    await share_out(fetch, ids)
    await client.close()


async def share_out(fetch: Callable[[int], Awaitable[None]], ids: range) -> None:
    """Let a few tasks fetch, each the next show."""
    waiting = iter(ids)

    async def work() -> None:
        for tmdb_id in waiting:
            await fetch(tmdb_id)

    await asyncio.gather(*(work() for _ in range(TASKS)))


SEQUENTIAL = {
    "tmdbsimple": by_tmdbsimple,
    "tmdbv3api": by_tmdbv3api,
    "themoviedb": by_themoviedb,
    "tmdbapis": by_tmdbapis,
    "requests": by_requests,
}
ASYNCHRONOUS = {"aiothemoviedb": run_aiothemoviedb, "tmdbone": run_tmdbone}


def run(client: str, address: str, ids: range, store: Store) -> None:
    name, _, threads = client.partition(":")
    if name in ASYNCHRONOUS:
        asyncio.run(ASYNCHRONOUS[name](address, ids, store))
        return
    fetch = SEQUENTIAL[name](address)

    def one(tmdb_id: int) -> None:
        store.put(tmdb_id, fetch(tmdb_id)[1])

    with ThreadPoolExecutor(int(threads or 1)) as pool:
        for _ in pool.map(one, ids):
            pass


def main() -> None:
    """Warm up with a show, have the server count from 0, and measure."""
    client, address, first, shows, database = sys.argv[1:]
    store, ids = Store(database), range(int(first), int(first) + int(shows))
    run(client, address, range(1, 2), store)
    urlopen(f"{address}/__reset").read()  # noqa: S310 - our own server
    spent, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    run(client, address, ids, store)
    took, used = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    processor = used.ru_utime + used.ru_stime - spent.ru_utime - spent.ru_stime
    print(json.dumps({"seconds": took, "processor": processor, "peak_kib": used.ru_maxrss}))


if __name__ == "__main__":
    main()

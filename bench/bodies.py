"""Twenty shows to serve, from 1 to 23 seasons: recorded ones where there are enough, else invented ones."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from bench.printing import note
from bench.workspace import Workspace

SEASONS = (1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5, 6, 6, 7, 8, 9, 9, 17, 23)
"""Of the shows of the mix; with one request for the details and one for each season, 7.05 a show."""

BYTES_A_SEASON = 34_000
EPISODES = 10
_WORDS = "harbour lantern orchard quarry signal timber velvet window yonder amber copper drift ember".split()  # noqa: SIM905


def the_mix(workspace: Workspace) -> tuple[Path, list[int]]:
    """Return a folder to serve, and the ids of the shows of the mix in it."""
    whole = _whole_shows(workspace.bodies)
    if mix := _pick(whole):
        note("bodies: recorded, read in place")
        return workspace.bodies, mix
    folder = workspace.folder / "bodies"
    for number, seasons in enumerate(SEASONS):
        _invent(folder, number + 1, seasons)
    note("bodies: invented, of the size of real ones; give recorded ones with --bodies")
    return folder, list(range(1, len(SEASONS) + 1))


def _whole_shows(folder: Path) -> dict[int, list[tuple[int, int]]]:
    """Return size and id of the shows whose seasons are all there, by their number of seasons."""
    whole = defaultdict(list)
    for file in folder.glob("tv/*.json"):
        listed = json.loads(file.read_bytes()).get("seasons", []) if file.stem.isdecimal() else []
        bodies = [folder / "tv" / file.stem / f"season_{season['season_number']}.json" for season in listed]
        if bodies and all(body.exists() for body in bodies):
            whole[len(bodies)].append((sum(body.stat().st_size for body in bodies), int(file.stem)))
    return {count: sorted(shows) for count, shows in whole.items()}


def _pick(whole: dict[int, list[tuple[int, int]]]) -> list[int]:
    """Return shows of each number of seasons, of the usual size; none where there are not enough."""
    mix = []
    for count in SEASONS:
        if not whole.get(count):
            return []
        nearest = min(whole[count], key=lambda show: abs(show[0] - count * BYTES_A_SEASON))
        whole[count].remove(nearest)
        mix.append(nearest[1])
    return mix


def _invent(folder: Path, tmdb_id: int, seasons: int) -> None:
    chance = random.Random(tmdb_id)
    listed = []
    for number in range(1, seasons + 1):
        summary = {
            "id": tmdb_id * 100 + number,
            "season_number": number,
            "name": f"Season {number}",
            "air_date": f"{1995 + number}-03-01",
            "episode_count": EPISODES,
            "overview": _text(chance, 30),
        }
        listed.append(summary)
        episodes = [_episode(chance, tmdb_id, number, episode) for episode in range(1, EPISODES + 1)]
        _write(folder / "tv" / str(tmdb_id) / f"season_{number}.json", {**summary, "episodes": episodes})
    show = {
        "id": tmdb_id,
        "name": _text(chance, 2),
        "status": "Ended",
        "overview": _text(chance, 60),
        "seasons": listed,
        "first_air_date": "1996-03-01",
        "genres": [],
        "networks": [],
    }
    _write(folder / "tv" / f"{tmdb_id}.json", show)


def _episode(chance: random.Random, tmdb_id: int, season: int, number: int) -> dict[str, Any]:
    return {
        "id": tmdb_id * 100_000 + season * 100 + number,
        "episode_number": number,
        "season_number": season,
        "show_id": tmdb_id,
        "name": _text(chance, 3),
        "overview": _text(chance, 40),
        "air_date": f"{1995 + season}-03-{number:02d}",
        "runtime": 45,
        "episode_type": "standard",
        "crew": [_person(chance, "job", "Director") for _ in range(3)],
        "guest_stars": [_person(chance, "character", _text(chance, 2)) for _ in range(8)],
    }


def _person(chance: random.Random, key: str, value: str) -> dict[str, Any]:
    name = _text(chance, 2)
    return {
        key: value,
        "id": chance.randrange(4_000_000),
        "name": name,
        "original_name": name,
        "credit_id": f"{chance.getrandbits(96):024x}",
        "known_for_department": "Acting",
        "profile_path": f"/{chance.getrandbits(128):027x}.jpg",
        "popularity": round(chance.random() * 9, 4),
    }


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choice(_WORDS) for _ in range(words)).capitalize()


def _write(path: Path, body: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(body), encoding="utf-8")

"""Reads names with another parser, in an environment of that parser's own: JSON in, JSON out."""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

NOTHING: dict[str, Any] = {"seasons": [], "episodes": [], "absolute": [], "date": None, "title": ""}


class Peer:
    """One parser; what it says in the terms of the benchmark.

    Args:
        name: ``guessit`` or ``parsett``.
    """

    def __init__(self, name: str) -> None:
        self._is_guessit = name == "guessit"
        module = importlib.import_module("guessit" if self._is_guessit else "PTT")
        self._parse = module.guessit if self._is_guessit else module.parse_title

    def read(self, name: str) -> dict[str, Any]:
        """Read one name; an error counts as nothing found."""
        try:
            found = self._parse(name, {"type": "episode"}) if self._is_guessit else self._parse(name)
        except Exception:  # noqa: BLE001 - whatever a peer raises, it has not read the name
            return NOTHING
        day = found.get("date")
        return {
            "seasons": _numbers(found.get("season" if self._is_guessit else "seasons")),
            "episodes": _numbers(found.get("episode" if self._is_guessit else "episodes")),
            "absolute": _numbers(found.get("absolute_episode")),
            "date": str(day)[:10] if day else None,
            "title": str(found.get("title", "")),
        }


def _numbers(value: Any) -> list[int]:
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [int(number) for number in values if str(number).isdecimal()]


def main() -> None:
    """Read the names on stdin, and time those that are to be timed."""
    peer, work = Peer(sys.argv[1]), json.load(sys.stdin)
    answers = [peer.read(name) for name in work["names"]]
    start = time.perf_counter()
    for name in work["timed"]:
        peer.read(name)
    taken = (time.perf_counter() - start) / max(1, len(work["timed"])) * 1e6
    json.dump({"answers": answers, "microseconds": taken}, sys.stdout)


if __name__ == "__main__":
    main()

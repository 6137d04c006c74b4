"""Names of files with what other programs' own tests expect of them; read in place, never copied.

Their conventions differ from Alfred's: a name with nothing but an absolute number is, here, an absolute number;
others call it an episode, or season 0.
"""

from __future__ import annotations

import ast
import csv
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared"
CORPORA = ("sonarr", "medusa", "jellyfin", "guessit", "own")
_FILES = {name: SHARED / "names" / f"{name}_cases.tsv" for name in CORPORA} | {
    "own": SHARED / "perf" / "name_corpus.py"
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a parser made of one name, in the terms that all corpora can be compared in."""

    seasons: tuple[int, ...] = ()
    episodes: tuple[int, ...] = ()
    absolute: tuple[int, ...] = ()
    air_date: date | None = None
    title: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found, a title apart."""
        return not (self.seasons or self.episodes or self.absolute or self.air_date)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Episodes, or absolute numbers where there are no others."""
        return self.episodes or self.absolute


@dataclass(frozen=True, slots=True)
class Case:
    """Names that all mean the same, and what an answer must be to be right."""

    names: tuple[str, ...]
    is_right: Callable[[Answer], bool]
    expected: str
    parent: str | None = None


def is_present(corpus: str) -> bool:
    """Say whether a corpus is there to be read."""
    return _FILES[corpus].is_file()


def cases(corpus: str) -> list[Case]:
    """Return the cases of a corpus that assert anything about numbers or dates."""
    make = {"sonarr": _sonarr, "medusa": _like_guessit, "guessit": _like_guessit, "jellyfin": _jellyfin}
    if corpus == "own":
        return list(_own())
    return [case for row in _rows(corpus) if (case := make[corpus](row))]


def wrong_of(all_cases: Sequence[Case], parse: Callable[[str], Answer]) -> list[Case]:
    """Return the cases that a parser gets wrong."""
    return [case for case in all_cases if not all(case.is_right(parse(name)) for name in case.names)]


def _rows(corpus: str) -> list[dict[str, str]]:
    with _FILES[corpus].open(encoding="utf-8", newline="\n") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _numbers(cell: str) -> tuple[int, ...]:
    return () if cell in ("", "[]", "null") else tuple(int(part) for part in cell.split(","))


def _text(cell: str) -> str:
    return cell.replace("\\t", "\t").replace("\\n", "\n")


def _shown(row: dict[str, str], *columns: str) -> str:
    return " ".join(f"{column}={row[column]}" for column in columns if row[column])


def _sonarr(row: dict[str, str]) -> Case | None:
    if row["active"] == "0" or row["check"] not in ("parse", "parse_path", "reject"):
        return None
    names = (_text(row["raw"]),)
    if row["check"] == "reject":
        return Case(names, lambda answer: answer.is_empty, "nothing")
    tests: list[Callable[[Answer], bool]] = []
    season, episodes, absolute = row["season"], row["episodes"], row["absolute"]
    if _numbers(absolute) and not _numbers(episodes) and season in ("", "0"):
        tests.append(lambda answer: answer.absolute == _numbers(absolute))
    elif season == "0" and episodes == absolute == "[]":  # a special without any number
        tests.append(lambda answer: not answer.numbers)
    else:
        if season and not row["air_date"]:
            tests.append(lambda answer: answer.seasons[:1] == (int(season),))
        if episodes:
            tests.append(lambda answer: answer.episodes == _numbers(episodes))
        if absolute:
            tests.append(lambda answer: answer.absolute == _numbers(absolute))
    if row["air_date"]:
        tests.append(lambda answer: answer.air_date == date.fromisoformat(row["air_date"]))
    shown = _shown(row, "season", "episodes", "absolute", "air_date")
    return Case(names, lambda answer: all(test(answer) for test in tests), shown) if tests else None


def _like_guessit(row: dict[str, str]) -> Case | None:
    options = row["options"]
    if options and "show_type" not in options:
        return None
    raw = _text(row["raw"])
    names = tuple(ast.literal_eval(raw)) if raw.startswith("['") else (raw,)
    tests: list[Callable[[Answer], bool]] = []
    if row["season"]:
        tests.append(lambda answer: answer.seasons == _numbers(row["season"]))
    if row["episode"]:
        tests.append(lambda answer: answer.numbers == _numbers(row["episode"]))
    if row["absolute_episode"]:
        tests.append(lambda answer: answer.absolute == _numbers(row["absolute_episode"]))
    if row["date"]:
        tests.append(lambda answer: answer.air_date == date.fromisoformat(row["date"]))
    if not tests:
        return None
    shown = _shown(row, "season", "episode", "absolute_episode", "date")
    if row["negated"] == "1":  # something must differ, and it may be the title
        tests.append(lambda answer: answer.title == row["title"] or not row["title"])
        return Case(names, lambda answer: not all(test(answer) for test in tests), f"not {shown}")
    return Case(names, lambda answer: all(test(answer) for test in tests), shown)


def _jellyfin(row: dict[str, str]) -> Case | None:
    if row["active"] == "0":
        return None
    tests: list[Callable[[Answer], bool]] = []
    if row["season"]:
        tests.append(lambda answer: answer.seasons == _numbers(row["season"]))
    if row["episode"]:
        tests.append(lambda answer: answer.numbers[:1] == _numbers(row["episode"]))
    if row["ending_episode"] == "null":
        tests.append(lambda answer: len(answer.numbers) <= 1)
    elif row["ending_episode"]:
        tests.append(lambda answer: answer.numbers[-1:] == _numbers(row["ending_episode"]))
    if row["air_date"]:
        tests.append(lambda answer: answer.air_date == date.fromisoformat(row["air_date"]))
    if not tests:
        return None
    shown = _shown(row, "season", "episode", "ending_episode", "air_date")
    return Case((_text(row["path"]),), lambda answer: all(test(answer) for test in tests), shown)


def _own() -> Iterator[Case]:
    spec = importlib.util.spec_from_file_location("name_corpus", _FILES["own"])
    if spec is None or spec.loader is None:
        return
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for _, path, kind, season, episodes, day in module.rows():
        expected = Answer(
            seasons=(season,) if kind == "se" else (),
            episodes=tuple(episodes) if kind == "se" else (),
            absolute=tuple(episodes) if kind == "abs" else (),
            air_date=date.fromisoformat(day) if day else None,
        )
        yield Case((path,), _matches(kind, expected), str(expected))


def _matches(kind: str, expected: Answer) -> Callable[[Answer], bool]:
    if kind == "none":
        return lambda answer: answer.is_empty
    if kind == "se":
        return lambda answer: (answer.seasons, answer.episodes) == (expected.seasons, expected.episodes)
    if kind == "abs":
        return lambda answer: answer.absolute == expected.absolute and not answer.seasons
    return lambda answer: answer.air_date == expected.air_date

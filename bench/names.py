"""Reading the names of files: right per corpus, microseconds a name; beside guessit and parsett in one run."""

from __future__ import annotations

import json
import subprocess
import venv
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from alfred.composition import episode_name_reader
from alfred.domain.library.certainty import is_worth_asking
from alfred.domain.library.episode_names import read_episode_name
from alfred.domain.library.name_titles import read_title
from bench.measuring import number, seconds, take_turns
from bench.printing import note, table, verdict, verdict_at_least
from bench.workspace import Workspace
from tests.name_corpora import CORPORA, Answer, Case, cases, is_present, wrong_of

GOALS = {"sonarr": 96.0, "medusa": 97.0, "jellyfin": 93.0, "guessit": 97.0, "own": 99.0}
PEERS = {"guessit": "guessit==4.4.0", "parsett": "parsett==1.8.5"}
MICROSECONDS_AT_MOST = 15.0
ASKED_AT_MOST = 3.0
_PERCENT = 100.0
_MILLION = 1e6

_WORKER = Path(__file__).with_name("names_worker.py")


def run(workspace: Workspace) -> None:
    corpora = {corpus: cases(corpus) for corpus in CORPORA if is_present(corpus)}
    for corpus in CORPORA:
        if corpus not in corpora:
            note(f"the {corpus} names are not here: left out")
    if not corpora:
        return
    answers = {"alfred": _own_answers(corpora)}
    speeds = {"alfred": 0.0}
    for peer in PEERS:
        done = _ask_peer(workspace, peer, corpora)
        if done is not None:
            answers[peer], speeds[peer] = done
    rows = []
    for corpus, every in corpora.items():
        shares = {name: _share(every, known) for name, known in answers.items()}
        goal = verdict_at_least(shares["alfred"], GOALS[corpus])
        rows.append((corpus, str(len(every)), *(f"{share:.1f} %" for share in shares.values()), goal))
    table(("names read right", "cases", *answers, "goal"), rows)
    if "own" in corpora:
        _print_speed(workspace, corpora["own"], speeds)


def _print_speed(workspace: Workspace, ordinary: Sequence[Case], speeds: dict[str, float]) -> None:
    names = [name for case in ordinary for name in case.names]

    def read_all() -> None:
        for name in names:
            read_episode_name(name)

    samples = take_turns(
        {"alfred": lambda: seconds(read_all) / len(names) * _MILLION}, rounds=workspace.size(15, 3), warm_ups=2
    )
    speeds["alfred"] = samples["alfred"].median
    asked = sum(is_worth_asking(name, read_episode_name(name)) for name in names) / len(names) * _PERCENT
    rows = [
        (name, number(taken), f"{taken / speeds['alfred']:,.0f}x", "" if name != "alfred" else _met(taken))
        for name, taken in speeds.items()
    ]
    table(("ordinary names", "us a name", "of alfred", "goal"), rows)
    note(f"guessit is asked for {asked:.1f} % of them, {verdict(asked, ASKED_AT_MOST)}")


def _met(taken: float) -> str:
    return verdict(taken, MICROSECONDS_AT_MOST)


def _own_answers(corpora: Mapping[str, Sequence[Case]]) -> dict[str, Answer]:
    read = episode_name_reader()
    known = {}
    for name in _names(corpora):
        reading = read(name)
        seasons = reading.seasons or (() if reading.season is None else (reading.season,))
        known[name] = Answer(seasons, reading.episodes, reading.absolute, reading.air_date, read_title(name).title)
    return known


def _names(corpora: Mapping[str, Sequence[Case]]) -> list[str]:
    return list(dict.fromkeys(name for every in corpora.values() for case in every for name in case.names))


def _share(every: Sequence[Case], known: Mapping[str, Answer]) -> float:
    return _PERCENT * (1 - len(wrong_of(every, known.__getitem__)) / len(every))


def _ask_peer(
    workspace: Workspace, peer: str, corpora: Mapping[str, Sequence[Case]]
) -> tuple[dict[str, Answer], float] | None:
    """Let another parser read the same names, in an environment of its own that goes with the benchmark."""
    folder = workspace.folder / f"peer-{peer}"
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PEERS[peer]]
    if subprocess.run(install, capture_output=True, check=False).returncode:
        note(f"{peer} cannot be installed here: left out")
        return None
    names = _names(corpora)
    timed = [name for case in corpora.get("own", ()) for name in case.names]
    done = subprocess.run(
        [str(python), str(_WORKER), peer],
        input=json.dumps({"names": names, "timed": timed[:: workspace.size(1, 10)]}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        note(f"{peer} failed: {done.stderr.strip().splitlines()[-1]}")
        return None
    answer = json.loads(done.stdout)
    return {name: _answer(raw) for name, raw in zip(names, answer["answers"], strict=True)}, answer["microseconds"]


def _answer(raw: Mapping[str, Any]) -> Answer:
    """Take what a peer said; an episode without a season counts as an absolute number, as it does here."""
    seasons, episodes, absolute = (tuple(raw[key]) for key in ("seasons", "episodes", "absolute"))
    if episodes and not absolute and not seasons:
        episodes, absolute = (), episodes
    day = date.fromisoformat(raw["date"]) if raw["date"] else None
    return Answer(seasons, episodes, absolute, day, raw["title"])

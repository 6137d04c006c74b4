"""Machines with invented libraries on them, and the stand-in for TMDB that they ask."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alfred.demo.shows import FOLDERS, LIGHTHOUSE, TRAIN, write_library, write_provider_folder
from alfred.demo.stand_in import StandIn
from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from tests.e2e.machine import TOKEN, Machine


@pytest.fixture(scope="session", autouse=True)
def _interrupts_arrive() -> None:
    """A shell that runs tests in the background makes programs deaf to Ctrl-C; these must hear it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def provider_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the stand-in serves; not to be written to."""
    folder = tmp_path_factory.mktemp("provider")
    write_provider_folder(folder, datetime.now(UTC).date())
    return folder


@pytest.fixture
def tmdb(provider_folder: Path) -> Iterator[StandIn]:
    with StandIn(provider_folder, tokens=[TOKEN]) as server:
        yield server


@pytest.fixture(scope="session")
def adopted_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library after its first rescan; one of its shows has tags and a note."""
    machine = Machine(tmp_path_factory.mktemp("adopted"))
    write_library(machine.root)
    machine.alfred("init", str(machine.root)).done()
    machine.alfred("rescan").done()
    sidecar = machine.sidecar_in(FOLDERS[LIGHTHOUSE])
    body = json.loads(sidecar.read_bytes())
    body["user"] = {"tags": ["comfort", "sea"], "note": "with the kids"}
    sidecar.write_text(json.dumps(body, ensure_ascii=False), encoding="utf-8")
    machine.alfred("rescan").done()
    return machine.folder


@pytest.fixture(scope="session")
def synced_template(
    adopted_template: Path, provider_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same library after all its shows were synced."""
    folder = tmp_path_factory.mktemp("synced")
    shutil.copytree(adopted_template, folder, dirs_exist_ok=True)
    ids = [str(tmdb_id) for tmdb_id in FOLDERS if tmdb_id != TRAIN]
    with StandIn(provider_folder, tokens=[TOKEN]) as server:
        Machine(folder, server.url).alfred("sync", *ids).done()
    return folder


@pytest.fixture
def machine(tmp_path: Path, tmdb: StandIn) -> Iterator[Machine]:
    """A machine with an empty folder for a library."""
    machine = Machine(tmp_path, tmdb.url)
    machine.root.mkdir()
    yield machine
    _nothing_holds_the_token(tmp_path)


@pytest.fixture
def adopted(machine: Machine, adopted_template: Path) -> Machine:
    """A machine whose library was rescanned, and never synced."""
    return _furnished(machine, adopted_template)


@pytest.fixture
def synced(machine: Machine, synced_template: Path) -> Machine:
    """A machine whose library was rescanned and synced."""
    return _furnished(machine, synced_template)


def _furnished(machine: Machine, template: Path) -> Machine:
    shutil.copytree(template, machine.folder, dirs_exist_ok=True)
    DotAlfredTVShowLibraryIndex(machine.root).close()  # it notes that its library is at another place now
    return machine


def _nothing_holds_the_token(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "settings.toml":
            assert TOKEN.encode() not in path.read_bytes(), path

"""What a command imports, since imports are most of what a query takes; nothing here depends on a clock."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from alfred.infrastructure.persistence.marker import create_marker
from tests.builders import FOLDER, a_file, a_release, a_show

SHOW = "501"

RUN_AND_TELL = """
import os, sys
before = set(sys.modules)
from alfred.__main__ import main
sys.argv[0] = "alfred"
try:
    main()
except SystemExit as end:
    status = end.code
with open(os.environ["TELL_MODULES"], "w") as file:
    file.write("\\n".join(sorted(set(sys.modules) - before)))
sys.exit(status)
"""
"""Runs Alfred and writes what it imported on top of a bare Python into a file, since stdout is Alfred's."""

SLOW = frozenset({"pydantic", "pydantic_core", "requests", "urllib3", "tenacity", "charset_normalizer"})
FOR_PEOPLE_ON_A_TERMINAL = frozenset({"rich", "pygments", "markdown_it"})
FOR_A_LIBRARY = frozenset({"sqlite3", "platformdirs"})
NEVER_NEEDED = frozenset(
    {"asyncio", "multiprocessing", "unittest", "xml", "http", "email", "ssl", "importlib.metadata"}
)

QUERIES = (("show", SHOW), ("show", SHOW, "--json"), ("list",), ("wanted",), ("explain", SHOW))

MODULES_AT_MOST = {"--version": 115, "--help": 125, "show": 180, "list": 180, "wanted": 180, "explain": 190}
"""A little above what is imported today. Raise a ceiling only for something that the command really needs."""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    root = tmp_path / "TV"
    root.mkdir()
    create_marker(root, now=datetime.now(UTC))
    with DotAlfredTVShowLibraryIndex(root) as index:
        index.upsert(a_show(), a_release(a_file()), path=FOLDER, fetched_at=datetime.now(UTC))
    return root


def modules_of(root: Path, *arguments: str, terminal: bool = False) -> set[str]:
    """Run a command in a process of its own and return the modules that it imported."""
    told = root.parent / "modules.txt"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ALFRED_", "COV"))}
    environment |= {
        "ALFRED_LIBRARY": str(root),
        "ALFRED_STATE_DIR": str(root.parent / "state"),
        "XDG_CONFIG_HOME": str(root.parent / "config"),
        "TELL_MODULES": str(told),
        "TERM": "xterm",
    }
    command = [sys.executable, "-c", RUN_AND_TELL, *arguments]
    run = run_on_terminal if terminal else run_on_pipe
    run(command, environment)
    return set(told.read_text().splitlines())


def run_on_pipe(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def run_on_terminal(command: list[str], environment: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
            os.close(theirs)
            drain(ours)
            assert process.wait(timeout=60) == 0
    finally:
        os.close(ours)


def drain(terminal: int) -> None:
    """Read until the other side has closed, which Linux tells with an error."""
    try:
        while os.read(terminal, 65536):
            pass
    except OSError:
        return


def found(packages: Iterable[str], modules: set[str]) -> list[str]:
    """Return which packages are among the modules."""
    return sorted(
        package
        for package in packages
        if any(module == package or module.startswith(f"{package}.") for module in modules)
    )


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_import_no_library_at_all(library: Path, option: str) -> None:
    modules = modules_of(library, option)

    assert found(SLOW | FOR_PEOPLE_ON_A_TERMINAL | FOR_A_LIBRARY | NEVER_NEEDED, modules) == []


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_do_not_even_import_what_opens_a_library(library: Path, option: str) -> None:
    modules = modules_of(library, option)

    assert found(["alfred.composition", "alfred.infrastructure", "alfred.demo"], modules) == []


@pytest.mark.parametrize("arguments", QUERIES, ids=" ".join)
def test_a_query_imports_nothing_that_is_slow(library: Path, arguments: tuple[str, ...]) -> None:
    modules = modules_of(library, *arguments)

    assert found(SLOW | FOR_PEOPLE_ON_A_TERMINAL | NEVER_NEEDED, modules) == []
    assert found(["sqlite3"], modules) == ["sqlite3"], "the query did not look into the index: what was measured?"


@pytest.mark.parametrize("arguments", QUERIES, ids=" ".join)
def test_a_query_imports_no_other_command(library: Path, arguments: tuple[str, ...]) -> None:
    modules = modules_of(library, *arguments)

    commands = {module for module in modules if module.startswith("alfred.cli.commands.")}
    assert commands == {f"alfred.cli.commands.{arguments[0]}_command"}


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), *QUERIES], ids=" ".join)
def test_a_command_stays_below_its_number_of_modules(library: Path, arguments: tuple[str, ...]) -> None:
    modules = modules_of(library, *arguments)

    assert len(modules) <= MODULES_AT_MOST[arguments[0]], sorted(modules)


def test_a_query_draws_with_rich_on_a_terminal_alone(library: Path) -> None:
    on_pipe, on_terminal = modules_of(library, "list"), modules_of(library, "list", terminal=True)

    assert found(["rich"], on_pipe) == []
    assert found(["rich"], on_terminal) == ["rich"]
    assert found(SLOW, on_terminal) == []


def test_only_a_rescan_that_finds_changes_imports_what_sidecars_are_written_with(library: Path) -> None:
    video = library / FOLDER / "Season 01" / "S01E01.mkv"
    video.parent.mkdir(parents=True)
    video.write_bytes(b"")

    first, second = modules_of(library, "rescan"), modules_of(library, "rescan")

    assert "pydantic" in found(SLOW, first), "the tests above look for names that are never there"
    assert found(SLOW, second) == []

"""A person's machine: Alfred as real processes, with a home, settings and state of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alfred.domain.library.entry import EntryState, derive_state
from alfred.infrastructure.persistence.dot_alfred.v2.index import DotAlfredTVShowLibraryIndex
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry
from alfred.infrastructure.persistence.sqlite.database import Database

TOKEN = "a-token-that-nobody-may-see"  # noqa: S105  (it opens nothing but the stand-in)
LONGEST_RUN_SECONDS = 60.0

Json = dict[str, Any]
Tree = dict[str, tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run of Alfred."""

    arguments: tuple[str, ...]
    exit_code: int
    stdout_bytes: bytes
    stderr_bytes: bytes

    @property
    def stdout(self) -> str:
        return self.stdout_bytes.decode()

    @property
    def stderr(self) -> str:
        return self.stderr_bytes.decode()

    @property
    def complaints(self) -> list[str]:
        """The lines on stderr."""
        return self.stderr.splitlines()

    @property
    def json(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.stdout)

    def done(self) -> Run:
        """Insist on exit code 0."""
        return self.ended(0)

    def ended(self, exit_code: int) -> Run:
        """Insist on an exit code."""
        assert self.exit_code == exit_code, self
        return self


@dataclass(slots=True)
class Machine:
    """Where Alfred runs.

    Attributes:
        folder: everything of this machine is in it.
        provider_url: where TMDB is.
        token: None runs without one.
        variables: further environment of every run.
        prefix: a command that runs Alfred, for rights and mounts other than our own.
        root: the library; by default ``TV`` in the folder.
    """

    folder: Path
    provider_url: str = "http://127.0.0.1:9/3"
    token: str | None = TOKEN
    variables: dict[str, str] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    root: Path = Path()

    def __post_init__(self) -> None:
        if self.root == Path():
            self.root = self.folder / "TV"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def settings_file(self) -> Path:
        return self.folder / "config" / "alfred" / "settings.toml"

    @property
    def index(self) -> Path:
        return self.root / ".alfred" / "index.sqlite3"

    @property
    def marker(self) -> Path:
        return self.root / ".alfred" / "library.json"

    def sidecar_in(self, folder: str) -> Path:
        return self.root / folder / ".alfred" / "release.json"

    def write_settings(self, text: str) -> None:
        self.settings_file.parent.mkdir(parents=True, exist_ok=True)
        self.settings_file.write_text(text, encoding="utf-8")

    def environment(self, changes: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the variables of a run; nothing of Alfred's or of proxies comes in from outside."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ALFRED_", "XDG_", "COV_")) and not name.lower().endswith("_proxy")
        }
        own = {
            "HOME": str(self.folder / "home"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_STATE_HOME": str(self.folder / "xdg-state"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "TMPDIR": str(self.folder / "tmp"),
            "ALFRED_STATE_DIR": str(self.state),
            "ALFRED_TMDB_BASE_URL": self.provider_url,
            "NO_PROXY": "*",
            "no_proxy": "*",
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTHONWARNINGS": "error",
        }
        if self.token is not None:
            own["ALFRED_TMDB_TOKEN"] = self.token
        return inherited | own | self.variables | dict(changes or {})

    def start(
        self,
        *arguments: str | bytes,
        library: Path | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> subprocess.Popen[bytes]:
        """Start Alfred on this machine's library, or on another.

        Args:
            cwd: where it is started; it has to find the library by itself there.
            prefix: another one than the machine's own.
        """
        for part in ("home", "tmp"):
            (self.folder / part).mkdir(exist_ok=True)
        usual = self.variables.get("ALFRED_LIBRARY", str(self.root))
        own = {"ALFRED_LIBRARY": str(library or usual)} if cwd is None else {}
        return subprocess.Popen(
            [*(prefix or self.prefix), sys.executable, "-m", "alfred", *arguments],
            env=self.environment(own | dict(env or {})),
            cwd=cwd or self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def alfred(
        self,
        *arguments: str | bytes,
        library: Path | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> Run:
        """Run Alfred to its end; whatever it says, it never shows a traceback or the token."""
        return self.finish(self.start(*arguments, library=library, cwd=cwd, env=env, prefix=prefix))

    def together(self, *commands: Sequence[str]) -> list[Run]:
        """Run several Alfreds at the same time."""
        started = [self.start(*command) for command in commands]
        return [self.finish(process) for process in started]

    def finish(self, process: subprocess.Popen[bytes]) -> Run:
        """Wait for a process that was started, and return what came of it."""
        try:
            stdout, stderr = process.communicate(timeout=LONGEST_RUN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        words = tuple(os.fsdecode(word) for word in _words(process))
        run = Run(words, process.returncode, stdout, stderr)
        assert b"Traceback" not in stdout + stderr, run
        assert TOKEN.encode() not in stdout + stderr, run
        return run

    def entry(self, tmdb_id: int) -> ShowIndexEntry:
        """Return an entry without starting a process."""
        return self.entries()[tmdb_id]

    def entries(self) -> dict[int, ShowIndexEntry]:
        """Return all entries without starting a process."""
        with DotAlfredTVShowLibraryIndex(self.root) as index:
            return {entry.tmdb_id.value: entry for entry in index.entries()}

    def show(self, tmdb_id: int) -> Json:
        """Return an entry with its seasons, as ``alfred show`` gives it."""
        document: Json = self.alfred("show", str(tmdb_id), "--json").done().json
        return document

    def listed(self, *options: str) -> dict[int, Json]:
        """Return the entries that ``alfred list`` gives, by id."""
        document = self.alfred("list", "--json", *options).done().json
        return {entry["tmdb_id"]: entry for entry in document["shows"]}


def tree(folder: Path, *, without_index: bool = False) -> Tree:
    """Return every file below a folder with its time of change and its bytes."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not (without_index and path.name.startswith("index.sqlite3"))
    }


@contextmanager
def opened(index: Path) -> Iterator[Database]:
    """Open an index beside Alfred, to look at its rows."""
    database = Database(index)
    try:
        yield database
    finally:
        database.close()


def rows(index: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables of an index."""
    with opened(index) as database:
        names = [row[0] for row in database.all("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        return {name: sorted(database.all(f"SELECT * FROM {name}"), key=repr) for name in names}  # noqa: S608


def _words(process: subprocess.Popen[bytes]) -> Sequence[str | bytes]:
    assert isinstance(process.args, list)
    return [word for word in process.args if isinstance(word, str | bytes)]


def complaint_of(run: Run, exit_code: int) -> str:
    """Insist that a run was refused in the one way there is, and return what it said.

    One line on stderr; on stdout nothing, or with ``--json`` the error alone.
    """
    assert run.exit_code == exit_code, run
    assert len(run.complaints) == 1, run
    start, said = run.complaints[0][:8], run.complaints[0][8:]
    assert start == "alfred: ", run
    assert said == said.strip() != "", run
    if "--json" in run.arguments:
        assert list(run.json) == ["error"], run
        assert run.json["error"]["message"] == said
        assert run.json["error"]["code"].isidentifier()
    else:
        assert run.stdout == "", run
    return said


def state_of(entry: ShowIndexEntry) -> EntryState:
    """Return the state of an entry as of now, with the default TTL."""
    return derive_state(entry.standing, ttl_days=7, now=datetime.now(UTC))


OUTCOME_COLUMNS = frozenset(
    {"outcome", "error_class", "status_message", "attempts", "retry_after", "not_found_count", "not_found_since"}
)


@dataclass(frozen=True)
class Knowledge:
    """All that Alfred knows of a library: facts, files, tags, sidecars, history; not how the last syncs ended.

    Attributes:
        events: the history.
    """

    tables: dict[str, list[tuple[Any, ...]]]
    files: Tree
    events: list[tuple[Any, ...]]

    @classmethod
    def of(cls, machine: Machine) -> Knowledge:
        tables = rows(machine.index)
        with opened(machine.index) as database:
            columns = [row[1] for row in database.all("PRAGMA table_info(entry)")]
        kept = [at for at, name in enumerate(columns) if name not in OUTCOME_COLUMNS]
        tables["entry"] = [tuple(row[at] for at in kept) for row in tables["entry"]]
        events = tables.pop("event")
        return cls(tables, tree(machine.root, without_index=True), events)

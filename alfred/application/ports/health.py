"""What a doctor is told of a library: plain facts, gathered by instruments that write nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from alfred.application.exceptions import AlfredError, IndexCorrupt, LibraryUnavailable
from alfred.domain.shared.value_objects import TmdbId


@dataclass(frozen=True, slots=True)
class SettingsFacts:
    """How reading the settings went.

    Attributes:
        file: where they would be, whether or not there is such a file.
        problems: one line for each that is wrong; such a setting is left at its default.
    """

    file: str
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpaceFacts:
    """How full a disk is.

    Attributes:
        path: a folder on it that Alfred writes to.
        free: bytes left for this user.
        total: bytes.
    """

    path: str
    free: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RootFacts:
    """The library root and its marker.

    Attributes:
        path: None where nobody said which library is meant.
        error: why the library cannot be used; None where it can.
        library_id, created: as the marker has them; created should be ISO 8601.
        is_writable: whether Alfred's own folder in it is.
    """

    path: str | None
    error: LibraryUnavailable | None = None
    library_id: str = ""
    created: str = ""
    is_writable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDirFacts:
    """The folder of this machine's own state.

    Attributes:
        problem: why nothing can be written to it; None where it can be.
    """

    path: str
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFacts:
    """The index file, looked at without changing it.

    Attributes:
        is_there: whether there is such a file.
        error: why it could not be read at all.
        schema: the version in the file; 0 for an empty database.
        newest_schema: the version that this Alfred writes.
        faults: what SQLite finds wrong in the file.
        dangling: table -> rows in it that point to nothing.
        file_system: of the folder it is in, as the mount table names it; None where that is not known.
        journal_mode: as the file has it.
        wanted_journal_mode: as the file system wants it.
        knows_library: whether the library of the marker is in it.
        other_library: the id of another library that it knows at this root instead.
        fetched_in_future: shows whose facts are from a time to come.
        is_writable: whether file and folder are.
    """

    path: str
    is_there: bool = True
    error: AlfredError | None = None
    schema: int = 0
    newest_schema: int = 0
    faults: tuple[str, ...] = ()
    dangling: Mapping[str, int] = field(default_factory=dict)
    file_system: str | None = None
    journal_mode: str = ""
    wanted_journal_mode: str = ""
    knows_library: bool = True
    other_library: str | None = None
    fetched_in_future: tuple[TmdbId, ...] = ()
    is_writable: bool = True

    @property
    def must_be_made_anew(self) -> bool:
        """Whether it is damaged, empty, or not there at all."""
        return (
            isinstance(self.error, IndexCorrupt) or bool(self.faults) or (self.error is None and not self.schema)
        )


@dataclass(frozen=True, slots=True)
class LeftoverFacts:
    """Files that something left behind.

    Attributes:
        abandoned: our own half-written files, old enough that nobody writes them any more.
        kept_aside: damaged files and backups that were kept on purpose.
    """

    abandoned: tuple[str, ...] = ()
    kept_aside: tuple[str, ...] = ()


class TokenKind(StrEnum):
    """What a token looks like; only the provider knows whether it is one."""

    MISSING = "missing"
    V3 = "v3"
    V4 = "v4"
    UNUSUAL = "unusual"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """The provider's token.

    Attributes:
        was_probed: whether the provider was asked.
        error: why it gave no answer; None where it gave one.
    """

    kind: TokenKind
    was_probed: bool = False
    error: AlfredError | None = None

    @property
    def can_be_sent(self) -> bool:
        """Whether there is a token that a request can carry."""
        return self.kind not in (TokenKind.MISSING, TokenKind.UNUSABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthFacts:
    """All but the comparison of sidecars and index.

    Attributes:
        now: when they were gathered, as the clock has it.
    """

    now: datetime
    settings: SettingsFacts
    root: RootFacts
    state_dir: StateDirFacts
    token: TokenFacts
    spaces: tuple[SpaceFacts, ...] = ()
    index: IndexFacts | None = None
    leftovers: LeftoverFacts = LeftoverFacts()

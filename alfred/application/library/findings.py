"""What the facts of a library mean: each finding with its weight, a sentence, and the command that mends it."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from alfred.application.exceptions import IndexCorrupt, NotALibrary, ProviderError, RootOffline
from alfred.application.library.check import CheckReport
from alfred.application.ports.health import (
    HealthFacts,
    IndexFacts,
    LeftoverFacts,
    RootFacts,
    SettingsFacts,
    SpaceFacts,
    StateDirFacts,
    TokenFacts,
    TokenKind,
)
from alfred.domain.library.check import OF_PRESENCE, Difference, DifferenceKind

LEAST_FREE_BYTES = 1 << 30
LEAST_FREE_SHARE = 0.05
NAMED_AT_MOST = 3
REPAIR = "alfred doctor --repair"
RESCAN = "alfred rescan"
NEW_TOKEN = "export ALFRED_TMDB_TOKEN='<from https://www.themoviedb.org/settings/api>'"  # noqa: S105 - none in it


class Severity(StrEnum):
    """How much a finding weighs, the least first."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a doctor has to say.

    Attributes:
        check: what was looked at.
        code: the stable name of the finding.
        message: one sentence.
        remedy: what mends it, with the command that does; None where there is nothing to mend, or no command that
            can.
        is_fatal: the library cannot be used at all until it is mended.
    """

    check: str
    severity: Severity
    code: str
    message: str
    remedy: str | None = None
    is_fatal: bool = False


def interpret(facts: HealthFacts, comparison: CheckReport | None) -> tuple[Finding, ...]:
    """Say what the facts mean.

    Args:
        facts: all that could be gathered.
        comparison: sidecars against index; None where they could not be compared.
    """
    findings = [*on_settings(facts.settings), *on_root(facts.root)]
    for space in facts.spaces:
        findings += on_space(space)
    findings += on_state_dir(facts.state_dir)
    if facts.index is not None:
        findings += on_index(facts.index)
        findings += on_comparison(comparison)
        findings += on_leftovers(facts.leftovers)
    return (*findings, *on_token(facts.token), *on_clock(facts))


def on_settings(facts: SettingsFacts) -> Iterator[Finding]:
    """Judge the settings."""
    for problem in facts.problems:
        yield Finding("settings", Severity.ERROR, "settings_wrong", problem)
    if not facts.problems:
        yield Finding("settings", Severity.OK, "settings_ok", f"all settings can be used ({facts.file})")


def on_root(facts: RootFacts) -> Iterator[Finding]:
    """Judge root and marker."""
    if facts.error is not None:
        check = "root" if isinstance(facts.error, NotALibrary | RootOffline) else "marker"
        path = facts.path if isinstance(facts.error, NotALibrary) else None
        remedy = f"mount its disk; only for a new library: alfred init {shlex.quote(path)}" if path else None
        yield Finding(check, Severity.ERROR, facts.error.code, str(facts.error), remedy, is_fatal=True)
        return
    if facts.is_writable:
        yield Finding("root", Severity.OK, "root_ok", f"{facts.path} is there and can be written to")
    else:
        message = f"{facts.path} cannot be written to: sidecars go to this machine's state folder"
        yield Finding("root", Severity.WARNING, "root_read_only", message)
    yield Finding("marker", Severity.OK, "marker_ok", f"the marker names library {facts.library_id}")


def on_space(facts: SpaceFacts) -> Iterator[Finding]:
    """Judge how full a disk is."""
    left = f"{facts.path} has {_gib(facts.free)} left of {_gib(facts.total)}"
    if facts.free < LEAST_FREE_BYTES or facts.free < facts.total * LEAST_FREE_SHARE:
        yield Finding("space", Severity.WARNING, "space_low", f"{left}: free some")
    else:
        yield Finding("space", Severity.OK, "space_ok", left)


def on_state_dir(facts: StateDirFacts) -> Iterator[Finding]:
    """Judge the folder of this machine's state."""
    if facts.problem is None:
        yield Finding("state_dir", Severity.OK, "state_dir_ok", f"{facts.path} can be written to")
    else:
        message = f"{facts.path} cannot be used ({facts.problem}): mend it, or set ALFRED_STATE_DIR"
        yield Finding("state_dir", Severity.WARNING, "state_dir_unusable", message)


def on_index(facts: IndexFacts) -> Iterator[Finding]:
    """Judge the index file."""
    trouble = _index_trouble(facts)
    if trouble is not None:
        yield trouble
        return
    yield from _on_content(facts)
    if facts.journal_mode != facts.wanted_journal_mode:
        message = (
            f"the index is in journal mode {facts.journal_mode}, and {_place(facts)} needs "
            f"{facts.wanted_journal_mode}"
        )
        yield Finding("index", Severity.WARNING, "journal_mode", message, REPAIR)
    else:
        message = f"the index is on {_place(facts)}, in journal mode {facts.journal_mode}"
        yield Finding("index", Severity.OK, "journal_mode_ok", message)
    if not facts.is_writable:
        message = f"the index {facts.path} cannot be written to: make it writable, or set ALFRED_INDEX_URL"
        yield Finding("index", Severity.WARNING, "index_read_only", message)


def _index_trouble(facts: IndexFacts) -> Finding | None:
    """Return what makes all else that is known of the index worthless."""
    if not facts.is_there:
        message = f"there is no index {facts.path}: it is made anew from the sidecars"
        return Finding("index", Severity.WARNING, "index_missing", message, REPAIR)
    if isinstance(facts.error, IndexCorrupt):
        return Finding("index", Severity.ERROR, "index_damaged", str(facts.error), REPAIR)
    if facts.error is not None:
        return Finding("index", Severity.ERROR, facts.error.code, str(facts.error), is_fatal=True)
    if facts.schema == 0:
        message = f"the index {facts.path} is empty: it is made anew from the sidecars"
        return Finding("index", Severity.WARNING, "index_empty", message, REPAIR)
    if facts.other_library:
        message = (
            f"the index knows library {facts.other_library} at this place, and the marker names another: "
            "mount the right disk, or give this one an index of its own with ALFRED_INDEX_URL"
        )
        return Finding("index", Severity.ERROR, "wrong_library", message, is_fatal=True)
    return None


def _on_content(facts: IndexFacts) -> Iterator[Finding]:
    if facts.faults:
        message = f"the index {facts.path} is damaged: {_some(facts.faults)}"
        yield Finding("index", Severity.ERROR, "index_damaged", message, REPAIR)
    if facts.dangling:
        tables = (f"{count} in {table}" for table, count in sorted(facts.dangling.items()))
        message = f"rows of the index {facts.path} point to nothing: {', '.join(tables)}"
        yield Finding("index", Severity.ERROR, "index_dangling", message, REPAIR)
    if facts.schema < facts.newest_schema:
        message = f"the index has schema {facts.schema}; the next command brings it to {facts.newest_schema}"
        yield Finding("index", Severity.INFO, "index_old_schema", message, RESCAN)
    if not facts.knows_library:
        message = "the index does not know the library of the marker: a rescan enters it"
        yield Finding("index", Severity.WARNING, "marker_unknown_to_index", message, RESCAN)
    if not facts.faults and not facts.dangling:
        yield Finding("index", Severity.OK, "index_ok", f"the index {facts.path} is sound")


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What a kind of difference means; its sentence begins with a verb, as for several folders."""

    severity: Severity
    sentence: str
    remedy: str | None = RESCAN


_MEANINGS: Mapping[DifferenceKind, _Meaning] = {
    DifferenceKind.SIDECAR_MISSING: _Meaning(Severity.WARNING, "have no sidecar", REPAIR),
    DifferenceKind.SIDECAR_DAMAGED: _Meaning(Severity.ERROR, "have a damaged sidecar"),
    DifferenceKind.SIDECAR_TOO_NEW: _Meaning(Severity.ERROR, "have a sidecar of a newer Alfred: use that", None),
    DifferenceKind.SIDECAR_UNREADABLE: _Meaning(Severity.ERROR, "have a sidecar that cannot be read", None),
    DifferenceKind.ID_DIFFERS: _Meaning(Severity.ERROR, "are another show in the index than in the sidecar"),
    DifferenceKind.USER_DIFFERS: _Meaning(Severity.WARNING, "differ in tags or note; the newer ones will count"),
    DifferenceKind.FILE_DIFFERS: _Meaning(Severity.WARNING, "differ in what is known of files"),
    DifferenceKind.ONLY_IN_SIDECAR: _Meaning(Severity.WARNING, "have files that the index does not know"),
    DifferenceKind.ONLY_IN_INDEX: _Meaning(Severity.WARNING, "have files that the sidecar does not know"),
    DifferenceKind.FOLDER_UNKNOWN: _Meaning(Severity.WARNING, "are not in the index yet"),
    DifferenceKind.FOLDER_GONE: _Meaning(Severity.WARNING, "are gone since the last rescan"),
    DifferenceKind.FOLDER_BACK: _Meaning(Severity.WARNING, "are back since the last rescan"),
}

_FOR_ONE = {"have": "has", "are": "is", "differ": "differs"}


def on_comparison(report: CheckReport | None) -> Iterator[Finding]:
    """Judge sidecars against index, one finding for each kind of difference."""
    if report is None:
        yield Finding("sidecars", Severity.INFO, "not_compared", "not compared, since the index cannot be used")
        return
    by_kind: dict[DifferenceKind, list[Difference]] = defaultdict(list)
    for difference in report.differences:
        by_kind[difference.kind].append(difference)
    if report.broken:
        paths = _some(f"{problem.path} ({problem.message})" for problem in report.broken)
        message = f"not everything can be seen, and what cannot keeps its state: {paths}"
        yield Finding("sidecars", Severity.WARNING, "not_seen", message)
    for kind in DifferenceKind:
        if kind in by_kind:
            yield _on_kind(kind, by_kind[kind], report)
    if not by_kind:
        message = f"index and sidecars agree on {_count(report.folders, 'folder')}"
        yield Finding("sidecars", Severity.OK, "sidecars_ok", message)


def _on_kind(kind: DifferenceKind, differences: Iterable[Difference], report: CheckReport) -> Finding:
    folders = list(dict.fromkeys(difference.folder for difference in differences))
    meaning = _MEANINGS[kind]
    remedy = meaning.remedy
    if kind is DifferenceKind.FOLDER_GONE and report.rescan_would_refuse:
        remedy = f"check that every disk is there; if they are gone for good: {RESCAN} --accept-missing"
    elif remedy == RESCAN and kind not in OF_PRESENCE and report.overlooked.intersection(folders):
        remedy = f"{REPAIR}; {RESCAN}"  # the first makes the second look
    verb, _, rest = meaning.sentence.partition(" ")
    verb = _FOR_ONE[verb] if len(folders) == 1 else verb
    message = f"{len(folders):,} of {_count(report.folders, 'folder')} {verb} {rest}: {_some(folders)}"
    return Finding("sidecars", meaning.severity, kind.value, message, remedy)


def on_leftovers(facts: LeftoverFacts) -> Iterator[Finding]:
    """Judge what was left behind."""
    if facts.abandoned:
        count = _count(len(facts.abandoned), "half-written file")
        message = f"left behind: {count}: {_some(facts.abandoned)}"
        yield Finding("leftovers", Severity.WARNING, "abandoned_files", message, REPAIR)
    if facts.kept_aside:
        count = _count(len(facts.kept_aside), "file")
        message = f"kept aside, to be deleted by hand when nothing is missed: {count}: {_some(facts.kept_aside)}"
        yield Finding("leftovers", Severity.INFO, "kept_aside", message)
    if not facts.abandoned and not facts.kept_aside:
        yield Finding("leftovers", Severity.OK, "leftovers_ok", "nothing was left behind")


_TOKENS: Mapping[TokenKind, tuple[Severity, str, str | None]] = {
    TokenKind.MISSING: (Severity.WARNING, "ALFRED_TMDB_TOKEN is not set: TMDB cannot be asked", NEW_TOKEN),
    TokenKind.UNUSABLE: (Severity.ERROR, "ALFRED_TMDB_TOKEN has characters that no token has", NEW_TOKEN),
    TokenKind.UNUSUAL: (Severity.INFO, "the token looks like neither a v4 token nor a v3 key", None),
    TokenKind.V3: (Severity.OK, "the token is a v3 key", None),
    TokenKind.V4: (Severity.OK, "the token is a v4 read token", None),
}


def on_token(facts: TokenFacts) -> Iterator[Finding]:
    """Judge the token, by its looks and by what the provider said where it was asked."""
    severity, message, remedy = _TOKENS[facts.kind]
    yield Finding("token", severity, f"token_{facts.kind.value}", message, remedy)
    if not facts.was_probed:
        return
    if facts.error is None:
        yield Finding("token", Severity.OK, "probe_accepted", "TMDB answered and accepted the token")
        return
    error_class = facts.error.error_class if isinstance(facts.error, ProviderError) else facts.error.code
    remedy = NEW_TOKEN if error_class == "auth_error" else None
    yield Finding("token", Severity.ERROR, f"probe_{error_class}", str(facts.error), remedy)


def on_clock(facts: HealthFacts) -> Iterator[Finding]:
    """Judge the clock by what was written under it."""
    now = facts.now
    if now.utcoffset() != timedelta(0):
        message = f"the clock gives {now.isoformat()}, not an aware time in UTC"
        yield Finding("clock", Severity.ERROR, "clock_not_utc", message)
        return
    made = None if facts.root.error else _moment(facts.root.created)
    if not facts.root.error and made is None:
        message = f"the marker does not say when it was made, but {facts.root.created!r}"
        yield Finding("clock", Severity.INFO, "marker_without_time", message)
    elif made is not None and made > now:
        message = f"the marker was made in the future ({made:%Y-%m-%d %H:%M} UTC): is the clock right?"
        yield Finding("clock", Severity.WARNING, "marker_from_future", message)
    early = facts.index.fetched_in_future if facts.index else ()
    if early:
        count = _count(len(early), "show")
        message = (
            f"facts of {count} are from the future ({_some(str(one) for one in early)}): "
            "the clock was wrong then, or is wrong now"
        )
        remedy = f"alfred sync {' '.join(map(str, early))}" if len(early) <= NAMED_AT_MOST else "alfred refresh"
        yield Finding("clock", Severity.WARNING, "facts_from_future", message, remedy)
    if not early and (made is None or made <= now):
        yield Finding("clock", Severity.OK, "clock_ok", f"it is {now:%Y-%m-%d %H:%M} UTC")


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _place(facts: IndexFacts) -> str:
    return facts.file_system or "an unknown file system"


def _gib(size: int) -> str:
    return f"{size / (1 << 30):,.1f} GiB"


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _some(names: Iterable[str]) -> str:
    """Name the first few."""
    listed = list(names)
    more = f" and {len(listed) - NAMED_AT_MOST:,} more" if len(listed) > NAMED_AT_MOST else ""
    return ", ".join(listed[:NAMED_AT_MOST]) + more

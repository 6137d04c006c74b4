"""Doctor: look at everything that a library rests on, and mend what can be mended without losing anything."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from alfred.application.exceptions import AlfredError, LibraryUnavailable, SidecarUnreadable
from alfred.application.library.check import CheckReport
from alfred.application.library.findings import Finding, Severity, interpret
from alfred.application.ports.health import HealthFacts, IndexFacts
from alfred.application.ports.index import PresenceIndex
from alfred.application.ports.releases import Sidecars
from alfred.domain.library.check import DifferenceKind

NAMED_AT_MOST = 3


class Tools(Protocol):
    """Does the repairs. Each raises ``AlfredError`` or ``OSError`` where it cannot."""

    def make_index_anew(self) -> None:
        """Make the index from the sidecars; a damaged one is kept aside."""

    def correct_journal_mode(self) -> None:
        """Give the index the journal that its file system needs."""

    def drop_dangling_rows(self) -> None:
        """Drop the index rows that point to nothing; a copy of the index is kept beside it."""

    def write_sidecars(self, folders: Collection[str], /) -> None:
        """Write the missing sidecars of folders from the index."""

    def look_again(self, folders: Collection[str], /) -> None:
        """Have the next rescan look at folders, whatever they look like."""

    def remove_abandoned(self, paths: Collection[str], /) -> None:
        """Delete our own half-written files, unless they have changed since they were found."""


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that was mended, or would be.

    Attributes:
        check: what it was found by.
        code: the stable name of the repair.
        message: one sentence.
    """

    check: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class _Plan:
    """A repair with the words for it: what it would do, and what it did."""

    check: str
    code: str
    intent: str
    outcome: str
    work: Callable[[], None]

    @property
    def intended(self) -> Repair:
        return Repair(self.check, self.code, self.intent)

    @property
    def done(self) -> Repair:
        return Repair(self.check, self.code, self.outcome)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a doctor found and did.

    Attributes:
        findings: what stands, after the repairs.
        repaired: what was mended, or with a dry run would be.
    """

    findings: tuple[Finding, ...]
    repaired: tuple[Repair, ...] = ()

    @property
    def is_unavailable(self) -> bool:
        """Whether the library cannot be used at all."""
        return any(finding.is_fatal for finding in self.findings)

    @property
    def is_healthy(self) -> bool:
        """Whether nothing is worse than a remark."""
        return not any(finding.severity in (Severity.WARNING, Severity.ERROR) for finding in self.findings)


def examine(
    gather: Callable[[], HealthFacts],
    compare: Callable[[], CheckReport],
    *,
    probe: Callable[[HealthFacts], HealthFacts] | None = None,
    tools: Tools | None = None,
    dry_run: bool = False,
) -> Diagnosis:
    """Look at a library, and mend what can be mended safely.

    Args:
        gather: looks at everything and writes nothing.
        compare: compares sidecars and index; raises LibraryUnavailable where one of them cannot be read.
        probe: adds to the facts what the provider says; asked once.
        tools: do the repairs; None to leave everything as it is. No repair deletes anything of the user's or marks
            anything as missing.
        dry_run: only say what would be repaired.
    """
    facts = gather()
    if probe is not None and facts.token.can_be_sent:
        facts = probe(facts)
    comparison = _compare(compare, facts)
    if tools is None:
        return Diagnosis(interpret(facts, comparison))
    plans = list(_plan(facts, comparison, tools))
    if dry_run or not plans:
        return Diagnosis(interpret(facts, comparison), tuple(plan.intended for plan in plans))
    done, failed = _carry_out(plans)
    facts = replace(gather(), token=facts.token)
    return Diagnosis((*interpret(facts, _compare(compare, facts)), *failed), done)


def _compare(compare: Callable[[], CheckReport], facts: HealthFacts) -> CheckReport | None:
    index = facts.index
    if index is None or index.error or index.must_be_made_anew or index.other_library or not index.knows_library:
        return None
    with suppress(LibraryUnavailable):  # it went away while we looked: the facts say so the next time
        return compare()
    return None


def _plan(facts: HealthFacts, comparison: CheckReport | None, tools: Tools) -> Iterator[_Plan]:
    """Plan the repairs that lose nothing; the index first, since others write to it."""
    index = facts.index
    if index is None or index.other_library:
        return
    if index.must_be_made_anew:
        yield _Plan(
            "index",
            "index_made_anew",
            f"make {index.path} anew from the sidecars, and keep a damaged one beside it",
            f"{index.path} was made anew from the sidecars; one that was damaged is kept beside it",
            tools.make_index_anew,
        )
    elif index.error is not None:
        return
    else:
        yield from _plan_index(index, tools)
    if comparison is not None:
        yield from _plan_sidecars(comparison, tools)
    if abandoned := facts.leftovers.abandoned:
        yield _Plan(
            "leftovers",
            "abandoned_removed",
            f"remove {_files(abandoned)} of our own",
            f"{_files(abandoned)} of our own removed",
            lambda: tools.remove_abandoned(abandoned),
        )


def _plan_index(index: IndexFacts, tools: Tools) -> Iterator[_Plan]:
    """Plan what an index needs that can be kept."""
    if index.journal_mode != index.wanted_journal_mode:
        yield _Plan(
            "index",
            "journal_mode_corrected",
            f"give the index journal mode {index.wanted_journal_mode}",
            f"the index has journal mode {index.wanted_journal_mode} now",
            tools.correct_journal_mode,
        )
    if index.dangling:
        yield _Plan(
            "index",
            "dangling_dropped",
            "drop the rows that point to nothing, and keep a copy of the index beside it",
            "dropped the rows that point to nothing; a copy of the index as it was is beside it",
            tools.drop_dangling_rows,
        )


def _plan_sidecars(comparison: CheckReport, tools: Tools) -> Iterator[_Plan]:
    bare = [one.folder for one in comparison.differences if one.kind is DifferenceKind.SIDECAR_MISSING]
    if bare:
        work = f"the sidecars of {_some(bare)} from the index"
        yield _Plan(
            "sidecars",
            "sidecars_written",
            f"write {work}",
            f"wrote {work}",
            lambda: tools.write_sidecars(bare),
        )
    overlooked = sorted(comparison.overlooked.difference(bare))
    if overlooked:
        yield _Plan(
            "sidecars",
            "looked_at_again",
            f"have the next rescan look at {_some(overlooked)} again",
            f"the next rescan looks at {_some(overlooked)} again",
            lambda: tools.look_again(overlooked),
        )


def _carry_out(plans: Collection[_Plan]) -> tuple[tuple[Repair, ...], list[Finding]]:
    done, failed = [], []
    for plan in plans:
        try:
            plan.work()
        except (AlfredError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            message = f"could not be mended: {reason}"
            failed.append(Finding(plan.check, Severity.ERROR, "repair_failed", message))
        else:
            done.append(plan.done)
    return tuple(done), failed


def write_missing_sidecars(folders: Collection[str], *, index: PresenceIndex, sidecars: Sidecars) -> None:
    """Write the sidecars of folders from the index; one that has come since is left alone.

    Raises:
        OSError: some could not be written; all others were.
    """
    failed: OSError | None = None
    known = index.known_folders()
    for folder in known.keys() & folders:
        with index.exclusive():
            release = index.recorded_release(known[folder].tmdb_id)
            try:
                if release is not None and sidecars.read(folder) is None:
                    index.note_sidecar(folder, sidecars.write(folder, release))
            except SidecarUnreadable:
                continue
            except OSError as error:
                failed = error
    if failed is not None:
        raise failed


def _files(paths: Collection[str]) -> str:
    return f"{len(paths):,} half-written {'file' if len(paths) == 1 else 'files'}"


def _some(folders: Collection[str]) -> str:
    named = ", ".join(list(folders)[:NAMED_AT_MOST])
    return named if len(folders) <= NAMED_AT_MOST else f"{len(folders):,} folders ({named}, ...)"

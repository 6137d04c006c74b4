"""The doctor: what it plans, does, and says afterwards."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import pytest

from alfred.application.exceptions import AlfredError, IndexCorrupt, IndexUnreadable, ProviderError
from alfred.application.library.check import CheckReport
from alfred.application.library.doctor import Diagnosis, examine
from alfred.application.library.findings import Finding, Severity
from alfred.application.ports.health import (
    HealthFacts,
    IndexFacts,
    LeftoverFacts,
    RootFacts,
    TokenFacts,
    TokenKind,
)
from alfred.domain.library.check import Difference, DifferenceKind
from tests.builders import FOLDER, SHOW_ID
from tests.unit.application.test_findings import AGREEING, HEALTHY, INDEX, with_index, with_token

BARE = Difference(SHOW_ID, FOLDER, FOLDER, DifferenceKind.SIDECAR_MISSING)
DIFFERING = Difference(SHOW_ID, "Other", "Other", DifferenceKind.FILE_DIFFERS)


class Patient:
    """A library in memory; its tools mend it, or fail."""

    def __init__(self, facts: HealthFacts = HEALTHY, comparison: CheckReport = AGREEING) -> None:
        self.facts = facts
        self.comparison = comparison
        self.done: list[object] = []
        self.failure: Exception | None = None

    def gather(self) -> HealthFacts:
        return self.facts

    def compare(self) -> CheckReport:
        return self.comparison

    def _do(self, work: object, mended: Callable[[], None]) -> None:
        if self.failure is not None:
            raise self.failure
        self.done.append(work)
        mended()

    def _set(self, facts: HealthFacts) -> None:
        self.facts = facts

    def make_index_anew(self) -> None:
        self._do("index", lambda: self._set(replace(self.facts, index=INDEX)))

    def correct_journal_mode(self) -> None:
        self._do("journal", lambda: self._set(replace(self.facts, index=INDEX)))

    def drop_dangling_rows(self) -> None:
        self._do("dangling", lambda: self._set(replace(self.facts, index=INDEX)))

    def write_sidecars(self, folders: Collection[str]) -> None:
        self._do(("sidecars", *folders), lambda: setattr(self, "comparison", AGREEING))

    def look_again(self, folders: Collection[str]) -> None:
        self._do(("look", *folders), lambda: None)

    def remove_abandoned(self, paths: Collection[str]) -> None:
        self._do(("remove", *paths), lambda: self._set(replace(self.facts, leftovers=LeftoverFacts())))

    def examine(self, *, dry_run: bool = False) -> Diagnosis:
        return examine(self.gather, self.compare, tools=self, dry_run=dry_run)


def standing(diagnosis: Diagnosis) -> list[str]:
    return [finding.code for finding in diagnosis.findings if finding.severity is not Severity.OK]


def repairs(diagnosis: Diagnosis) -> list[str]:
    return [repair.code for repair in diagnosis.repaired]


def test_a_healthy_library_needs_no_repair() -> None:
    patient = Patient()

    diagnosis = patient.examine()

    assert (diagnosis.is_healthy, diagnosis.is_unavailable, patient.done) == (True, False, [])


@pytest.mark.parametrize(
    "index",
    [
        replace(INDEX, error=IndexCorrupt("torn"), schema=0),
        replace(INDEX, faults=("row 1 missing",)),
        replace(INDEX, is_there=False, schema=0),
        replace(INDEX, schema=0),
    ],
)
def test_an_index_that_cannot_be_kept_is_made_anew(index: IndexFacts) -> None:
    patient = Patient(replace(HEALTHY, index=index))

    diagnosis = patient.examine()

    assert (patient.done, repairs(diagnosis), standing(diagnosis)) == (["index"], ["index_made_anew"], [])


def test_a_journal_mode_is_corrected() -> None:
    patient = Patient(with_index(journal_mode="delete"))

    diagnosis = patient.examine()

    assert (patient.done, repairs(diagnosis), standing(diagnosis)) == (["journal"], ["journal_mode_corrected"], [])


def test_rows_that_point_to_nothing_are_dropped() -> None:
    patient = Patient(with_index(dangling={"tag": 2}))

    diagnosis = patient.examine()

    assert (patient.done, repairs(diagnosis), standing(diagnosis)) == (["dangling"], ["dangling_dropped"], [])


def test_missing_sidecars_are_written() -> None:
    patient = Patient(comparison=replace(AGREEING, differences=(BARE,)))

    diagnosis = patient.examine()

    assert patient.done == [("sidecars", FOLDER)]
    assert (repairs(diagnosis), standing(diagnosis)) == (["sidecars_written"], [])


def test_the_next_rescan_is_told_to_look_at_what_it_would_pass_over() -> None:
    comparison = replace(AGREEING, differences=(DIFFERING,), overlooked=frozenset({"Other"}))
    patient = Patient(comparison=comparison)

    diagnosis = patient.examine()

    assert patient.done == [("look", "Other")]
    assert standing(diagnosis) == ["file_differs"]


def test_what_a_rescan_settles_by_itself_is_left_to_it() -> None:
    patient = Patient(comparison=replace(AGREEING, differences=(DIFFERING,)))

    assert (repairs(patient.examine()), patient.done) == ([], [])


def test_abandoned_files_are_removed() -> None:
    patient = Patient(replace(HEALTHY, leftovers=LeftoverFacts(abandoned=("x.new",), kept_aside=("y.corrupt",))))

    diagnosis = patient.examine()

    assert patient.done == [("remove", "x.new")]
    assert repairs(diagnosis) == ["abandoned_removed"]


def test_a_dry_run_says_what_would_be_mended_and_does_nothing() -> None:
    patient = Patient(with_index(journal_mode="delete"), replace(AGREEING, differences=(BARE,)))

    diagnosis = patient.examine(dry_run=True)

    assert patient.done == []
    assert repairs(diagnosis) == ["journal_mode_corrected", "sidecars_written"]
    assert standing(diagnosis) == ["journal_mode", "sidecar_missing"]
    assert [repair.message for repair in diagnosis.repaired] == [
        "give the index journal mode wal",
        f"write the sidecars of {FOLDER} from the index",
    ]


def test_without_tools_nothing_is_mended() -> None:
    patient = Patient(with_index(journal_mode="delete"))

    diagnosis = examine(patient.gather, patient.compare)

    assert (patient.done, diagnosis.repaired, standing(diagnosis)) == ([], (), ["journal_mode"])
    assert not diagnosis.is_healthy


@pytest.mark.parametrize(
    "failure", [AlfredError("the disk is full"), OSError(28, "No space left on device"), OSError("odd")]
)
def test_a_repair_that_fails_is_a_finding_beside_the_one_it_was_for(failure: Exception) -> None:
    patient = Patient(with_index(journal_mode="delete"))
    patient.failure = failure

    diagnosis = patient.examine()

    assert (repairs(diagnosis), standing(diagnosis)) == ([], ["journal_mode", "repair_failed"])


@pytest.mark.parametrize(
    "facts",
    [
        replace(HEALTHY, root=RootFacts(path="/tv", error=IndexUnreadable("gone")), index=None),
        with_index(error=IndexUnreadable("no permission"), schema=0),
        with_index(knows_library=False, other_library="xyz"),
    ],
)
def test_a_library_that_cannot_be_used_is_not_touched(facts: HealthFacts) -> None:
    patient = Patient(replace(facts, leftovers=LeftoverFacts(abandoned=("x.new",))))

    diagnosis = patient.examine()

    assert (patient.done, repairs(diagnosis), diagnosis.is_unavailable) == ([], [], True)


def test_an_index_that_vanishes_while_it_is_compared_is_no_crash() -> None:
    def vanish() -> CheckReport:
        raise IndexUnreadable("gone")

    assert standing(examine(Patient().gather, vanish)) == ["not_compared"]


def test_the_provider_is_asked_once_even_where_something_was_repaired() -> None:
    patient = Patient(with_index(journal_mode="delete"))
    asked = []

    def probe(facts: HealthFacts) -> HealthFacts:
        asked.append(facts)
        error = ProviderError("refused", error_class="auth_error")
        return replace(facts, token=TokenFacts(kind=TokenKind.V4, was_probed=True, error=error))

    diagnosis = examine(patient.gather, patient.compare, probe=probe, tools=patient)

    assert (len(asked), standing(diagnosis)) == (1, ["probe_auth_error"])


@pytest.mark.parametrize("kind", [TokenKind.MISSING, TokenKind.UNUSABLE])
def test_a_token_that_cannot_be_sent_is_not_probed(kind: TokenKind) -> None:
    def probe(_facts: HealthFacts) -> HealthFacts:
        raise AssertionError("there was nothing to send")

    examine(Patient(with_token(kind)).gather, Patient().compare, probe=probe)


def test_remarks_alone_are_healthy() -> None:
    remark = Finding("leftovers", Severity.INFO, "kept_aside", "one file")

    assert Diagnosis((remark,)).is_healthy

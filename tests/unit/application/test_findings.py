"""What facts mean: one table of facts and of the findings they lead to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from alfred.application.exceptions import (
    FormatTooNew,
    IndexBusy,
    IndexCorrupt,
    LibraryUnavailable,
    NotALibrary,
    ProviderError,
    RootOffline,
    UsageError,
)
from alfred.application.library.check import CheckReport
from alfred.application.library.findings import Finding, Severity, interpret
from alfred.application.ports.folders import Problem
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
from alfred.domain.library.check import Difference, DifferenceKind
from alfred.domain.shared.value_objects import TmdbId
from tests.builders import FOLDER, NOW, SHOW_ID, days

GIB = 1 << 30
INDEX = IndexFacts(
    path="/tv/.alfred/index.sqlite3",
    schema=1,
    newest_schema=1,
    file_system="ext4",
    journal_mode="wal",
    wanted_journal_mode="wal",
)
HEALTHY = HealthFacts(
    now=NOW,
    settings=SettingsFacts("/etc/settings.toml"),
    root=RootFacts(path="/tv", library_id="abc", created="2026-01-01T00:00:00Z"),
    spaces=(SpaceFacts("/tv", 50 * GIB, 100 * GIB),),
    state_dir=StateDirFacts(path="/state"),
    index=INDEX,
    token=TokenFacts(kind=TokenKind.V4),
)
AGREEING = CheckReport(folders=7, differences=(), overlooked=frozenset())


def not_ok(facts: HealthFacts, comparison: CheckReport | None = AGREEING) -> list[Finding]:
    return [finding for finding in interpret(facts, comparison) if finding.severity is not Severity.OK]


def with_index(**changes: Any) -> HealthFacts:
    return replace(HEALTHY, index=replace(INDEX, **changes))


def with_root(**changes: Any) -> HealthFacts:
    return replace(HEALTHY, root=replace(HEALTHY.root, **changes))


def with_space(free: float, total: float) -> HealthFacts:
    return replace(HEALTHY, spaces=(SpaceFacts("/tv", int(free * GIB), int(total * GIB)),))


def with_token(kind: TokenKind = TokenKind.V4, **changes: Any) -> HealthFacts:
    return replace(HEALTHY, token=TokenFacts(kind=kind, **changes))


def test_a_healthy_library_has_a_good_word_for_every_check() -> None:
    findings = interpret(HEALTHY, AGREEING)

    assert {finding.severity for finding in findings} == {Severity.OK}
    assert {finding.check for finding in findings} == {
        "settings", "root", "marker", "space", "state_dir", "index", "sidecars", "leftovers", "token", "clock"
    }  # fmt: skip
    assert not any(finding.remedy for finding in findings)


REPAIR = "alfred doctor --repair"


@pytest.mark.parametrize(
    ("facts", "severity", "code", "remedy"),
    [
        (
            replace(HEALTHY, settings=SettingsFacts("/s", ("ALFRED_WORKERS must be 1 to 64",))),
            "error", "settings_wrong", None,
        ),
        (with_root(is_writable=False), "warning", "root_read_only", None),
        (with_space(0.99, 10), "warning", "space_low", None),
        (with_space(4.9, 100), "warning", "space_low", None),
        (
            replace(HEALTHY, state_dir=StateDirFacts(path="/s", problem="a file")),
            "warning", "state_dir_unusable", None,
        ),
        (with_index(is_there=False, schema=0), "warning", "index_missing", REPAIR),
        (with_index(schema=0), "warning", "index_empty", REPAIR),
        (with_index(error=IndexCorrupt("not a database"), schema=0), "error", "index_damaged", REPAIR),
        (with_index(faults=("row 1 missing from index",)), "error", "index_damaged", REPAIR),
        (with_index(error=FormatTooNew("schema 9"), schema=0), "error", "format_too_new", None),
        (with_index(error=IndexBusy("held"), schema=0), "error", "index_busy", None),
        (with_index(knows_library=False, other_library="xyz"), "error", "wrong_library", None),
        (with_index(dangling={"tag": 2}), "error", "index_dangling", REPAIR),
        (with_index(newest_schema=2), "info", "index_old_schema", "alfred rescan"),
        (with_index(knows_library=False), "warning", "marker_unknown_to_index", "alfred rescan"),
        (with_index(journal_mode="delete"), "warning", "journal_mode", REPAIR),
        (with_index(wanted_journal_mode="delete", file_system="nfs4"), "warning", "journal_mode", REPAIR),
        (with_index(is_writable=False), "warning", "index_read_only", None),
        (replace(HEALTHY, leftovers=LeftoverFacts(abandoned=("x.new",))), "warning", "abandoned_files", REPAIR),
        (replace(HEALTHY, leftovers=LeftoverFacts(kept_aside=("x.corrupt",))), "info", "kept_aside", None),
        (with_token(TokenKind.UNUSUAL), "info", "token_unusual", None),
        (with_root(created="once"), "info", "marker_without_time", None),
        (with_root(created="2026-06-01T12:00:01Z"), "warning", "marker_from_future", None),
        (with_index(fetched_in_future=(SHOW_ID,)), "warning", "facts_from_future", "alfred sync 501"),
        (
            with_index(fetched_in_future=tuple(map(TmdbId, range(1, 9)))),
            "warning", "facts_from_future", "alfred refresh",
        ),
    ],
)  # fmt: skip
def test_one_thing_that_is_wrong_is_one_finding(
    facts: HealthFacts, severity: str, code: str, remedy: str | None
) -> None:
    (finding,) = not_ok(facts)

    assert (finding.severity.value, finding.code, finding.remedy) == (severity, code, remedy)


@pytest.mark.parametrize("kind", [TokenKind.MISSING, TokenKind.UNUSABLE])
def test_a_token_that_is_no_use_is_mended_by_a_new_one(kind: TokenKind) -> None:
    (finding,) = not_ok(with_token(kind))

    assert finding.code == f"token_{kind}"
    assert str(finding.remedy).startswith("export ALFRED_TMDB_TOKEN=")


@pytest.mark.parametrize(("free", "total"), [(1, 10), (5, 100), (2, 40)])
def test_space_that_is_just_enough(free: float, total: float) -> None:
    assert not_ok(with_space(free, total)) == []


@pytest.mark.parametrize(
    ("error", "check", "code", "remedy"),
    [
        (
            NotALibrary("no marker"),
            "root",
            "not_a_library",
            "mount its disk; only for a new library: alfred init '/my tv'",
        ),
        (RootOffline("not there"), "root", "root_offline", None),
        (FormatTooNew("format 9"), "marker", "format_too_new", None),
        (LibraryUnavailable("damaged"), "marker", "library_unavailable", None),
    ],
)
def test_a_library_that_cannot_be_used_leaves_only_what_is_known_of_this_machine(
    error: LibraryUnavailable, check: str, code: str, remedy: str | None
) -> None:
    facts = replace(HEALTHY, root=RootFacts(path="/my tv", error=error), index=None)

    (finding,) = not_ok(facts, None)

    assert (finding.check, finding.code, finding.is_fatal) == (check, code, True)
    assert finding.message == str(error)
    assert finding.remedy == remedy
    assert {one.check for one in interpret(facts, None)} == {
        check, "settings", "space", "state_dir", "token", "clock"
    }  # fmt: skip


def test_without_any_library_no_command_is_named() -> None:
    (finding,) = not_ok(replace(HEALTHY, root=RootFacts(path=None, error=NotALibrary("none")), index=None), None)

    assert finding.remedy is None


@pytest.mark.parametrize("index", [{"error": FormatTooNew("9"), "schema": 0}, {"other_library": "xyz"}])
def test_an_index_that_no_command_could_open_is_fatal(index: dict[str, Any]) -> None:
    (finding,) = not_ok(with_index(**index))

    assert finding.is_fatal


def test_a_damaged_index_is_not_fatal() -> None:
    (finding,) = not_ok(with_index(error=IndexCorrupt("torn"), schema=0))

    assert not finding.is_fatal


@pytest.mark.parametrize(
    ("kind", "severity", "remedy"),
    [
        (DifferenceKind.SIDECAR_MISSING, "warning", REPAIR),
        (DifferenceKind.SIDECAR_DAMAGED, "error", "alfred rescan"),
        (DifferenceKind.SIDECAR_TOO_NEW, "error", None),
        (DifferenceKind.SIDECAR_UNREADABLE, "error", None),
        (DifferenceKind.ID_DIFFERS, "error", "alfred rescan"),
        (DifferenceKind.USER_DIFFERS, "warning", "alfred rescan"),
        (DifferenceKind.FILE_DIFFERS, "warning", "alfred rescan"),
        (DifferenceKind.ONLY_IN_SIDECAR, "warning", "alfred rescan"),
        (DifferenceKind.ONLY_IN_INDEX, "warning", "alfred rescan"),
        (DifferenceKind.FOLDER_UNKNOWN, "warning", "alfred rescan"),
        (DifferenceKind.FOLDER_GONE, "warning", "alfred rescan"),
        (DifferenceKind.FOLDER_BACK, "warning", "alfred rescan"),
    ],
)
def test_each_kind_of_difference_is_a_finding(kind: DifferenceKind, severity: str, remedy: str | None) -> None:
    difference = Difference(SHOW_ID, FOLDER, FOLDER, kind)

    (finding,) = not_ok(HEALTHY, replace(AGREEING, differences=(difference, difference)))

    assert (finding.check, finding.severity.value, finding.code) == ("sidecars", severity, kind.value)
    assert finding.remedy == remedy
    assert finding.message.startswith("1 of 7 folders ")
    assert finding.message.split()[4] in ("has", "is", "differs")


def test_a_rescan_that_would_overlook_a_difference_is_told_to_look_first() -> None:
    difference = Difference(SHOW_ID, FOLDER, FOLDER, DifferenceKind.FILE_DIFFERS)

    (finding,) = not_ok(HEALTHY, replace(AGREEING, differences=(difference,), overlooked=frozenset({FOLDER})))

    assert finding.remedy == f"{REPAIR}; alfred rescan"


def test_a_folder_that_is_back_is_seen_by_any_rescan() -> None:
    differences = tuple(
        Difference(SHOW_ID, FOLDER, FOLDER, kind)
        for kind in (DifferenceKind.FOLDER_BACK, DifferenceKind.FILE_DIFFERS)
    )
    report = replace(AGREEING, differences=differences, overlooked=frozenset({FOLDER}))

    remedies = {finding.code: finding.remedy for finding in not_ok(HEALTHY, report)}

    assert remedies == {"folder_back": "alfred rescan", "file_differs": f"{REPAIR}; alfred rescan"}


def test_where_a_rescan_would_refuse_the_disks_come_first() -> None:
    gone = tuple(Difference(TmdbId(n), f"S{n}", f"S{n}", DifferenceKind.FOLDER_GONE) for n in range(1, 6))

    (finding,) = not_ok(HEALTHY, replace(AGREEING, differences=gone, rescan_would_refuse=True))

    assert finding.remedy == (
        "check that every disk is there; if they are gone for good: alfred rescan --accept-missing"
    )


def test_what_cannot_be_seen_is_a_warning() -> None:
    report = replace(AGREEING, broken=(Problem("S1", "the link leads nowhere"),))

    (finding,) = not_ok(HEALTHY, report)

    assert (finding.check, finding.severity, finding.code) == ("sidecars", Severity.WARNING, "not_seen")
    assert "S1 (the link leads nowhere)" in finding.message


@pytest.mark.parametrize(("count", "said"), [(1, ": 1 file: x0"), (2, ": 2 files: x0, x1")])
def test_one_is_not_many(count: int, said: str) -> None:
    names = tuple(f"x{number}" for number in range(count))

    (finding,) = not_ok(replace(HEALTHY, leftovers=LeftoverFacts(kept_aside=names)))

    assert finding.message.endswith(said)


def test_of_many_folders_a_few_are_named() -> None:
    many = tuple(Difference(None, f"S{n}", f"S{n}", DifferenceKind.FOLDER_UNKNOWN) for n in range(9))

    (finding,) = not_ok(HEALTHY, replace(AGREEING, folders=2000, differences=many))

    assert finding.message == "9 of 2,000 folders are not in the index yet: S0, S1, S2 and 6 more"


def test_sidecars_that_could_not_be_compared_are_said_to_be_so() -> None:
    (finding,) = not_ok(HEALTHY, None)

    assert (finding.severity, finding.code) == (Severity.INFO, "not_compared")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ProviderError("refused", error_class="auth_error"), "probe_auth_error"),
        (ProviderError("refused", error_class="connection_refused"), "probe_connection_refused"),
        (ProviderError("slow", error_class="timeout"), "probe_timeout"),
        (UsageError("no address"), "probe_usage"),
    ],
)
def test_what_a_probe_came_to_is_said_by_class(error: ProviderError | UsageError, code: str) -> None:
    (finding,) = not_ok(with_token(was_probed=True, error=error))

    assert (finding.check, finding.severity, finding.code) == ("token", Severity.ERROR, code)
    assert finding.message == str(error)
    assert (finding.remedy is not None) == (code == "probe_auth_error")


def test_a_probe_that_was_answered_is_a_good_word() -> None:
    codes = [finding.code for finding in interpret(with_token(was_probed=True), AGREEING)]

    assert "probe_accepted" in codes


@pytest.mark.parametrize(
    "now", [NOW.replace(tzinfo=None), datetime(2026, 6, 1, tzinfo=timezone(timedelta(hours=2)))]
)
def test_a_clock_that_is_not_utc_is_an_error(now: datetime) -> None:
    (finding,) = not_ok(replace(HEALTHY, now=now))

    assert finding.code == "clock_not_utc"


def test_a_marker_without_a_zone_is_taken_for_utc() -> None:
    assert not_ok(with_root(created=(NOW - days(1)).replace(tzinfo=None).isoformat())) == []

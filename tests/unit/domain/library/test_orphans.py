from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alfred.domain.library.orphans import as_failed, is_orphan
from alfred.domain.library.release import EpisodeFile, FileStatus
from tests.builders import FOLDER, NOW, a_file, days

HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)
WHOLE = f"{FOLDER}/{a_file(1).path}"


def partial(**changes: Any) -> EpisodeFile:
    values: dict[str, Any] = {
        "path": a_file(1).path + ".part",
        "status": FileStatus.PROCESSING,
        "processing_since": NOW - 2 * HOUR,
    }
    return a_file(1, **values | changes)


@pytest.mark.parametrize(
    ("file", "there", "orphan"),
    [
        (partial(), (), True),
        (partial(processing_since=NOW - HOUR - MOMENT), (), True),
        (partial(processing_since=NOW - HOUR), (), False),
        (partial(processing_since=NOW - HOUR + MOMENT), (), False),
        (partial(processing_since=NOW + days(1)), (), False),
        (partial(processing_since=None), (), True),  # nobody wrote it down: since it was added
        (partial(processing_since=None, added_at=NOW - HOUR), (), False),
        (partial(), (WHOLE + ".part",), False),
        (partial(), (WHOLE,), False),
        (partial(path=a_file(1).path), (WHOLE,), False),
        (partial(path=a_file(1).path), (), True),
        (partial(status=FileStatus.READY), (), False),
        (partial(status=FileStatus.MISSING), (), False),
        (partial(status=FileStatus.FAILED), (), False),
    ],
)
def test_an_orphan_was_in_processing_for_longer_than_the_threshold_and_is_not_there(
    file: EpisodeFile, there: tuple[str, ...], *, orphan: bool
) -> None:
    assert is_orphan(file, now=NOW, threshold=HOUR, is_gone=lambda path: path not in there) is orphan


def test_the_disk_is_not_asked_for_what_cannot_be_an_orphan() -> None:
    def is_gone(path: str) -> bool:
        raise AssertionError(f"looked for {path}")

    for file in (partial(processing_since=NOW), a_file(2)):
        assert not is_orphan(file, now=NOW, threshold=HOUR, is_gone=is_gone)


def test_a_failed_orphan_says_since_when_and_keeps_all_else() -> None:
    failed = as_failed(partial())

    assert failed.status_message == "in processing since 2026-06-01 10:00 UTC, and the file is not there any more"
    assert failed == replace(
        partial(), status=FileStatus.FAILED, status_message=failed.status_message, processing_since=None
    )

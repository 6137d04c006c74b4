"""How a batch ends: the exit code, and what is said where it did not get through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alfred.application.exceptions import ProviderError
from alfred.cli.text import plural

if TYPE_CHECKING:
    from alfred.application.tv_shows.refresh import RefreshReport

INTERRUPTED = 130


def ending_of(report: RefreshReport) -> tuple[int, str, str]:
    """Return the exit code that a batch deserves, and code and message of an error; "" where there is none."""
    done = report.refreshed + report.unchanged
    if report.error is not None:
        tried = f"; {plural(report.left, 'show')} left as they were" if report.left else ""
        return ProviderError.exit_code, report.error.code, f"stopped: {report.error}{tried}"
    if report.ending == "interrupted":
        message = f"interrupted; {done:,} done, {report.left:,} left: run it again for those"
        return INTERRUPTED, "interrupted", message
    return int(bool(report.failed)), "", ""

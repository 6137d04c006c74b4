"""``alfred sync``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from alfred.application.exceptions import (
    AlfredError,
    ProviderError,
    ProviderQuarantined,
    ShowNotFoundInLibrary,
)
from alfred.cli.command import TMDB_ID, alfred_command
from alfred.cli.session import Session
from alfred.cli.shapes import sync_shape
from alfred.cli.text import age, plural
from alfred.domain.library.failure import PROVIDER_WIDE
from alfred.domain.shared.value_objects import TmdbId
from alfred.infrastructure.persistence.dot_alfred.v2.sidecar_root import ShowIndexEntry

if TYPE_CHECKING:
    from alfred.application.tv_shows.sync import SyncResult
    from alfred.composition import Library


@alfred_command(
    "sync",
    examples="""
    alfred sync 1396
    alfred sync 1396 94605 --force
    """,
)
@click.argument("tmdb_ids", nargs=-1, required=True, type=TMDB_ID, metavar="TMDB_ID...")
@click.option("--force", is_flag=True, help="Ask TMDB whatever the age of what is known.")
def command(session: Session, tmdb_ids: tuple[TmdbId, ...], *, force: bool) -> None:
    """Ask TMDB about a show, or a few, and join the answer with what is on disk.

    A show whose facts are younger than the TTL is left as it is, and costs no request. While TMDB is quarantined
    (see 'alfred provider') nothing is sent; with --force one show is asked for all the same, as the probe.
    """
    wanted = list(dict.fromkeys(tmdb_ids))
    documents, failures = session.with_library(lambda library: _sync_all(session, library, wanted, force=force))
    if len(wanted) == 1:
        if failures:
            raise failures[0][1]
        session.answer(lambda: documents[0], lambda: None)
        return
    tried = len(documents) + len(failures)
    shape = {
        "shows": documents,
        "failed": [_failure_shape(tmdb_id, error) for tmdb_id, error in failures],
        "not_tried": [tmdb_id.value for tmdb_id in wanted[tried:]],
    }
    if tried < len(wanted):
        left = ", ".join(map(str, wanted[tried:]))
        session.complain(f"not tried, since they would fail the same way: {left}")
    if failures and not documents:
        session.exit_code = failures[0][1].exit_code
    elif failures:
        session.exit_code = 1
    session.answer(lambda: shape, lambda: None)


def _sync_all(
    session: Session, library: Library, wanted: list[TmdbId], *, force: bool
) -> tuple[list[dict[str, Any]], list[tuple[TmdbId, AlfredError]]]:
    documents: list[dict[str, Any]] = []
    failures: list[tuple[TmdbId, AlfredError]] = []
    ttl_days = library.settings.tmdb_cache_ttl_days
    for tmdb_id in wanted:
        before = library.provider.requests_sent
        try:
            result = library.sync(tmdb_id, force=force)
        except (ProviderError, ProviderQuarantined, ShowNotFoundInLibrary) as error:
            failures.append((tmdb_id, error))
            if len(wanted) > 1:
                session.complain(f"{tmdb_id}: {error}")
            if isinstance(error, ProviderQuarantined) or (
                isinstance(error, ProviderError) and error.error_class in PROVIDER_WIDE
            ):
                break  # the next one would meet it too
            continue
        requests = library.provider.requests_sent - before
        documents.append(
            sync_shape(result, requests=requests, ttl_days=ttl_days, now=library.now(), policy=library.ttl_policy)
        )
        if not (session.as_json or session.quiet):
            _tell(session, library, result, requests)
    if library.provider.requests_sent:
        library.roll_up()
    return documents, failures


def _failure_shape(tmdb_id: TmdbId, error: AlfredError) -> dict[str, Any]:
    error_class = error.error_class if isinstance(error, ProviderError) else error.code
    return {"tmdb_id": tmdb_id.value, "error_class": error_class, "message": str(error)}


def _tell(session: Session, library: Library, result: SyncResult[ShowIndexEntry], requests: int) -> None:
    entry, decision = result.entry, result.decision
    counts = entry.episodes
    if decision.refresh:
        done = f"refreshed ({decision.reason}) with {plural(requests, 'request')}"
    else:
        done = f"fresh, fetched {age(entry.metadata.fetched_at, now=library.now())}; --force asks again"
        if entry.sync.error_class:
            done += f" (the last try failed: {entry.sync.status_message})"
    session.say(f"{entry.name} ({entry.tmdb_id}): {done}", style="green")
    session.say(
        f"  {entry.status}, {plural(counts.total, 'episode')}, {counts.aired:,} aired, {counts.on_disk:,} on disk"
    )

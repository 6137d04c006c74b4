"""Refresh the library: bring everything that is due up to date, several shows at once.

The provider is asked by a few threads. Everything else, and all of the index, is the matter of the one thread that
calls :func:`refresh_library`: claim, hand over, write what came back, release.
"""

from __future__ import annotations

import itertools
import logging
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from alfred.application.exceptions import AlfredError, ProviderError
from alfred.application.ports.batch import BatchIndex, ChangeFeed, RefreshProgress
from alfred.application.ports.changes import FeedVerdict
from alfred.application.ports.claims import OwnProcess, Processes
from alfred.application.ports.clock import system_clock
from alfred.application.ports.provider import TVShowProvider
from alfred.application.ports.releases import FoundRelease, SeriesReleases
from alfred.application.tv_shows.claims import is_given_up, release_claims
from alfred.application.tv_shows.cleanup import ORPHAN_AGE_THRESHOLD
from alfred.application.tv_shows.sync import Answer, ask, record_failed_sync, write_answer
from alfred.application.tv_shows.worker_pool import Done, WorkerPool
from alfred.domain.library.entry import EntryState
from alfred.domain.library.failure import NOT_FOUND, PROVIDER_WIDE
from alfred.domain.library.refresh_plan import RefreshCandidate, RefreshReason, RefreshRule, may_be_verified
from alfred.domain.shared.value_objects import TmdbId

log = logging.getLogger(__name__)

WORKERS = 8

WIDE_IN_A_ROW = 3
"""After so many failures in a row that are the provider's own, the others are not tried."""

FAILED_IN_A_ROW = 20
"""After so many failures in a row of whatever kind, the others are not tried."""

TICK_SECONDS = 0.2
"""How often a batch that waits for answers looks whether it is to stop."""


class Ending(StrEnum):
    """Why a batch ended before it was through."""

    INTERRUPTED = "interrupted"
    PROVIDER = "provider"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class PlannedRefresh:
    """An entry that a batch would take, in which state it is, and why."""

    candidate: RefreshCandidate
    state: EntryState
    reason: RefreshReason


@dataclass(frozen=True, slots=True)
class FailedRefresh:
    """A show that the provider failed for; its entry says so too."""

    tmdb_id: TmdbId
    name: str
    error: ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshReport:
    """What a batch did.

    Attributes:
        selected: how many entries it was to take; the sum of the next five.
        refreshed: fetched and written.
        unchanged: the provider says that they are as they were, by its list of changes or when asked for them.
        failed: those that the provider failed for.
        skipped: those that another process took care of meanwhile.
        left: as they were, since the batch ended before their turn.
        requests: how many were sent, retries included.
        ending: why it ended early; None where it did not.
        error: what the provider came to, where that was the end.
        note: what the change feed had to say.
        warnings: sentences, each with the number of shows that it holds for.
    """

    selected: int = 0
    refreshed: int = 0
    unchanged: int = 0
    failed: tuple[FailedRefresh, ...] = ()
    skipped: int = 0
    left: int = 0
    requests: int = 0
    elapsed_seconds: float = 0.0
    ending: Ending | None = None
    error: ProviderError | None = None
    note: str | None = None
    warnings: Mapping[str, int] = field(default_factory=dict)


def plan_refresh(
    *,
    rule: RefreshRule,
    index: BatchIndex,
    processes: Processes,
    now: Callable[[], datetime] = system_clock,
    limit: int | None = None,
    max_requests: int | None = None,
    claim_threshold: timedelta = ORPHAN_AGE_THRESHOLD,
) -> Iterator[PlannedRefresh]:
    """Yield what :func:`refresh_library` would take, in its order, as it is read; nothing is written.

    Args:
        rule: which entries.
        index: where they are.
        processes: this machine; a claim of a process that died on it counts for nothing.
        now: the clock; aware, UTC.
        limit: at most so many.
        max_requests: only what fits into so many requests, each show taken as it comes if it still fits.
        claim_threshold: a claim that is older counts for nothing.
    """
    moment = now()
    count, requests = 0, 0
    for candidate in index.candidates(true_until=rule.newest_of_interest(moment), now=moment):
        planned = _planned(candidate, rule, processes, now=moment, claim_threshold=claim_threshold)
        if planned is None:
            continue
        if limit is not None and count >= limit:
            return
        count += 1
        if max_requests is not None and requests + planned.candidate.requests > max_requests:
            continue
        requests += planned.candidate.requests
        yield planned


def _planned(
    candidate: RefreshCandidate,
    rule: RefreshRule,
    processes: Processes,
    *,
    now: datetime,
    claim_threshold: timedelta,
) -> PlannedRefresh | None:
    claim = candidate.claim
    if claim is not None and is_given_up(claim, processes, now=now, threshold=claim_threshold):
        candidate = candidate.without_claim()
    reason = rule.reason(candidate.standing, now=now)
    if reason is None:
        return None
    return PlannedRefresh(candidate, rule.state(candidate.standing, now=now), reason)


def refresh_library(
    library_root: Path,
    *,
    rule: RefreshRule,
    index: BatchIndex,
    release_repo: SeriesReleases,
    tmdb_client: TVShowProvider,
    processes: OwnProcess,
    now: Callable[[], datetime] = system_clock,
    workers: int = WORKERS,
    limit: int | None = None,
    max_requests: int | None = None,
    claim_threshold: timedelta = ORPHAN_AGE_THRESHOLD,
    gate: Callable[[], None] | None = None,
    feed: ChangeFeed | None = None,
    requests_sent: Callable[[], int] | None = None,
    requests_waiting: Callable[[], int] = lambda: 0,
    provider_failing: Callable[[], bool] = lambda: False,
    should_stop: Callable[[], bool] = lambda: False,
    on_progress: Callable[[RefreshProgress], None] = lambda _: None,
) -> RefreshReport:
    """Fetch every show that is due, and write each as soon as it is there.

    Processes that do the same at the same time share the work: a show is fetched by one of them. One show's
    failure does not stop the batch; a provider that fails for all of them does, and then no entry is marked for a
    fault that is not its own.

    Args:
        library_root: the folder that paths of show folders are given relative to.
        rule: which entries.
        index: where entries are kept; used by the calling thread alone.
        release_repo: the sidecars; used by the calling thread alone.
        tmdb_client: the provider; used by all workers.
        processes: this machine, of which we are a process.
        now: the clock; aware, UTC.
        workers: how many shows are fetched at once.
        limit: at most so many entries.
        max_requests: requests that may be sent; what does not fit is left. Retries of shows under way may pass it.
        claim_threshold: a claim that is older is taken over, whoever holds it.
        gate: called once before the first request; raises to keep the batch from sending any.
        feed: tells which stale entries did not change and need no fetch.
        requests_sent: the provider's count of requests; without it each fetch counts by its estimate.
        requests_waiting: the provider's count of requests that wait for their time; for the progress alone.
        provider_failing: says whether the provider fails so much that "not found" proves nothing.
        should_stop: asked again and again; once true, no more shows are taken and the running ones finish.
        on_progress: told how far it is, several times a second.

    Raises:
        ProviderError: from the gate; nothing was sent.
        TokenMissing: there is no token; nothing was sent.
        LibraryUnavailable, DiskFull: the index cannot be written; what was finished until then stays.
        ValueError: a number of workers that is not positive.
    """
    if workers < 1:
        raise ValueError(f"a batch needs at least one worker, not {workers}")
    return _Batch(
        library_root,
        rule=rule,
        index=index,
        release_repo=release_repo,
        tmdb_client=tmdb_client,
        processes=processes,
        now=now,
        workers=workers,
        max_requests=max_requests,
        claim_threshold=claim_threshold,
        requests_sent=requests_sent,
        requests_waiting=requests_waiting,
        provider_failing=provider_failing,
        should_stop=should_stop,
        on_progress=on_progress,
    ).run(limit=limit, gate=gate, feed=feed)


class _Fetched(NamedTuple):
    """What a worker came back with; ``begun`` and ``ended`` count what workers begin and end, in its order."""

    outcome: Answer | ProviderError
    begun: int
    ended: int


class _HeldBack(NamedTuple):
    """A failure that may be the provider's own, and when it came."""

    failed: FailedRefresh
    ended: int


class _Selection:
    """The entries of a batch: a few numbers each, since there may be very many."""

    def __init__(self) -> None:
        self.ids = array("q")
        self.versions = array("q")
        self.true_at = array("d")

    def add(self, planned: PlannedRefresh, *, now: datetime) -> None:
        facts = planned.candidate.standing.facts
        verifiable = facts is not None and may_be_verified(planned.candidate, planned.reason, now=now)
        self.ids.append(planned.candidate.tmdb_id.value)
        self.versions.append(planned.candidate.version)
        self.true_at.append(facts.known_true_at.timestamp() if facts and verifiable else 0.0)

    def verifiable(self) -> Iterator[tuple[TmdbId, datetime]]:
        """Yield the shows that a change feed may spare a fetch, with the moment that it has to reach back to."""
        for tmdb_id, true_at in zip(self.ids, self.true_at, strict=True):
            if true_at:
                yield TmdbId(tmdb_id), datetime.fromtimestamp(true_at, UTC)


class _Batch:
    """One run."""

    def __init__(
        self,
        library_root: Path,
        *,
        rule: RefreshRule,
        index: BatchIndex,
        release_repo: SeriesReleases,
        tmdb_client: TVShowProvider,
        processes: OwnProcess,
        now: Callable[[], datetime],
        workers: int,
        max_requests: int | None,
        claim_threshold: timedelta,
        requests_sent: Callable[[], int] | None,
        requests_waiting: Callable[[], int],
        provider_failing: Callable[[], bool],
        should_stop: Callable[[], bool],
        on_progress: Callable[[RefreshProgress], None],
    ) -> None:
        self._library_root = library_root
        self._rule = rule
        self._index = index
        self._release_repo = release_repo
        self._tmdb_client = tmdb_client
        self._processes = processes
        self._now = now
        self._workers = workers
        self._max_requests = max_requests
        self._claim_threshold = claim_threshold
        self._requests_sent = requests_sent
        self._requests_waiting = requests_waiting
        self._provider_failing = provider_failing
        self._should_stop = should_stop
        self._on_progress = on_progress

        self._owner = str(processes.this_process())
        self._selection = _Selection()
        self._next = 0
        self._verified: frozenset[TmdbId] = frozenset()
        self._running: dict[TmdbId, RefreshCandidate] = {}
        self._count: Counter[str] = Counter()
        self._failed: list[FailedRefresh] = []
        self._held_back: list[_HeldBack] = []
        self._order = itertools.count()
        self._failed_in_a_row = 0
        self._answered = False
        self._warnings: Counter[str] = Counter()
        self._estimated_requests = 0
        self._requests_before = requests_sent() if requests_sent else 0
        self._ending: Ending | None = None
        self._error: ProviderError | None = None
        self._fatal: BaseException | None = None
        self._note: str | None = None

    def run(self, *, limit: int | None, gate: Callable[[], None] | None, feed: ChangeFeed | None) -> RefreshReport:
        started = self._now()
        self._end_claims_given_up()
        self._select(limit)
        if self._selection.ids:
            if gate is not None:
                gate()
            if feed is not None:
                self._verify(feed)
            if self._ending is None:
                self._fetch_all()
        return self._report((self._now() - started).total_seconds())

    # --- what is to do

    def _end_claims_given_up(self) -> None:
        moment = self._now()
        given_up = [
            claim
            for claim in self._index.claims()
            if is_given_up(claim, self._processes, now=moment, threshold=self._claim_threshold)
        ]
        if given_up:
            with self._index.exclusive():
                release_claims(given_up, self._index)

    def _select(self, limit: int | None) -> None:
        moment = self._now()
        planned = plan_refresh(
            rule=self._rule,
            index=self._index,
            processes=self._processes,
            now=lambda: moment,
            limit=limit,
            claim_threshold=self._claim_threshold,
        )
        for entry in planned:
            self._selection.add(entry, now=moment)

    def _verify(self, feed: ChangeFeed) -> None:
        """Ask the change feed once, and spare the shows a fetch that did not change."""
        if not any(self._selection.true_at):
            return
        asked_at = self._now()
        try:
            verdict = feed.unchanged(self._selection.verifiable(), self._max_requests)
        except ProviderError as error:
            if error.error_class in PROVIDER_WIDE:
                self._ending, self._error = Ending.PROVIDER, error
                return
            verdict = FeedVerdict(note=f"the change feed could not be read: {error}")
        self._note = verdict.note
        self._estimated_requests += verdict.requests
        self._verified = verdict.unchanged & {tmdb_id for tmdb_id, _ in self._selection.verifiable()}
        if self._verified:
            self._index.stamp_verified(sorted(self._verified), at=asked_at)

    # --- the loop

    def _fetch_all(self) -> None:
        with WorkerPool(self._fetch, self._workers) as pool:
            try:
                self._is_told_to_stop()
                self._turn(pool, ())
                while self._running:
                    done = pool.wait(TICK_SECONDS)
                    if self._is_told_to_stop() or done:
                        self._turn(pool, done)
                    self._tell()
            finally:
                self._let_go(self._running)
        if self._fatal is not None:
            raise self._fatal

    def _is_told_to_stop(self) -> bool:
        """Say once that no more shows are to be taken."""
        if self._ending is not None or not self._should_stop():
            return False
        self._ending = Ending.INTERRUPTED
        return True

    def _fetch(self, candidate: RefreshCandidate) -> _Fetched:
        """Ask the provider; runs in the workers' threads."""
        begun, asked_at = next(self._order), self._now()
        outcome: Answer | ProviderError
        try:
            etag = None if self._rule.force else candidate.known_edition(now=asked_at)
            info = ask(self._tmdb_client, candidate.tmdb_id, etag)
            outcome = Answer(candidate.tmdb_id, info, asked_at)
        except ProviderError as error:
            outcome = error
        except AlfredError:
            raise
        except Exception as error:
            log.debug("show %s: an answer that nothing was prepared for", candidate.tmdb_id, exc_info=error)
            message = f"an answer that Alfred cannot use ({type(error).__name__})"
            outcome = ProviderError(message, error_class="parse_error")
        return _Fetched(outcome, begun, next(self._order))

    def _turn(
        self,
        pool: WorkerPool[RefreshCandidate, _Fetched],
        done: Iterable[Done[RefreshCandidate, _Fetched]],
    ) -> None:
        """Write what came back and claim what comes next, in one transaction."""
        releases = [
            self._release_repo.load_by_tmdb_id(one.item.tmdb_id)
            if one.result is not None and isinstance(one.result.outcome, Answer)
            else None
            for one in done
        ]
        with self._index.exclusive():
            for one, found in zip(done, releases, strict=True):
                self._write(one, found)
                self._end(one.item)
            if self._ending is None and self._fatal is None:
                claimed = self._claim_more()
            else:
                claimed = []
                for candidate in pool.take_back():
                    self._end(candidate)
        for candidate in claimed:
            pool.put(candidate)

    def _end(self, candidate: RefreshCandidate) -> None:
        self._index.release(candidate.tmdb_id, self._owner)
        del self._running[candidate.tmdb_id]

    def _let_go(self, claimed: Iterable[TmdbId]) -> None:
        """Release what is still claimed when a run ends against its will."""
        ids = list(claimed)
        if not ids:
            return
        try:
            with self._index.exclusive():
                for tmdb_id in ids:
                    self._index.release(tmdb_id, self._owner)
        except AlfredError as error:
            log.warning("claims stay until the next batch: %s", error)

    def _claim_more(self) -> list[RefreshCandidate]:
        """Claim so many that no worker has to wait for the next transaction; few before the first answer."""
        claimed: list[RefreshCandidate] = []
        enough = 2 * self._workers
        if not self._answered:
            enough = min(enough, max(1, WIDE_IN_A_ROW - len(self._held_back)))
        while self._next < len(self._selection.ids) and len(self._running) < enough:
            if self._max_requests is not None and self._requests() >= self._max_requests:
                break
            tmdb_id = TmdbId(self._selection.ids[self._next])
            if tmdb_id in self._verified:
                self._next += 1
                continue
            candidate = self._still_due(tmdb_id, self._selection.versions[self._next])
            if candidate is not None and not self._fits(candidate):
                if self._running:
                    break  # when they are done it is known what they took
                self._next += 1
                continue
            self._next += 1
            if candidate is None or not self._index.claim(tmdb_id, self._owner, self._now()):
                self._count["skipped"] += 1
                continue
            self._running[tmdb_id] = candidate
            claimed.append(candidate)
        return claimed

    def _still_due(self, tmdb_id: TmdbId, version: int) -> RefreshCandidate | None:
        """Look again: another process may have taken care of the entry since it was selected."""
        candidate = self._index.candidate(tmdb_id)
        if candidate is None or candidate.claim is not None or candidate.version != version:
            return None
        return candidate if self._rule.reason(candidate.standing, now=self._now()) is not None else None

    def _fits(self, candidate: RefreshCandidate) -> bool:
        if self._max_requests is None:
            return True
        on_the_way = sum(running.requests for running in self._running.values())
        return self._requests() + on_the_way + candidate.requests <= self._max_requests

    def _requests(self) -> int:
        if self._requests_sent is None:
            return self._estimated_requests
        return self._requests_sent() - self._requests_before

    # --- what came back

    def _write(self, done: Done[RefreshCandidate, _Fetched], found: FoundRelease | None) -> None:
        candidate, fetched = done.item, done.result
        self._estimated_requests += candidate.requests
        if fetched is None:
            self._fatal = self._fatal or done.error
        elif isinstance(fetched.outcome, ProviderError):
            self._note_failure(candidate, fetched.outcome, fetched)
        else:
            self._provider_answered(fetched)
            self._failed_in_a_row = 0
            self._count["unchanged" if fetched.outcome.info is None else "refreshed"] += 1
            warnings = write_answer(
                self._library_root,
                fetched.outcome,
                found,
                index=self._index,
                release_repo=self._release_repo,
                path=candidate.path,
                is_missing=candidate.standing.missing_since is not None,
            )
            self._warnings.update(warnings)

    def _note_failure(self, candidate: RefreshCandidate, error: ProviderError, fetched: _Fetched) -> None:
        """Mark the entry, unless the fault may be the provider's own: then wait for what it says to the others."""
        failed = FailedRefresh(candidate.tmdb_id, candidate.name, error)
        self._failed_in_a_row += 1
        if error.error_class in PROVIDER_WIDE:
            self._held_back.append(_HeldBack(failed, fetched.ended))
            if len(self._held_back) >= WIDE_IN_A_ROW:
                self._stop_for(error)
            return
        if error.error_class == NOT_FOUND:
            self._provider_answered(fetched)
        self._mark(failed)
        if self._failed_in_a_row >= FAILED_IN_A_ROW:
            self._stop_for(error)

    def _provider_answered(self, fetched: _Fetched) -> None:
        """Mark what was held back before this was asked: the provider answers others, so it is the shows' own."""
        self._answered = True
        for held_back in self._held_back:
            if held_back.ended < fetched.begun:
                self._mark(held_back.failed)
        self._held_back = [held_back for held_back in self._held_back if held_back.ended > fetched.begun]

    def _mark(self, failed: FailedRefresh) -> None:
        self._failed.append(failed)
        candidate = self._index.candidate(failed.tmdb_id)
        if candidate is None:
            return
        record_failed_sync(
            self._index,
            failed.tmdb_id,
            failed.error,
            has_facts=candidate.standing.facts is not None,
            path=candidate.path,
            now=self._now(),
            provider_failing=self._provider_failing,
        )

    def _stop_for(self, error: ProviderError) -> None:
        if self._ending is None:
            self._ending, self._error = Ending.PROVIDER, error

    # --- telling

    @property
    def _unchanged(self) -> int:
        return len(self._verified) + self._count["unchanged"]

    def _tell(self) -> None:
        self._on_progress(
            RefreshProgress(
                selected=len(self._selection.ids),
                refreshed=self._count["refreshed"],
                unchanged=self._unchanged,
                failed=len(self._failed),
                skipped=self._count["skipped"],
                running=len(self._running),
                requests=self._requests(),
                waiting=self._requests_waiting(),
            )
        )

    def _report(self, elapsed_seconds: float) -> RefreshReport:
        if self._held_back and self._ending is None:
            self._stop_for(self._held_back[-1].failed.error)
        selected = len(self._selection.ids)
        done = self._count["refreshed"] + self._unchanged + len(self._failed) + self._count["skipped"]
        left = selected - done
        if self._ending in (None, Ending.INTERRUPTED):
            self._ending = (self._ending or Ending.BUDGET) if left else None
        return RefreshReport(
            selected=selected,
            refreshed=self._count["refreshed"],
            unchanged=self._unchanged,
            failed=tuple(self._failed),
            skipped=self._count["skipped"],
            left=left,
            requests=self._requests(),
            elapsed_seconds=elapsed_seconds,
            ending=self._ending,
            error=self._error,
            note=self._note,
            warnings=dict(self._warnings),
        )

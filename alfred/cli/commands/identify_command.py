"""``alfred identify``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from alfred.application.exceptions import AlfredError, ProviderError, SidecarUnreadable
from alfred.cli.command import TMDB_ID, alfred_command
from alfred.cli.session import Session
from alfred.cli.text import plural
from alfred.domain.library.failure import PROVIDER_WIDE
from alfred.domain.shared.value_objects import TmdbId

if TYPE_CHECKING:
    from alfred.application.tv_shows.identify import FolderFacts, Proposal
    from alfred.composition import Library
    from alfred.domain.library.matching import Scored

LISTED_AT_MOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    """A folder with the id that it was, or would be, given."""

    path: str
    tmdb_id: TmdbId
    before: TmdbId | None
    decided_by: str
    scored: Scored | None = None


@dataclass(slots=True)
class _Outcome:
    """What became of the folders."""

    identified: list[_Match] = field(default_factory=list)
    unchanged: list[FolderFacts] = field(default_factory=list)
    undecided: list[Proposal] = field(default_factory=list)
    failed: list[tuple[str, Exception]] = field(default_factory=list)
    not_tried: list[str] = field(default_factory=list)


@alfred_command(
    "identify",
    examples="""
    alfred identify
    alfred identify "Shameless" --tmdb-id 34307
    alfred identify --yes --json
    """,
)
@click.argument("given", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER]...")
@click.option("--tmdb-id", type=TMDB_ID, metavar="N", help="It is this show; also corrects a wrong one.")
@click.option("--yes", is_flag=True, help="Ask nothing: take what is clearly ahead, and leave the rest.")
@click.option("--dry-run", is_flag=True, help="Say what would be taken, and write nothing.")
def command(
    session: Session, given: tuple[Path, ...], *, tmdb_id: TmdbId | None, yes: bool, dry_run: bool
) -> None:
    """Find out which show a folder is: by the id of another provider, else by name, year and episode numbers.

    Without FOLDER: every folder that a rescan finds no id for. A show that is clearly ahead is taken;
    otherwise you are asked on a terminal, and elsewhere the candidates are listed. A folder that has an id keeps
    it, unless --tmdb-id gives another; tags, note and dates go along.
    """
    if tmdb_id is not None and not given:
        raise click.UsageError("--tmdb-id says which show a folder is: name the folder too")

    def work(library: Library) -> tuple[_Outcome, int]:
        folders = library.folders_to_identify(given, start=Path.cwd())
        run = _Run(session, library, tmdb_id=tmdb_id, may_ask=not (yes or dry_run), dry_run=dry_run)
        run.go_through(folders)
        return run.outcome, 0 if tmdb_id is not None else library.provider.requests_sent

    outcome, requests = session.with_library(work)
    if outcome.failed and not (outcome.identified or outcome.undecided or outcome.unchanged):
        first = outcome.failed[0][1]
        if len(outcome.failed) == 1 and not outcome.not_tried:
            raise first
        session.exit_code = first.exit_code if isinstance(first, AlfredError) else 1
    elif outcome.failed or outcome.undecided or outcome.not_tried:
        session.exit_code = 1
    session.answer(lambda: _shape(outcome, requests=requests), lambda: _sum_up(session, outcome, dry_run=dry_run))


class _Run:
    """One run over some folders."""

    def __init__(
        self, session: Session, library: Library, *, tmdb_id: TmdbId | None, may_ask: bool, dry_run: bool
    ) -> None:
        self._session = session
        self._library = library
        self._tmdb_id = tmdb_id
        self._may_ask = may_ask and _somebody_is_there(session)
        self._dry_run = dry_run
        self.outcome = _Outcome()

    def go_through(self, folders: Sequence[str]) -> None:
        """Identify folder by folder; where the provider fails for all of them, stop."""
        for at, folder in enumerate(folders):
            try:
                self._identify(folder)
            except (ProviderError, SidecarUnreadable, OSError) as error:
                self.outcome.failed.append((folder, error))
                if len(folders) > 1:
                    self._session.complain(f"{folder}: {_in_words(error)}")
                if isinstance(error, ProviderError) and error.error_class in PROVIDER_WIDE:
                    self.outcome.not_tried += folders[at + 1 :]
                    break

    def _identify(self, folder: str) -> None:
        if self._tmdb_id is not None:
            facts = self._library.look_at_folder(folder)
            self._take(_Match(path=folder, tmdb_id=self._tmdb_id, before=facts.tmdb_id, decided_by="you"))
            return
        facts = self._library.look_at_folder(folder)
        if facts.tmdb_id is not None:
            self.outcome.unchanged.append(facts)
            self._tell(f"{folder}: has TMDB id {facts.tmdb_id} already; --tmdb-id N gives it another", style="dim")
            return
        proposal = self._library.propose(facts)
        best = proposal.sure
        if best is not None:
            self._take(
                _Match(
                    path=folder,
                    tmdb_id=best.show.tmdb_id,
                    before=None,
                    decided_by=proposal.decided_by,
                    scored=best,
                )
            )
        elif (chosen := self._ask(proposal)) is not None:
            scored = next((one for one in proposal.candidates if one.show.tmdb_id == chosen), None)
            self._take(_Match(path=folder, tmdb_id=chosen, before=None, decided_by="you", scored=scored))
        else:
            self.outcome.undecided.append(proposal)
            self._tell_undecided(proposal)

    def _ask(self, proposal: Proposal) -> TmdbId | None:
        if not self._may_ask:
            return None
        from alfred.cli.choosing import choose_show

        return choose_show(proposal)

    def _take(self, match: _Match) -> None:
        if not self._dry_run:
            self._library.assign(match.path, match.tmdb_id)
        self.outcome.identified.append(match)
        name = f", {_title(match.scored)}" if match.scored else ""
        instead = f" instead of {match.before}" if match.before not in (None, match.tmdb_id) else ""
        verb = "would be" if self._dry_run else "is"
        how = "" if match.decided_by == "you" else f" (by {match.decided_by})"
        self._tell(f"{match.path}: {verb} TMDB {match.tmdb_id}{name}{instead}{how}", style="green")

    def _tell_undecided(self, proposal: Proposal) -> None:
        if not proposal.candidates:
            self._tell(f"{proposal.folder.path}: TMDB finds nothing by that name", style="yellow")
            return
        self._tell(f"{proposal.folder.path}: none is clearly ahead", style="yellow")
        for scored in proposal.candidates[:LISTED_AT_MOST]:
            self._tell(
                f"  {scored.show.tmdb_id.value:>8}  {_title(scored)}  {scored.points:.2f}  {scored.show.url}"
            )

    def _tell(self, line: str, *, style: str = "") -> None:
        if not (self._session.as_json or self._session.quiet):
            self._session.say(line, style=style)


def _somebody_is_there(session: Session) -> bool:
    return not (session.as_json or session.quiet) and sys.stdin.isatty() and session.stdout_is_terminal


def _title(scored: Scored) -> str:
    first = scored.show.first_air_date
    return f"{scored.show.name} ({first.year})" if first else scored.show.name


def _in_words(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _sum_up(session: Session, outcome: _Outcome, *, dry_run: bool) -> None:
    left = len(outcome.undecided) + len(outcome.failed) + len(outcome.not_tried)
    if outcome.not_tried:
        session.complain(f"not tried, since they would fail the same way: {', '.join(outcome.not_tried)}")
    if not (outcome.identified or outcome.unchanged or left):
        session.say("Every folder has an id.")
        return
    would = " would be" if dry_run else ""
    session.say(f"{plural(len(outcome.identified), 'folder')}{would} identified, {left} left without an id.")
    if outcome.undecided:
        session.say("Say which show one is with: alfred identify FOLDER --tmdb-id N")
    elif outcome.identified and not dry_run:
        session.say("'alfred refresh' fetches their seasons and episodes.")


def _shape(outcome: _Outcome, *, requests: int) -> dict[str, Any]:
    return {
        "identified": [_match_shape(match) for match in outcome.identified],
        "unchanged": [
            {"path": facts.path, "tmdb_id": facts.tmdb_id.value if facts.tmdb_id else None}
            for facts in outcome.unchanged
        ],
        "undecided": [_proposal_shape(proposal) for proposal in outcome.undecided],
        "failed": [{"path": path, "message": _in_words(error)} for path, error in outcome.failed],
        "not_tried": outcome.not_tried,
        "requests": requests,
    }


def _match_shape(match: _Match) -> dict[str, Any]:
    return {
        "path": match.path,
        "tmdb_id": match.tmdb_id.value,
        "previous": match.before.value if match.before else None,
        "decided_by": match.decided_by,
        "candidate": _candidate_shape(match.scored) if match.scored else None,
    }


def _proposal_shape(proposal: Proposal) -> dict[str, Any]:
    reading = proposal.folder.readings[0]
    return {
        "path": proposal.folder.path,
        "title": reading.title,
        "year": reading.year,
        "candidates": [_candidate_shape(scored) for scored in proposal.candidates],
    }


def _candidate_shape(scored: Scored) -> dict[str, Any]:
    show = scored.show
    return {
        "tmdb_id": show.tmdb_id.value,
        "name": show.name,
        "original_name": show.original_name,
        "first_air_date": show.first_air_date.isoformat() if show.first_air_date else None,
        "overview": show.overview,
        "url": show.url,
        "score": round(scored.points, 3),
        "scores": {
            "title": round(scored.title, 3),
            "year": scored.year,
            "numbers": None if scored.numbers is None else round(scored.numbers, 3),
        },
    }

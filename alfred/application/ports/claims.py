"""What is asked of those who keep claims, and of the machine that their owners run on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from alfred.domain.shared.value_objects import TmdbId
from alfred.domain.work.lease import Claim, Owner


class Claims(Protocol):
    """Claims on entries, as one needs them who ends those that were given up."""

    def claims(self) -> Sequence[Claim]:
        """Return every claim, by show."""

    def release(self, tmdb_id: TmdbId, owner: str, /) -> bool:
        """Release a claim of this owner, and say whether there was one."""


class Processes(Protocol):
    """The processes of this machine."""

    def this_host(self) -> str:
        """Return the name of this machine."""

    def is_alive(self, owner: Owner, /) -> bool:
        """Say whether a process of this machine is still alive."""


class OwnProcess(Processes, Protocol):
    """The processes of this machine, and which of them we are."""

    def this_process(self) -> Owner:
        """Return this process as an owner of claims."""

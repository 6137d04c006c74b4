"""Processes of an invented machine."""

from __future__ import annotations

from alfred.domain.work.lease import Owner

US = Owner("here", 42, "now")
DEAD = Owner("here", 13, "then")
ELSEWHERE = Owner("there", 13, "then")


class FakeProcesses:
    def __init__(self, *alive: Owner) -> None:
        self.alive = {US, *alive}

    def this_host(self) -> str:
        return US.host

    def this_process(self) -> Owner:
        return US

    def is_alive(self, owner: Owner) -> bool:
        return owner in self.alive

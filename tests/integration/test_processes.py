"""Processes that are really there, and processes that really died."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alfred.domain.work.lease import Owner
from alfred.infrastructure.processes import is_alive, this_host, this_process

ASK = "from alfred.infrastructure.processes import this_process; print(this_process(), flush=True); input()"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", ASK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def owner_of(child: subprocess.Popen[str]) -> Owner:
    assert child.stdout is not None
    owner = Owner.parse(child.stdout.readline().strip())
    assert owner is not None
    return owner


def test_this_process_is_alive() -> None:
    assert (this_process().host, this_process().pid) == (this_host(), os.getpid())
    assert this_process() == this_process()
    assert is_alive(this_process())


def test_a_child_is_alive_until_it_is_killed(child: subprocess.Popen[str]) -> None:
    owner = owner_of(child)
    assert (owner.host, owner.pid) == (this_host(), child.pid)
    assert is_alive(owner)

    child.kill()
    child.wait()

    assert not is_alive(owner)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system does not tell of zombies")
def test_a_child_that_was_killed_and_is_not_waited_for_is_dead(child: subprocess.Popen[str]) -> None:
    owner = owner_of(child)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert not is_alive(owner)


@pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="this system does not tell when a process started"
)
def test_another_process_with_the_same_id_is_not_the_owner() -> None:
    boot, namespace, ticks = this_process().started.split(".")

    assert not is_alive(replace(this_process(), started=f"{boot}.{namespace}.{int(ticks) + 1}"))
    assert not is_alive(replace(this_process(), started=f"{boot[::-1]}x.{namespace}.{ticks}"))


@pytest.mark.skipif(not Path("/proc/self/ns").exists(), reason="this system has no process id namespaces")
def test_a_process_in_a_container_beside_us_cannot_be_seen_and_counts_as_alive() -> None:
    boot, namespace, ticks = this_process().started.split(".")

    assert is_alive(Owner(this_host(), 2**22 - 1, f"{boot}.{namespace}1.{ticks}"))


@pytest.mark.parametrize("started", ["", "something else"])
def test_without_a_start_time_only_the_id_counts(started: str) -> None:
    assert is_alive(Owner(this_host(), os.getpid(), started))
    assert not is_alive(Owner(this_host(), 2**31 - 1, started))


def test_a_process_of_another_user_is_alive() -> None:
    assert is_alive(Owner(this_host(), 1))

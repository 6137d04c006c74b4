"""A few threads that do one thing with each item they are given."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Done(Generic[ItemT, ResultT]):
    """An item that a thread is done with: with a result, or with what was raised."""

    item: ItemT
    result: ResultT | None
    error: BaseException | None


class WorkerPool(Generic[ItemT, ResultT]):
    """Threads that end with the process, whatever they are waiting for.

    Args:
        work: done with each item; threads share it.
        workers: how many threads.
    """

    def __init__(self, work: Callable[[ItemT], ResultT], workers: int) -> None:
        self._work = work
        self._items: queue.SimpleQueue[ItemT | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Done[ItemT, ResultT]] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"fetch-{number}", daemon=True)
            for number in range(1, workers + 1)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the threads end; wait for them only where nothing went wrong."""
        for _ in self._threads:
            self._items.put(None)
        if error is None:
            for thread in self._threads:
                thread.join()

    def put(self, item: ItemT) -> None:
        """Give an item to whichever thread is free next."""
        self._items.put(item)

    def take_back(self) -> list[ItemT]:
        """Return the items that no thread has begun with."""
        items = []
        with suppress(queue.Empty):
            while True:
                item = self._items.get_nowait()
                if item is not None:
                    items.append(item)
        return items

    def wait(self, seconds: float) -> list[Done[ItemT, ResultT]]:
        """Return what the threads are done with by now; where that is nothing, wait for the first."""
        done = []
        with suppress(queue.Empty):
            done.append(self._done.get(timeout=seconds))
            while True:
                done.append(self._done.get_nowait())
        return done

    def _run(self) -> None:
        while (item := self._items.get()) is not None:
            try:
                done: Done[ItemT, ResultT] = Done(item, self._work(item), None)
            except BaseException as error:  # noqa: BLE001 - whoever waits for the item raises it
                done = Done(item, None, error)
            self._done.put(done)

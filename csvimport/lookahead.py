"""More hands: the next items are made in threads of their own while this one is worked on."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")

#: In seconds.
_PATIENCE = 0.25


def ahead(items: Iterator[T], meanwhile: Callable[[], object] = bool) -> Generator[T]:
    """What `items` yields or raises, in its order, made one item ahead and no more.

    Where an item takes its time, `meanwhile` is called once.
    """
    made: SimpleQueue[tuple[T] | BaseException] = SimpleQueue()
    wanted = threading.Semaphore(1)
    stopped = threading.Event()

    def make() -> None:
        while True:
            wanted.acquire()
            if stopped.is_set():
                return
            try:
                made.put((next(items),))
            except BaseException as error:  # whatever it is, it belongs to who asked
                made.put(error)
                return

    threading.Thread(target=make, name="csvimport-ahead", daemon=True).start()
    try:
        while True:
            try:
                item = made.get(timeout=_PATIENCE)
            except Empty:
                meanwhile()
                item = made.get()
            wanted.release()
            if isinstance(item, StopIteration):
                return
            if isinstance(item, BaseException):
                try:
                    raise item
                finally:
                    del item  # it knows this frame
            yield item[0]
            del item  # or it would be kept while the next one is waited for
    finally:
        stopped.set()
        wanted.release()


def each_made(items: Iterator[S], make: Callable[[S], T], hands: int) -> Generator[T]:
    """What `make` makes of each of `items`, in their order, of so many at a time.

    What `items` raises is raised behind what was made of those before.
    """
    made: deque[Future[T]] = deque()
    end: BaseException | None = None
    with ThreadPoolExecutor(hands, "csvimport-hand") as pool:
        while True:
            while len(made) < hands and end is None:
                try:
                    made.append(pool.submit(make, next(items)))
                except BaseException as error:  # whatever it is, it belongs to who asked
                    end = error
            if not made:
                break
            yield made.popleft().result()
    if not isinstance(end, StopIteration):
        assert end is not None
        raise end


@dataclass
class Aside:
    """Does one thing at a time in a thread of its own, called `name`."""

    name: str
    _thread: threading.Thread | None = None
    _error: BaseException | None = None

    def start(self, task: Callable[[], object]) -> None:
        """Begin with `task`, when the one before is done; where it is interrupted, once more."""
        self.settle()
        thread = threading.Thread(target=self._do, args=(task,), name=self.name, daemon=True)
        thread.start()
        self._thread = thread

    def settle(self) -> None:
        """Wait until all is done; raise what kept it from that, or interrupted it."""
        self.wait()
        error = self._error
        if isinstance(error, KeyboardInterrupt):
            self._error = None
        if error:
            raise error

    def wait(self) -> None:
        """Wait until nothing is being done."""
        if self._thread:
            self._thread.join()

    @property
    def failure(self) -> BaseException | None:
        """What kept something from being done; an interrupt did not, and is for who settles."""
        return None if isinstance(self._error, KeyboardInterrupt) else self._error

    def _do(self, task: Callable[[], object]) -> None:
        interrupt = None
        try:
            while True:
                try:
                    task()
                    break
                except KeyboardInterrupt as error:  # polars notices it in whatever thread computes
                    interrupt = error
        except BaseException as error:  # whatever it is, it belongs to who started it
            self._error = error
        else:
            self._error = interrupt

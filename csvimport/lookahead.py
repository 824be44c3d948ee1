"""Two hands: the next item is made in a thread of its own while this one is worked on."""

import threading
from collections.abc import Callable, Generator, Iterator
from queue import Empty, SimpleQueue
from typing import TypeVar

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

"""Two hands: the next item is made in a thread of its own while this one is worked on."""

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """What `items` yields or raises, in its order, made one item ahead and no more."""
    made: SimpleQueue[tuple[T] | BaseException] = SimpleQueue()
    wanted = threading.Semaphore(1)
    stopped = threading.Event()

    def make() -> None:
        while True:
            wanted.acquire()
            if stopped.is_set():
                return
            try:
                item = next(items)
            except BaseException as error:  # whatever it is, it belongs to who asked
                made.put(error)
                return
            made.put((item,))

    threading.Thread(target=make, name="csvimport-ahead", daemon=True).start()
    try:
        while True:
            item = made.get()
            wanted.release()
            if isinstance(item, StopIteration):
                return
            if isinstance(item, BaseException):
                raise item
            yield item[0]
            del item  # or it would be kept while the next one is waited for
    finally:
        stopped.set()
        wanted.release()

"""Values kept in this process because they can be made again from what names them, and cost more to make than to keep.

Nothing stands here that another worker must see: the key says all that the value was made from, and what the key says
is read from the database each time.
"""

from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class _Absent:
    """Nothing that anybody keeps."""


_ABSENT: Final = _Absent()


class Kept(Generic[K, V]):
    """At most so many values by key; the one that nobody has asked for longest goes first. For any number of threads.

    Unlike those of `functools.lru_cache` its values can be made together, all that are lacking from one statement.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[K, V] = {}
        self._lock = Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of a key, made where it is not here."""
        with self._lock:
            value = self._values.pop(key, _ABSENT)
            if not isinstance(value, _Absent):
                self._values[key] = value
                return value
        return self._put(key, make())[1]

    def get_all(self, keys: Iterable[K], make: Callable[[list[K]], Iterable[tuple[K, V]]]) -> dict[K, V]:
        """The values of some keys; `make` is given those that are not here. A key that it leaves out is left out."""
        asked = list(dict.fromkeys(keys))
        with self._lock:
            found = dict(self._here(asked))
        if lacking := [key for key in asked if key not in found]:
            # Not under the lock, or all would wait for one; two threads may make the same value, and one is kept.
            found.update(self._put(key, value) for key, value in make(lacking))
        return found

    def _here(self, keys: Iterable[K]) -> Iterator[tuple[K, V]]:
        """What of these is here, which is now the last to go. Taken out and put back: keys may be slow to compare."""
        for key in keys:
            value = self._values.pop(key, _ABSENT)
            if not isinstance(value, _Absent):
                self._values[key] = value
                yield key, value

    def _put(self, key: K, value: V) -> tuple[K, V]:
        with self._lock:
            kept = self._values.setdefault(key, value)
            if len(self._values) > self._most:
                del self._values[next(iter(self._values))]
            return key, kept

"""What is kept may be lost and made again, and is never another value than the one that its key names."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from app.store.kept import Kept


class Maker:
    """Makes the square of any number but those named, and remembers what it was asked."""

    def __init__(self, *unknown: int) -> None:
        self.asked: list[list[int]] = []
        self._unknown = unknown

    def __call__(self, keys: list[int]) -> Iterable[tuple[int, int]]:
        self.asked.append(keys)
        return [(key, key * key) for key in keys if key not in self._unknown]


def test_only_what_is_lacking_is_made_and_all_of_it_at_once() -> None:
    kept, make = Kept[int, int](10), Maker()
    assert kept.get_all([1, 2, 2], make) == {1: 1, 2: 4}
    assert kept.get_all([3, 1, 4], make) == {3: 9, 1: 1, 4: 16}
    assert kept.get_all([4, 3, 2, 1], make) == {4: 16, 3: 9, 2: 4, 1: 1}
    assert make.asked == [[1, 2], [3, 4]]


def test_what_nobody_has_asked_for_longest_goes_first() -> None:
    kept, make = Kept[int, int](2), Maker()
    for keys in ([1], [2], [1], [3]):
        kept.get_all(keys, make)
    kept.get_all([1, 3], make)
    assert make.asked == [[1], [2], [3]]
    kept.get_all([2], make)
    assert make.asked[-1] == [2]


def test_more_than_is_kept_is_answered_all_the_same() -> None:
    kept, make = Kept[int, int](2), Maker()
    assert kept.get_all(range(5), make) == {0: 0, 1: 1, 2: 4, 3: 9, 4: 16}
    kept.get_all([3, 4], make)
    assert make.asked == [[0, 1, 2, 3, 4]]


def test_a_key_that_nothing_is_made_of_is_left_out_and_asked_for_again() -> None:
    kept, make = Kept[int, int](2), Maker(2)
    for _ in range(2):
        assert kept.get_all([1, 2], make) == {1: 1}
    assert make.asked == [[1, 2], [2]]


def test_none_is_a_value_like_any_other() -> None:
    kept, made = Kept[str, None](1), []
    for _ in range(2):
        assert kept.get("nothing", lambda: made.append("once")) is None
    assert made == ["once"]


def test_a_maker_that_fails_leaves_nothing_behind() -> None:
    kept = Kept[int, int](1)
    with pytest.raises(ZeroDivisionError):
        kept.get(1, lambda: 1 // 0)
    assert kept.get(1, lambda: 7) == 7


def test_threads_that_make_the_same_value_get_one_object() -> None:
    kept, both = Kept[str, object](4), Barrier(2, timeout=5)

    def make() -> object:
        # Neither goes on before the other is making it too.
        both.wait()
        return object()

    with ThreadPoolExecutor(2) as threads:
        first, second = (threads.submit(kept.get, "one", make) for _ in range(2))
        assert first.result() is second.result()

"""The driver's threads: people first, sends and follows by shares, some threads never taken by what is behind."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from provisioning.pool import FOR_PEOPLE, Lane, Pool, Results


@contextmanager
def held(pool: Pool, *, behind: bool, count: int) -> Iterator[None]:
    """So many threads are at work that does not end until the block does."""
    go_on, begun = threading.Event(), threading.Semaphore(0)

    def work() -> None:
        begun.release()
        go_on.wait(10)

    for _ in range(count):
        pool.put(work, sends=True, behind=behind)
    for _ in range(count):
        assert begun.acquire(timeout=10)
    yield
    go_on.set()


def test_work_is_done_and_its_results_come_back() -> None:
    pool, results = Pool(2), Results[int]()
    for number in range(20):
        pool.put(lambda number=number: results.add(number), sends=number % 2 == 0, behind=False)  # type: ignore[misc]
    found: list[int] = []
    while len(found) < 20:
        came = results.take(10)
        assert came
        found += came
    assert sorted(found) == list(range(20))
    assert results.take(0.0) == []
    assert pool.busy() <= 2


def test_however_much_is_behind_people_find_a_thread() -> None:
    pool, results = Pool(2), Results[str]()
    with held(pool, behind=True, count=2):
        pool.put(lambda: results.add("behind"), sends=True, behind=True)
        pool.put(lambda: results.add("click"), sends=True, behind=False)
        assert results.take(10) == ["click"]
        assert pool.busy() >= 3
    assert results.take(10) == ["behind"]


def test_threads_kept_for_people_are_woken_though_more_is_behind_than_may_be_begun() -> None:
    pool, results = Pool(2), Results[str]()
    with held(pool, behind=False, count=2 + FOR_PEOPLE):
        pass  # every thread has been begun
    while pool.busy():
        pass
    with held(pool, behind=True, count=2):
        for _ in range(FOR_PEOPLE + 1):
            pool.put(lambda: results.add("behind"), sends=True, behind=True)
        pool.put(lambda: results.add("click"), sends=True, behind=False)
        assert results.take(5) == ["click"]


def test_nobody_is_woken_for_what_may_not_be_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, woken = Pool(2), []
    with held(pool, behind=False, count=2 + FOR_PEOPLE):
        pass
    while pool.busy():
        pass
    with held(pool, behind=True, count=2):
        monkeypatch.setattr(pool._lock, "notify", lambda: woken.append(1))
        pool.put(lambda: None, sends=True, behind=True)
        assert not woken
        pool.put(lambda: None, sends=True, behind=False)
        assert woken


def test_what_comes_at_once_is_begun_at_once_however_few_threads_there_are_yet() -> None:
    pool, results = Pool(4), Results[int]()
    pool.put(lambda: results.add(0), sends=True, behind=False)
    assert results.take(10) == [0]
    while pool.busy():  # its thread comes to rest: it is the only one
        pass
    both = threading.Barrier(2)
    for _ in range(2):
        pool.put(lambda: results.add(both.wait(10)), sends=True, behind=False)
    found: list[int] = []
    while len(found) < 2:
        came = results.take(10)
        assert came, "one waits for the other's end"
        found += came
    assert sorted(found) == [0, 1]


def test_people_may_have_all_threads() -> None:
    pool = Pool(2)
    with held(pool, behind=False, count=2 + FOR_PEOPLE):
        assert pool.busy() == 2 + FOR_PEOPLE


def test_while_both_wait_what_is_to_be_sent_and_what_follows_share() -> None:
    lane, taken = Lane(6), Counter[bool]()
    for _ in range(6):
        lane.sends.append(lambda: None)
        lane.follows.append(lambda: None)
    for _ in range(6):
        found = lane.next()
        assert found is not None
        lane.working += 1
        lane.sending += found[1]
        taken[found[1]] += 1
    assert taken == {True: 4, False: 2}
    assert lane.next() is None, "all its threads are at work"


def test_where_only_one_kind_waits_it_has_all() -> None:
    lane = Lane(2)
    for _ in range(2):
        lane.follows.append(lambda: None)
        found = lane.next()
        assert found is not None
        assert found[1] is False
        lane.working += 1

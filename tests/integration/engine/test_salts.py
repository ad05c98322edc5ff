"""A salt used twice is a replay: over threads, processes and restarts there must not be one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from provisioning import salts
from provisioning.gate import NotSent
from provisioning.models import SaltBlock
from provisioning.salts import BLOCK, BLOCK_LIVES, Salts, drawn, take_block

ROOT = Path(__file__).resolve().parents[3]
# No more of the portal than it needs: four of these start while the test waits.
DRAW = """
import json, sys, django
from concurrent.futures import ThreadPoolExecutor
from django.conf import settings
apps = ["django.contrib.contenttypes", "django.contrib.auth", "provisioning"]
settings.configure(DATABASES={"default": json.loads(sys.argv[1])}, INSTALLED_APPS=apps, USE_TZ=True)
django.setup()
from provisioning.salts import Salts
salts = Salts("shared")
sys.stdin.readline()
def draw(_):
    return [salts() for _ in range(80)]
with ThreadPoolExecutor(8) as pool:
    print("\\n".join(salt for drawn in pool.map(draw, range(8)) for salt in drawn))
"""


def start_process() -> subprocess.Popen[str]:
    names = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")
    database = json.dumps({name: connection.settings_dict[name] for name in names})
    return subprocess.Popen(
        [sys.executable, "-c", DRAW, database],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


@pytest.mark.django_db(transaction=True)
def test_four_processes_with_many_threads_and_a_restart_never_share_a_salt() -> None:
    drawn: Counter[str] = Counter()
    for together in (3, 1):  # the fourth is one that was started again
        processes = [start_process() for _ in range(together)]
        for process in processes:
            out, _ = process.communicate("go\n", timeout=60)
            assert process.returncode == 0
            drawn.update(out.split())
    assert drawn.total() == 4 * 8 * 80
    assert max(drawn.values()) == 1
    assert all(len(salt) == 16 and salt.isdigit() for salt in drawn)


@pytest.mark.django_db(transaction=True)
def test_threads_of_one_process_never_share_a_salt() -> None:
    salts = Salts("threads")
    with ThreadPoolExecutor(16) as pool:
        drawn = Counter(
            salt for part in pool.map(lambda _: [salts() for _ in range(100)], range(16)) for salt in part
        )
    assert (len(drawn), max(drawn.values())) == (1600, 1)


@pytest.mark.django_db
def test_blocks_do_not_overlap_though_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    first = take_block("clock")
    monkeypatch.setattr(time, "time", lambda: 1_000_000.0)
    second = take_block("clock")
    assert second >= first + BLOCK
    assert SaltBlock.objects.get(api_user="clock").last == second + BLOCK - 1


@pytest.mark.django_db
def test_a_salt_is_the_time_of_day_and_a_block_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    salts = Salts("old")
    first = int(salts())
    assert abs(first / 1e6 - time.time()) < 5
    later = time.monotonic() + BLOCK_LIVES + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert int(salts()) > first + 1, "the rest of the old block is not used"


@pytest.mark.django_db
def test_a_forks_child_does_not_use_its_parents_block(monkeypatch: pytest.MonkeyPatch) -> None:
    salts = Salts("fork")
    of_parent = int(salts())
    process = os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: process + 1)
    assert int(salts()) >= of_parent + BLOCK - 1


@pytest.mark.django_db
def test_two_api_users_have_salts_of_their_own() -> None:
    Salts("one")()
    Salts("two")()
    assert set(SaltBlock.objects.values_list("api_user", flat=True)) >= {"one", "two"}


@pytest.mark.django_db
def test_what_was_drawn_is_counted_by_thread() -> None:
    salts = Salts("count")
    before = drawn()
    salts()
    counted: list[int] = []
    thread = threading.Thread(target=lambda: counted.append(drawn()))
    thread.start()
    thread.join()
    assert (drawn() - before, counted) == (1, [0])


def test_without_the_database_there_is_no_salt_and_nothing_counts_as_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(_: str) -> int:
        raise OperationalError

    monkeypatch.setattr(salts, "take_block", away)
    before = drawn()
    with pytest.raises(NotSent):
        Salts("away")()
    assert drawn() == before

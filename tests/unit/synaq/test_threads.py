"""Sessions belong to threads, and to the process that made them."""

from __future__ import annotations

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import responses

from provisioning.synaq import Client
from provisioning.synaq.transport import Transport

URL = "https://api.example.test/api/v1/ous/O.json"


@pytest.fixture
def transport(legacy: Client) -> Transport:
    return legacy._transport


def in_thread(transport: Transport) -> requests.Session:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(transport._session, "GET").result()


def test_each_thread_has_a_session_and_keeps_it(transport: Transport) -> None:
    mine = transport._session("GET")
    assert transport._session("GET") is mine
    assert in_thread(transport) is not mine


def test_session_follows_neither_environment_nor_redirects_nor_retries(transport: Transport) -> None:
    session = transport._session("GET")
    adapter: Any = session.get_adapter("https://x")
    assert not session.trust_env
    assert session.proxies == {}
    assert adapter.max_retries.total == 0


def test_sessions_of_threads_that_have_ended_are_let_go(transport: Transport) -> None:
    in_thread(transport)
    gc.collect()
    assert len(transport._sessions) == 0


def test_child_process_takes_a_session_of_its_own(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = transport._session("GET")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert transport._session("GET") is not mine


def test_many_threads_never_share_a_salt(legacy: Client, wire: responses.RequestsMock) -> None:
    wire.get(URL, json={"guid": "O"})
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for _ in range(10):
            legacy.ous.get("O")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    salts = [call.request.headers["synaq-api-salt"] for call in wire.calls]
    assert len(salts) == len(set(salts)) == 80

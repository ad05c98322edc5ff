"""The launcher as a person meets it: expected troubles are one sentence and exit code 2."""

import socket
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from dev.__main__ import COMMANDS
from dev.settings import claim_port
from dev.state import CHECKOUT, State, read_record, write_record
from dev.trouble import Trouble
from tests.integration.dev.helpers import launcher_environment


def dev(state: State, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dev", *words],
        cwd=CHECKOUT,
        env=launcher_environment(state, **settings),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_taken_port_is_one_sentence(state: State) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        answer = dev(state, "run", PORT=str(port))
    assert answer.returncode == 2
    assert answer.stderr == (
        f"Port {port} is taken by another program: choose another, for instance PORT={port + 1}.\n"
    )


def test_a_folder_in_use_is_one_sentence(state: State) -> None:
    write_record(state, {"web": "http://127.0.0.1:8000"})
    with state.lock():
        answer = dev(state, "run", PORT="0")
    assert answer.returncode == 2
    assert answer.stderr.startswith("Mailroom is already running from")
    assert answer.stderr.count("\n") == 1


@pytest.mark.usefixtures("bare")
def test_where_nothing_runs_a_management_command_has_the_servers_to_itself(state: State) -> None:
    answer = dev(state, "manage", "migrate", "--check")  # what is not applied yet: exit code 1
    assert answer.returncode == 1, answer.stderr
    assert not read_record(state).get("processes")
    assert dev(state, "manage", "migrate").returncode == 0
    assert dev(state, "manage", "migrate", "--check").returncode == 0


def test_half_a_connection_is_one_sentence(state: State) -> None:
    answer = dev(state, "run", PORT="0", SYNAQ_BASE_URL="http://127.0.0.1:1")
    assert answer.returncode == 2
    assert answer.stderr == (
        "SYNAQ_BASE_URL is set, so these must be set too: SYNAQ_API_USER, SYNAQ_API_KEY, SYNAQ_RESELLER_GUID.\n"
    )


class Refusing(BaseHTTPRequestHandler):
    """An API that knows nobody."""

    def do_GET(self) -> None:
        body = b'{"code": 401, "message": "Bad credentials", "errors": null}'
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Nothing on the terminal."""


def test_an_api_that_refuses_is_one_sentence_and_leaves_nothing_running(state: State) -> None:
    connection = {f"SYNAQ_{name}": "x" for name in ("API_USER", "API_KEY", "RESELLER_GUID")}
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as api:
        Thread(target=api.serve_forever).start()
        answer = dev(
            state, "run", PORT="0", SYNAQ_BASE_URL=f"http://127.0.0.1:{api.server_port}", **connection
        )
        api.shutdown()
    assert answer.returncode == 2, answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stderr.count("\n") == 1
    state.lock().close()


def test_a_database_that_does_not_answer_is_no_traceback(state: State) -> None:
    given = {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1/0"}
    answer = dev(state, "run", PORT="0", **given)
    assert answer.returncode == 2
    assert "Traceback" not in answer.stderr
    assert "could not be prepared" in answer.stderr


@pytest.mark.parametrize("words", [(), ("dance",)])
def test_a_command_that_is_none_lists_those_that_are(state: State, words: tuple[str, ...]) -> None:
    answer = dev(state, *words)
    assert answer.returncode == 2
    assert all(name in answer.stderr for name in COMMANDS)


def test_port_0_is_any_free_one() -> None:
    assert claim_port(0) > 1024


def test_port_8000_taken_suggests_8001() -> None:
    with socket.socket() as other:
        try:
            other.bind(("127.0.0.1", 8000))
            other.listen()
        except OSError:
            pass  # somebody has it already: just as good
        with pytest.raises(Trouble, match="PORT=8001"):
            claim_port(8000)


def test_make_alone_lists_the_targets() -> None:
    answer = subprocess.run(["make"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert all(
        f"make {name} " in answer.stdout for name in ("run", "test", "check", "screenshots", "lock", "clean")
    )

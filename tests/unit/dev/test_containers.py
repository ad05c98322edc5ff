"""Dockerfile and docker-compose.yml against the launcher and the settings: no engine runs them here."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from dev import programs
from portal.env import TABLE

CHECKOUT = Path(__file__).resolve().parents[3]
TEXT = (CHECKOUT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text()
PORTAL = ("setup", "web", "worker", "beat")
TABLE_NAMES = {row.name for row in TABLE}


def default_command() -> list[str]:
    (line,) = re.findall(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    command: list[str] = yaml.safe_load(line)
    return command


def test_the_services_are_those_of_the_launcher_and_the_one_that_prepares() -> None:
    assert set(SERVICES) == {*PORTAL, "postgres", "redis", "sandbox"}
    assert SERVICES["sandbox"]["profiles"] == ["sandbox"]


def test_the_web_server_is_started_as_the_launcher_does() -> None:
    words = shlex.split(default_command()[-1])
    assert [word for word in programs.GUNICORN if word not in words] == []
    assert "command" not in SERVICES["web"]


@pytest.mark.parametrize(
    ("service", "words"),
    [("worker", programs.WORKER), ("beat", programs.BEAT), ("sandbox", programs.SANDBOX)],
)
def test_the_other_processes_are_started_as_the_launcher_does(service: str, words: tuple[str, ...]) -> None:
    assert SERVICES[service]["command"][: len(words) + 2] == ["python", "-m", *words]


def test_setup_prepares_what_the_launcher_prepares_but_the_demo() -> None:
    assert SERVICES["setup"]["command"] == [
        "python",
        "-m",
        "dev.prepare",
        "migrate",
        "setup_connection",
        "ensure_owner",
    ]
    for name in ("web", "worker", "beat"):
        assert SERVICES[name]["depends_on"]["setup"]["condition"] == "service_completed_successfully"


def test_the_portals_processes_get_only_settings_that_exist() -> None:
    for service in PORTAL:
        assert set(SERVICES[service]["environment"]) - TABLE_NAMES == set()


def test_the_portals_processes_get_all_that_production_needs() -> None:
    needed = {row.name for row in TABLE if row.required}
    for service in PORTAL:
        assert needed - set(SERVICES[service]["environment"]) == set()
        assert SERVICES[service]["environment"]["MAILROOM_ENV"] == "production"


def test_the_sandbox_gets_only_settings_that_it_reads() -> None:
    source = (CHECKOUT / "sandbox/settings.py").read_text()
    assert [name for name in SERVICES["sandbox"]["environment"] if f'"{name}"' not in source] == []


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "SEAL_KEYS", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "SYNAQ_API_KEY"]
)
def test_no_secret_stands_in_the_file_or_has_a_default(name: str) -> None:
    values = [
        str(value)
        for service in SERVICES.values()
        for key, value in (service.get("environment") or {}).items()
        if name in (key, str(value)) or f"${{{name}" in str(value)
    ]
    assert values
    assert all(re.search(rf"\$\{{{name}:\?[^}}]+\}}", value) for value in values)


def test_only_the_web_server_can_be_reached_and_only_from_this_machine() -> None:
    assert {name: service["ports"] for name, service in SERVICES.items() if "ports" in service} == {
        "web": ["127.0.0.1:${PORT:-8000}:8000"]
    }
    assert SERVICES["web"]["environment"]["PORT"] == "8000"
    assert "EXPOSE 8000" in DOCKERFILE
    (default,) = (row.default for row in TABLE if row.name == "PORT")
    assert default == "8000"


def test_everything_that_goes_on_running_has_a_health_check() -> None:
    assert [
        name for name, service in SERVICES.items() if name != "setup" and "healthcheck" not in service
    ] == []


def test_what_must_outlive_a_container_has_a_volume() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert used == set(COMPOSE["volumes"]) == {"postgres", "beat", "sandbox"}


def test_addresses_name_services_of_the_file() -> None:
    hosts = re.findall(r"@(\w+):\d+/", TEXT)
    assert hosts
    assert set(hosts) <= set(SERVICES)


def test_the_image_runs_as_an_ordinary_user_from_locked_packages() -> None:
    users = re.findall(r"^USER (\w+)$", DOCKERFILE, re.MULTILINE)
    assert users == ["mailroom"]
    assert DOCKERFILE.index("USER mailroom") > DOCKERFILE.index("collectstatic")
    assert "--no-deps --require-hashes -r requirements.txt" in DOCKERFILE
    assert not re.search(r"^(ENV|ARG) .*(KEY|PASSWORD)", DOCKERFILE, re.MULTILINE)


@pytest.mark.parametrize("service", [*PORTAL, "redis", "sandbox"])
def test_containers_hold_no_more_power_than_they_need(service: str) -> None:
    assert SERVICES[service]["read_only"] is True
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    assert "cap_add" not in SERVICES[service]
    assert SERVICES[service]["security_opt"] == ["no-new-privileges:true"]
    assert [folder.split(":")[0] for folder in SERVICES[service]["tmpfs"]] == ["/tmp"]  # noqa: S108  the container's own


def test_the_database_begins_as_root_and_gains_nothing_further() -> None:
    assert SERVICES["postgres"]["cap_drop"] == ["ALL"]
    assert set(SERVICES["postgres"]["cap_add"]) == {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    assert SERVICES["postgres"]["security_opt"] == ["no-new-privileges:true"]


def test_the_image_takes_nothing_of_a_checkout_that_was_used() -> None:
    ignored = (CHECKOUT / ".dockerignore").read_text().split()
    assert {".venv", "var", ".git"} <= set(ignored)


def test_makefile_and_launcher_know_the_same_commands() -> None:
    from dev.__main__ import COMMANDS

    called = re.findall(r"-m dev ([a-z]+)", (CHECKOUT / "Makefile").read_text())
    assert set(called) <= set(COMMANDS)
    assert {"run", "test", "check"} <= set(called)


def test_who_is_asked_to_stop_has_time_to_end_what_is_under_way() -> None:
    """A call to SYNAQ may take the gate's five seconds, three to connect, ten for the answer; a page gunicorn's limit."""
    grace = {name: int(SERVICES[name]["stop_grace_period"].removesuffix("s")) for name in ("web", "worker")}
    web = re.search(r"--graceful-timeout (\d+)", DOCKERFILE)
    assert web
    assert int(web[1]) < grace["web"]
    assert grace["worker"] > 5 + 3 + 10
    assert "exec python" in DOCKERFILE, "gunicorn itself gets the signal"

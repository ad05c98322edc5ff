"""The runbook and the alarms: every command runs, every alarm has its heading, every metric that it asks for exists."""

from __future__ import annotations

import re
import shlex
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from prometheus_client.parser import text_string_to_metric_families

from portal.health import exposition
from portal.health.advice import ADVICE
from provisioning import tallies
from provisioning.models import Action
from tests.integration.factories import make_connection

ROOT = Path(__file__).resolve().parents[3]
RUNBOOK = (ROOT / "docs/runbook.md").read_text()
RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "docs/alerts/mailroom.rules.yml").read_text())["groups"][
    0
]["rules"]
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", RUNBOOK, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]
# Named in a sentence, with a number to be put in: what it takes must be what the command takes
INLINE = re.findall(r"`manage\.py (\w+) <number>([^`]*)`", RUNBOOK)
HEADINGS = set(re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE))


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_runs_and_changes_nothing(command: str, db: None) -> None:
    python, manage, name, *words = shlex.split(command)
    assert (python, manage) == ("python", "manage.py")
    before = Action.objects.count()
    call_command(name, *words, stdout=StringIO())
    assert Action.objects.count() == before


@pytest.mark.parametrize(("name", "words"), INLINE)
def test_each_command_with_a_number_takes_what_the_runbook_gives_it(name: str, words: str, db: None) -> None:
    given = [word for word in shlex.split(words) if word != "…"]
    with pytest.raises(CommandError, match=r"Nobody here|no action"):
        call_command(name, "0", *given, stdout=StringIO(), stderr=StringIO())


def test_there_are_commands_to_run() -> None:
    assert len(COMMANDS) >= 7
    assert len(INLINE) >= 3


def test_each_alarm_has_its_heading_and_each_advice_leads_to_one() -> None:
    alarms = {rule["alert"] for rule in RULES}
    assert alarms == HEADINGS - {"Housekeeping"}
    assert {advice.runbook for advice in ADVICE.values()} <= alarms
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_each_alarm_asks_for_metrics_and_labels_that_exist(db: None) -> None:
    make_connection()
    for metric in tallies.TABLE.values():  # one of each, so that all are shown
        given = dict.fromkeys(metric.labels, "x")
        if metric.bounds:
            tallies.observe(metric.name, 1, **given)
        else:
            tallies.add(metric.name, 1, **given)
    families = text_string_to_metric_families(exposition.text().decode())
    samples: dict[str, set[str]] = {}
    for family in families:
        for sample in family.samples:
            samples.setdefault(sample.name, set()).update(sample.labels)
    asked = [
        (name, set(re.findall(r"(\w+)=", labels)))
        for rule in RULES
        for name, labels in re.findall(r"(mailroom_\w+)(?:\{([^}]*)\})?", rule["expr"])
    ]
    assert len(asked) >= len(RULES)
    for name, labels in asked:
        assert name in samples, name
        assert labels <= samples[name], name

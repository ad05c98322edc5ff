"""docs/api-coverage.md is what the table says, and everything that the table names exists."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from portal import coverage
from portal.coverage import CURRENT, MISSING, TABLE, Row
from provisioning.operations import OPERATIONS
from provisioning.synaq import Client

ROOT = Path(__file__).resolve().parents[3]
ALL = [*TABLE, *CURRENT]
IDS = [f"{row.call} {row.operation}" for row in ALL]
# What the current generation alone has.
OF_2018 = [name for name, row in OPERATIONS.items() if "legacy" in row.dialects]


def test_the_document_is_the_table() -> None:
    kept = (ROOT / "docs" / "api-coverage.md").read_text()
    assert kept == coverage.as_markdown(), "python manage.py api_coverage > docs/api-coverage.md"


def test_every_operation_of_the_guide_is_in_it() -> None:
    assert sorted({row.operation for row in TABLE} - {""}) == sorted(OF_2018)


def test_every_action_of_the_guide_is_in_it() -> None:
    named = {
        found for row in [*(row.call for row in TABLE), *MISSING] for found in re.findall(r"\((\w+)\)", row)
    }
    assert named == {"Provision", "Close", "Activate", "Delete", "Usage", "Suspend", "Unlock"}


@pytest.mark.parametrize("row", ALL, ids=IDS)
def test_what_it_names_exists(row: Row) -> None:
    noun, _, method = row.method.partition(".")
    client = Client("http://127.0.0.1:9", "user", "key", salts=lambda: "1")
    assert callable(getattr(getattr(client, noun), method))
    assert not row.operation or row.operation in OPERATIONS
    assert row.page in routes()
    file, _, test = row.test.partition("::")
    functions = [
        node.name for node in ast.parse((ROOT / file).read_text()).body if isinstance(node, ast.FunctionDef)
    ]
    assert not test or test in functions
    module, _, rule = row.rule.partition(".")
    assert callable(getattr(importlib.import_module(f"sandbox.{module}"), rule))


def routes() -> set[str]:
    found = set()

    def walk(resolver: URLResolver, prefix: str) -> None:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                walk(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)
            elif isinstance(entry, URLPattern):
                found.add(f"{prefix}{entry.name}")

    walk(get_resolver(), "")
    return found

"""How many cases were tried, told to whoever sums up across processes."""

from __future__ import annotations

import pytest

from tests.access.walking import Walk

CASES, FAILURES = "access cases", "access failures"


class Count:
    """`count(walk)` at the end of a test: its numbers are added up, and its failures fail the test."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.request = request

    def __call__(self, walk: Walk) -> None:
        properties = self.request.node.user_properties
        properties += [(CASES, walk.cases), (FAILURES, len(walk.failures))]
        if walk.failures:
            pytest.fail("\n".join(walk.failures), pytrace=False)

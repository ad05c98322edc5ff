"""Reading usage reports, however odd they are: nothing that is no number of things is taken for one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.synaq.usage import MOST, Count, Report, read_report

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DATE = "2026-11-22 13:00:00+0200"


def report(lines: Any, **facts: Any) -> Report:
    found = read_report(
        {"state": "FINISHED", "data_as_at": DATE, "edition_usage_reports": lines} | facts, NOW
    )
    assert found is not None
    return found


def numbers(found: Report) -> dict[str, int]:
    return {count.edition: count.number for count in found.counts}


def test_the_guides_report_is_read_as_it_is_documented() -> None:
    found = report(
        [{"edition_code": "SYN-CMS-BASIC-02", "count": 5}, {"edition_code": "SYN-PIN-BRD", "count": 0}]
    )
    assert (found.is_finished, found.whole, found.problems) == (True, True, ())
    assert found.data_as_at == datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
    assert numbers(found) == {"SYN-CMS-BASIC-02": 5, "SYN-PIN-BRD": 0}


@pytest.mark.parametrize("raw", [None, {}, [], "FINISHED", 7])
def test_no_report_is_none(raw: Any) -> None:
    assert read_report(raw, NOW) is None


def test_one_that_is_compiled_counts_nothing_yet() -> None:
    found = read_report(
        {"state": "PENDING", "edition_usage_reports": [{"edition_code": "A", "count": 1}]}, NOW
    )
    assert found is not None
    assert (found.is_pending, found.counts) == (True, ())


@pytest.mark.parametrize(
    "count", [-1, -4.0, 2.5, MOST + 1, "many", "-3", "1e3", None, True, [], {}, "9" * 30, float("nan")]
)
def test_what_is_no_number_of_things_is_never_a_count(count: Any) -> None:
    found = report([{"edition_code": "A-1", "count": count}, {"edition_code": "B-1", "count": 3}])
    assert numbers(found) == {"B-1": 3}
    assert (set(found.unreadable), found.whole) == ({"A-1"}, True)
    assert any(
        line.startswith("For A-1 it says") and line.endswith("it is not counted.") for line in found.problems
    )


@pytest.mark.parametrize(("count", "number"), [("12", 12), (7.0, 7), (0, 0), (MOST, MOST)])
def test_a_number_in_any_spelling_is_one(count: Any, number: int) -> None:
    assert numbers(report([{"edition_code": "A-1", "count": count}])) == {"A-1": number}


@pytest.mark.parametrize(
    "lines",
    [None, "none", 7, [], {"A-1": 2}, {"A-1": {"count": 2}}, {"0": {"edition_code": "A-1", "count": 2}}],
)
def test_the_list_in_any_shape(lines: Any) -> None:
    found = report(lines)
    if isinstance(lines, dict):
        assert numbers(found) == {"A-1": 2}
    else:
        assert (found.counts, found.whole) == ((), lines == [])
        assert bool(found.problems) is (lines != [])


@pytest.mark.parametrize("date", ["soon", "2099-01-01", "0001-01-01", {"date": "x"}, 1e300, -5, "9999-99-99"])
def test_a_date_that_cannot_be_is_told_and_not_believed(date: Any) -> None:
    found = report([{"edition_code": "A-1", "count": 1}], data_as_at=date)
    assert (found.data_as_at, numbers(found)) == (None, {"A-1": 1})
    assert "cannot be" in found.problems[0]


def test_a_date_that_is_missing_is_told() -> None:
    found = report([{"edition_code": "A-1", "count": 1}], data_as_at=None)
    assert (found.data_as_at, len(found.problems)) == (None, 1)


@pytest.mark.parametrize("state", ["COMPILED", "error", "<b>done</b>"])
def test_a_state_that_no_document_names_counts_nothing(state: str) -> None:
    found = report([{"edition_code": "A-1", "count": 1}], state=state)
    assert (found.counts, found.whole) == ((), False)
    assert "nothing of it is counted" in found.problems[0]
    assert "<b>" not in found.problems[0]


def test_a_line_without_an_edition_is_left_out_and_told() -> None:
    found = report([{"count": 4}, "A-1", {"edition_code": "A-1", "count": 1}])
    assert (numbers(found), len(found.problems)) == ({"A-1": 1}, 2)


def test_an_edition_that_stands_twice_is_added_up_and_told() -> None:
    found = report([{"edition_code": "A-1", "count": 4}, {"edition_code": "A-1", "count": 3}])
    assert numbers(found) == {"A-1": 7}
    assert "more than once" in found.problems[0]


def test_the_detailed_answer_names_what_is_behind_a_count() -> None:
    lines = [
        {"edition_code": "CLM-STD-50", "count": 2,
         "billable_mailboxes": ["a@x.example", {"guid": "G", "email": "b@x.example"}],
         "warning": "One is <b>closed</b>.", "problem": ["Late", {"code": 7}]},
        {"package_code": "CLM-STD", "editions": {"CLM-STD-100": {"count": 1, "billable_mailboxes": {"c@x.example": {}}}}},
    ]  # fmt: skip
    found = read_report({"usage": lines}, NOW, detailed=True)
    assert found is not None
    assert found.counts == (
        Count("CLM-STD-50", 2, "", ({"email": "a@x.example", "guid": ""}, {"email": "b@x.example", "guid": "G"}),
              "One is closed .", "Late; 7"),
        Count("CLM-STD-100", 1, "CLM-STD", ({"email": "c@x.example", "guid": ""},)),
    )  # fmt: skip
    assert (found.problems, found.data_as_at) == ((), None)


def test_a_list_that_is_not_as_long_as_its_count_is_told() -> None:
    found = read_report(
        [{"edition_code": "A-1", "count": 3, "billable_mailboxes": ["a@x.example"]}], NOW, detailed=True
    )
    assert found is not None
    assert found.problems == ("For A-1 it counts 3 and lists 1 mailboxes.",)


WORDS = st.text(max_size=12) | st.sampled_from(
    ["edition_code", "count", "state", "FINISHED", "editions", "usage"]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)


@given(raw=ANYTHING, detailed=st.booleans())
def test_nothing_breaks_the_reader_and_no_count_is_absurd(raw: Any, detailed: bool) -> None:
    for body in (raw, {"state": "FINISHED", "edition_usage_reports": raw}):
        found = read_report(body, NOW, detailed=detailed)
        for count in found.counts if found else ():
            assert 0 <= count.number <= MOST
            assert count.edition
            assert len(count.edition) <= 100

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import responses

from provisioning.synaq import Client, Meaning, SynaqError
from provisioning.synaq.answers import read_page

URL = "https://api.example.test/api/v1/mailboxes.json"


def envelope(page: int, pages: int, guids: list[Any]) -> dict[str, Any]:
    items = [{"guid": guid} for guid in guids]
    return {"page": page, "limit": 2, "pages": pages, "total": 3, "_embedded": {"mailboxes": items}}


def test_page_of_the_envelope_is_read(current: Client, wire: responses.RequestsMock) -> None:
    wire.get(URL, json=envelope(1, 2, ["a", "b"]))
    page = current.mailboxes.list(domain_guid="D")
    assert [item["guid"] for item in page.items] == ["a", "b"]
    assert (page.page, page.limit, page.pages, page.total, page.has_next) == (1, 2, 2, 3, True)


def test_every_page_is_walked_and_no_object_twice(current: Client, wire: responses.RequestsMock) -> None:
    wire.get(URL, json=envelope(1, 2, ["a", "b"]))
    wire.get(URL, json=envelope(2, 2, ["b", "c"]))
    assert [item["guid"] for item in current.mailboxes.each(domain_guid="D")] == ["a", "b", "c"]
    requests: list[Any] = [call.request for call in wire.calls]
    assert [request.params["page"] for request in requests] == ["1", "2"]


def test_walk_ends_where_a_server_ignores_the_page(current: Client, wire: responses.RequestsMock) -> None:
    wire.get(URL, json=envelope(1, 9, ["a", "b"]))
    assert len(list(current.mailboxes.each(domain_guid="D"))) == 2


@pytest.mark.parametrize("walk", ["ous", "domains"])
def test_other_nouns_walk_too(walk: str, current: Client, wire: responses.RequestsMock) -> None:
    wire.get(f"https://api.example.test/api/v1/{walk}.json", json=[{"guid": "x"}])
    assert list(getattr(current, walk).each()) == [{"guid": "x"}]


def test_reseller_is_found_by_its_type(current: Client, wire: responses.RequestsMock) -> None:
    wire.get("https://api.example.test/api/v1/ous.json", json={"_embedded": {"ous": [{"guid": "R"}]}})
    assert current.ous.find_reseller() == {"guid": "R"}


@pytest.mark.parametrize("answer", [{"json": {"what": 1}}, {"json": {"_embedded": 5}}, {"body": "<html>"}])
def test_answer_that_is_no_list_is_an_error(answer: dict[str, Any], current: Client, wire: Any) -> None:
    wire.get(URL, **answer)
    with pytest.raises(SynaqError) as caught:
        current.mailboxes.list(domain_guid="D")
    assert (caught.value.meaning, caught.value.applied) == (Meaning.UNREADABLE, "no")


def test_filter_that_no_document_names_is_refused(current: Client) -> None:
    with pytest.raises(SynaqError, match="colour"):
        current.mailboxes.list(colour="red")


@pytest.mark.parametrize(
    "raw",
    [
        [{"guid": "a"}],
        {"_embedded": {"mailboxes": [{"guid": "a"}]}},
        {"_embedded": {"items": [{"guid": "a"}]}},
        {"_embedded": [{"guid": "a"}, "junk"]},
        {"mailboxes": [{"guid": "a"}], "pages": "1", "total": "1"},
        {"_embedded": {"mailboxes": [{"mailbox": {"guid": "a"}}]}},
        {"_embedded": {"mailboxes": {"3": {"guid": "a"}}}},
    ],
)
def test_list_is_found_in_every_shape(raw: Any) -> None:
    page = read_page(raw, "mailboxes", 1, 100)
    assert page is not None
    assert page.items == [{"guid": "a"}]
    assert (page.page, page.total) == (1, 1)


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_an_empty_list_is_a_list(nothing: Any) -> None:
    page = read_page({"page": 1, "total": 0, "_embedded": {"mailboxes": nothing}}, "mailboxes", 1, 100)
    assert page is not None
    assert not page.items


@pytest.mark.parametrize(
    ("said", "more"),
    [
        ({"pages": 1, "total": 250}, False),
        ({"pages": 2, "total": 2}, True),
        ({"total": 2}, False),
        ({"total": "3"}, True),
        ({}, True),
    ],
    ids=["pages, one", "pages, two", "all of the total", "not all of the total", "neither"],
)
def test_whether_there_is_another_page_is_told_or_tried(said: dict[str, Any], more: bool) -> None:
    page = read_page(
        {**said, "_embedded": {"mailboxes": [{"guid": "a"}, {"guid": "b"}]}}, "mailboxes", 1, 100
    )
    assert page is not None
    assert page.has_next == more


def handing_out(guids: str, most: int, dress: Callable[[list[Any], int], Any]) -> Any:
    """A server that hands out so many at a time, whatever `limit` says."""

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        first = (int(request.params["page"]) - 1) * most
        items = [{"guid": guid} for guid in guids[first : first + most]]
        return 200, {}, json.dumps(dress(items, len(guids)))

    return answer


@pytest.mark.parametrize(
    "dress",
    [
        lambda items, _: items,
        lambda items, _: {"_embedded": {"mailboxes": items}},
        lambda items, total: {"total": total, "_embedded": {"mailboxes": items}},
        lambda items, total: {"limit": 100, "total": total, "_embedded": {"mailboxes": items}},
    ],
    ids=["bare lists", "no numbers", "a total alone", "the limit that was asked for"],
)
def test_all_is_read_where_pages_are_shorter_than_asked_and_not_counted(
    dress: Any, current: Client, wire: responses.RequestsMock
) -> None:
    wire.add_callback("GET", URL, handing_out("abcdefg", 3, dress))
    assert [item["guid"] for item in current.mailboxes.each(domain_guid="D")] == list("abcdefg")


@pytest.mark.parametrize("told", [{"total": 0}, {"page": 1, "pages": "0", "total": "0"}, {"_embedded": None}])
def test_an_empty_list_may_be_left_out(told: dict[str, Any]) -> None:
    page = read_page(told, "mailboxes", 1, 100)
    assert page is not None
    assert (page.items, page.has_next) == ([], False)


def test_a_page_past_the_end_may_be_no_page_at_all(current: Client, wire: responses.RequestsMock) -> None:
    wire.get(URL, json={"_embedded": {"mailboxes": [{"guid": "a"}]}})
    wire.get(URL, status=404, json={"code": 404, "message": "No such page."})
    assert [item["guid"] for item in current.mailboxes.each(domain_guid="D")] == ["a"]


def test_a_list_that_is_not_there_is_an_error(current: Client, wire: responses.RequestsMock) -> None:
    wire.get(URL, status=404, json={"code": 404, "message": "No such domain."})
    with pytest.raises(SynaqError) as caught:
        current.mailboxes.list(domain_guid="D")
    assert caught.value.meaning is Meaning.MISSING

"""Addresses in lists: as `reverse` makes them, whatever a GUID holds."""

from __future__ import annotations

import pytest
from django.urls import NoReverseMatch, get_script_prefix, reverse, set_script_prefix

from portal import addresses

HOSTILE = [
    "a",
    "7ded-01",
    "a b",
    "ä",
    "<b>",
    "a?b#c",
    "a&b=c",
    "a%2Fb",
    "..",
    "a:b@c~d",
    "'\"",
    "a\\b",
    "a;b,c!$()*+",
]


@pytest.mark.parametrize("guid", HOSTILE)
def test_they_are_those_of_reverse(guid: str) -> None:
    for _ in range(2):
        assert addresses.of("mailboxes:detail", guid) == reverse("mailboxes:detail", args=[guid])
        assert addresses.of("mailboxes:do", guid, "suspend") == reverse(
            "mailboxes:do", args=[guid, "suspend"]
        )


@pytest.mark.parametrize("guid", ["", "a/b"])
def test_what_has_no_address_has_none_here_either(guid: str) -> None:
    with pytest.raises(NoReverseMatch):
        addresses.of("mailboxes:detail", guid)


def test_below_a_prefix_they_lead_on_below_it() -> None:
    before, plain = get_script_prefix(), addresses.of("mailboxes:detail", "g")
    set_script_prefix("/on/7/")
    try:
        assert addresses.of("mailboxes:detail", "g") == f"/on/7{plain}"
    finally:
        set_script_prefix(before)
    assert addresses.of("mailboxes:detail", "g") == plain

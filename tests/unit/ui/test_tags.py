"""The tags: what they draw, and that nothing from outside gets through as markup."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from portal import icons
from tests.unit.ui.drawing import draw

HOSTILE = "<script>alert(1)</script>\"'"


def test_a_menu_leads_to_pages_asks_at_once_and_says_what_cannot_be_asked_for() -> None:
    items = [
        {"label": "Edit", "url": "/edit/", "icon": "edit"},
        {"label": "Suspend", "url": "/suspend/", "icon": "send", "at_once": True},
        {"label": "Delete", "url": "/delete/", "icon": "trash", "bad": True},
        {"label": "Close", "url": "/close/", "icon": "archive", "why_not": "It is under way."},
    ]
    drawn = draw("{% menu 'Actions' id='m' %}{% menu_items items %}{% endmenu %}", items=items)
    assert 'popovertarget="m"' in drawn
    assert 'aria-label="Actions"' in drawn
    assert re.search(r'<a class="dropdown-item" href="/edit/">.*?Edit…</a>', drawn)
    assert re.search(
        r'<button class="dropdown-item" type="submit" form="ask" formaction="/suspend/">.*?Suspend</', drawn
    )
    assert re.search(r'<a class="dropdown-item text-bad" href="/delete/">.*?Delete…</a>', drawn)
    assert "/close/" not in drawn
    assert "<small>It is under way.</small>" in drawn


def test_hostile_text_in_a_menu_stays_text() -> None:
    item = {"label": HOSTILE, "url": HOSTILE, "icon": HOSTILE}
    items = [item, {**item, "at_once": True}, {**item, "why_not": HOSTILE}]
    drawn = draw("{% menu x id=x text=x css=x %}{% menu_items items %}{% endmenu %}", x=HOSTILE, items=items)
    assert "<script" not in drawn
    assert "\"'" not in drawn


def test_a_state_is_a_word_with_its_meaning_and_a_sign_beside_the_colour() -> None:
    drawn = draw("{% state_pill 'suspended' noun='mailbox' %}")
    assert ">Suspended</span>" in drawn
    assert "pill-warn" in drawn
    assert "Mail still arrives" in drawn
    assert "pill-dot" in drawn


@pytest.mark.parametrize(
    "source",
    [
        "{% state_pill x %}",
        "{% action_pill x %}",
        "{% pill x title=x %}",
        "{% guid x label=x %}",
        "{% card x %}{{ x }}{% endcard %}",
        "{% alert x %}{{ x }}{% endalert %}",
        "{% menu x id='m' %}{{ x }}{% endmenu %}",
        "{% page_header x pretitle=x subtitle=x state=x %}{{ x }}{% endpage_header %}",
        "{% include 'components/problem.html' with plain=x said=x next=x %}",
        "{% include 'components/empty.html' with title=x text=x url=x label=x %}",
        "{% include 'components/connection_banner.html' with connection_banner=x %}",
        "{% include 'components/confirm.html' with title=x consequence=x name=x verb=x %}",
        "{% include 'components/support_copy.html' with text=x id='s' %}",
        "{% include 'components/live.html' with live=True live_url=x live_vals=x fragment=x %}",
        "{% icon x x %}",
    ],
)
def test_hostile_text_stays_text(source: str) -> None:
    drawn = draw(source, x=HOSTILE)
    assert "<script" not in drawn
    assert "\"'" not in drawn


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("timeline", {"events": [{"title": HOSTILE, "text": HOSTILE, "said": HOSTILE, "tone": "bad"}]}),
        ("datagrid", {"items": [(HOSTILE, HOSTILE)]}),
        ("chips", {"chips": [{"label": HOSTILE, "value": HOSTILE, "url": "?a"}]}),
        ("breadcrumbs", {"crumbs": [(HOSTILE, "/x")]}),
        (
            "action_row",
            {
                "row": {
                    "state": HOSTILE,
                    "label": HOSTILE,
                    "target": HOSTILE,
                    "said": HOSTILE,
                    "actor": HOSTILE,
                }
            },
        ),
    ],
)
def test_hostile_rows_stay_text(name: str, rows: dict[str, object]) -> None:
    assert "<script" not in draw("{% include '" + f"components/{name}.html" + "' %}", **rows)


def test_an_action_moves_only_while_it_is_open() -> None:
    assert "pill-open" in draw("{% action_pill 'waiting' %}")
    assert "pill-open" not in draw("{% action_pill 'finished' %}{% action_pill 'unconfirmed' %}")


def test_an_icon_is_inlined_and_hidden_from_assistive_technology() -> None:
    drawn = draw("{% icon 'mail' 'icon-sm' %}")
    assert drawn.startswith("<svg")
    assert 'class="icon icon-sm"' in drawn
    assert 'aria-hidden="true"' in drawn
    assert drawn.count("<path") == 2


@pytest.mark.parametrize("name", ["no-such-icon", "../../../etc/passwd", ""])
def test_an_unknown_icon_is_a_neutral_circle(name: str) -> None:
    assert icons.icon_svg(name) == icons.icon_svg("circle-dashed")


def test_a_guid_is_whole_and_can_be_copied() -> None:
    drawn = draw("{% guid 'abc-123' label='Mailbox GUID' %}")
    assert "<code>abc-123</code>" in drawn
    assert 'data-copy-text="abc-123"' in drawn
    assert 'aria-label="Copy Mailbox GUID"' in drawn


def test_a_guid_that_is_not_there_yet_is_a_dash() -> None:
    assert "data-copy-text" not in draw("{% guid '' %}")


def test_a_time_is_readable_by_machines_and_names_its_zone_in_full() -> None:
    drawn = draw("{% when moment %}", moment=datetime(2026, 1, 5, 7, 41, tzinfo=UTC))
    assert 'datetime="2026-01-05T07:41:00+00:00"' in drawn
    assert re.search(r'title="5 January 2026, \d\d:41:00 \S+"', drawn)


def test_what_was_never_read_says_so() -> None:
    assert "not read yet" in draw("{% as_at moment %}", moment=None)


def test_a_live_part_asks_again_and_its_last_markup_does_not() -> None:
    moving = draw(
        "{% include 'components/live.html' %}",
        live=True,
        live_url="/m/7",
        live_vals='{"v": "a"}',
        fragment="",
    )
    assert 'hx-get="/m/7"' in moving
    assert 'hx-vals="{&quot;v&quot;: &quot;a&quot;}"' in moving
    assert "<noscript>" in moving
    ended = draw("{% include 'components/live.html' %}", live=False, live_url="/m/7", fragment="")
    assert "hx-" not in ended
    assert "<noscript>" not in ended


def test_the_block_tags_keep_markup_from_templates() -> None:
    assert "<b>bold</b>" in draw("{% card 'T' %}<b>bold</b>{% endcard %}")


def test_a_page_has_exactly_one_main_heading() -> None:
    drawn = draw("{% include 'base.html' %}", page_title="Companies")
    assert drawn.count("<h1") == 1
    assert ">Companies</h1>" in drawn


def test_the_banner_takes_a_sentence_or_its_parts() -> None:
    source = "{% include 'components/connection_banner.html' %}"
    assert "SYNAQ is away." in draw(source, connection_banner="SYNAQ is away.")
    parts = draw(source, connection_banner={"tone": "bad", "title": "Away.", "text": "Since 09:41."})
    assert "notice-bad" in parts
    assert "<strong>Away.</strong>" in parts
    assert "notice" not in draw(source, connection_banner=None)


def test_an_address_is_broken_after_its_at_sign_and_escaped() -> None:
    source = "{% load ui %}{{ address|breakable }}"
    assert draw(source, address="ann@acme.example") == "ann@<wbr>acme.example"
    assert draw(source, address="<b>@x@y&z") == "&lt;b&gt;@x@<wbr>y&amp;z"
    assert draw(source, address="no address") == "no address"

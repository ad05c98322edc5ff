"""Whatever is typed into whichever form: no crash, a clear sentence beside the field, nothing half done."""

from __future__ import annotations

import html
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import pytest
from django import forms
from django.db import transaction
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from tests.integration.factories import fresh
from tests.integration.wrong_input.cases import ELSEWHERE, FORMS, SHOWN, Case, Data
from tests.integration.wrong_input.world import World, vanish

pytestmark = pytest.mark.django_db

HOSTILE = {
    "markup": "<script>alert(1)</script>",
    "quotes": "\"><b onmouseover='x'>",
    "10,000 characters": "x" * 10_000,
    "right to left": "\u202egpj.exe\u202c",
    "zero width": "a\u200b\u2060b\ufeff",
    "NUL": "a\x00b",
    "control": "a\x07\x1bb",
    "template": "{{ 7|add:7 }}{% debug %}",
    "formula": "=cmd|'/C calc'!A0",
    "SQL": "'; DROP TABLE x; --",
    "other scripts": "Ünïcødé 邮件 \U0001f469\u200d\U0001f467",
}
WITH_FORM = [case for case in FORMS if case.texts or case.choices or case.secrets]
ASKING = [case for case in FORMS if case.asks]


@pytest.fixture
def world(client: Client) -> World:
    made = World()
    client.force_login(made.anne)
    fresh(client)
    return made


def by_name(case: Case) -> str:
    return str(case)


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside leaves no trace."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class Sent:
    """What came of one form that was sent."""

    def __init__(self, client: Client, world: World, case: Case, address: str, data: Data) -> None:
        before = world.ledger()
        self.answer: Any = client.post(address, data)
        self.status: int = self.answer.status_code
        self.asked = world.ledger() != before
        self.body: str = self.answer.content.decode()
        self.led_to: str = self.answer.get("Location", "")
        if self.status == 303:
            self.body = client.get(self.led_to).content.decode()
        self.data, self.case = data, case

    @cached_property
    def forms(self) -> list[forms.Form]:
        """The forms on the page that were sent."""
        layers = {id(layer): layer for part in self.answer.context or [] for layer in part.dicts}
        known = {id(value): value for layer in layers.values() for value in layer.values()}
        return [one for one in known.values() if isinstance(one, forms.Form) and one.is_bound]

    def wrong(self) -> dict[str, list[str]]:
        """The sentences beside each field."""
        return {name: [str(one) for one in said] for form in self.forms for name, said in form.errors.items()}

    def is_refused_kindly(self, name: str) -> None:
        """Nothing was asked for; the field says why, and whatever was typed is still there."""
        assert (self.status, self.asked) == (422, False), self.wrong()
        said = self.wrong().get(name)
        assert said, f"{name} says nothing: {self.wrong()}"
        shown = html.unescape(self.body)
        for sentence in said:
            assert html.unescape(sentence) in shown
        for kept in {*self.case.texts, *self.case.choices} & self.data.keys():
            self._is_kept(kept)
        for secret in self.case.secrets:
            typed = self.data.get(secret, "")
            assert not typed.strip() or typed not in shown

    def _is_kept(self, name: str) -> None:
        """In the form's own field, as it was typed."""
        held = [form[name].value() for form in self.forms if name in form.fields]
        assert held, name
        assert str(held[0]) == str(self.data[name]), name

    def is_sound(self) -> None:
        """It was taken, or refused without a trace; in no case is markup let through."""
        assert self.status in (302, 303, 404, 422)
        if self.status == 422:
            assert not self.asked
            assert any(self.wrong().values())
        assert "<script>alert(1)" not in self.body
        assert "<b onmouseover" not in self.body


def address_of(case: Case, world: World) -> str:
    return reverse(case.route, args=case.args(world)) + case.query


def filled(case: Case, world: World, **changes: Any) -> Data:
    return {"submission": str(uuid.uuid4()), **case.data(world), **changes}


def routes(resolver: URLResolver | None = None, space: str = "") -> Iterator[str]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from routes(entry, f"{space}{entry.namespace}:" if entry.namespace else space)
        elif entry.name:
            yield f"{space}{entry.name}"


def test_every_route_is_in_one_of_the_two_tables() -> None:
    known = {case.route for case in FORMS} | SHOWN.keys()
    unknown = {route for route in set(routes()) - known if not route.startswith(ELSEWHERE)}
    assert not unknown, "Each needs a line in tests/integration/wrong_input/cases.py."
    assert known <= set(routes())
    assert not {case.route for case in FORMS} & SHOWN.keys()


@pytest.mark.parametrize("case", ASKING, ids=by_name)
def test_a_sound_form_asks_once_however_often_it_is_sent(client: Client, world: World, case: Case) -> None:
    address, data = address_of(case, world), filled(case, world)
    assert Sent(client, world, case, address, data).asked
    again = Sent(client, world, case, address, data)
    assert (again.status, again.asked) == (303, False)


@pytest.mark.parametrize("case", WITH_FORM, ids=by_name)
def test_hostile_text_is_refused_beside_its_field_or_taken_as_text(
    client: Client, world: World, case: Case
) -> None:
    """In all fields at once; then in those alone that did not mind, until each field has refused it or it was taken."""
    address = address_of(case, world)
    for kind, value in HOSTILE.items():
        left = set(case.texts)
        while left:
            with undone():
                data = filled(case, world, **dict.fromkeys(left, value))
                sent = Sent(client, world, case, address, data)
                refused = left & sent.wrong().keys() if sent.status == 422 else set()
                try:
                    sent.is_sound()
                    assert refused or sent.status != 422, sent.wrong()
                    for name in refused:
                        sent.is_refused_kindly(name)
                except AssertionError as fault:
                    raise AssertionError(f"{kind} in {', '.join(sorted(left))}") from fault
            if not refused:
                break
            left -= refused


@pytest.mark.parametrize("case", WITH_FORM, ids=by_name)
def test_a_choice_that_is_none_is_refused_beside_its_field(client: Client, world: World, case: Case) -> None:
    address = address_of(case, world)
    for name in case.choices:
        for value in ("nonsense", HOSTILE["markup"], HOSTILE["NUL"], HOSTILE["10,000 characters"]):
            with undone():
                Sent(client, world, case, address, filled(case, world, **{name: value})).is_refused_kindly(
                    name
                )


@pytest.mark.parametrize("case", [case for case in FORMS if case.needed], ids=by_name)
def test_what_is_needed_and_missing_is_told_beside_its_field(
    client: Client, world: World, case: Case
) -> None:
    address = address_of(case, world)
    for name in case.needed:
        without = filled(case, world)
        del without[name]
        for data in (without, {**without, name: ""}, {**without, name: " \u200b\t"}):
            with undone():
                Sent(client, world, case, address, data).is_refused_kindly(name)


@pytest.mark.parametrize("case", FORMS, ids=by_name)
def test_a_form_of_nothing_but_rubbish_breaks_nothing(client: Client, world: World, case: Case) -> None:
    address = address_of(case, world)
    names = [*case.data(world), "submission", "csrfmiddlewaretoken", "way", "next"]
    for value in ("\x00", "9" * 400, "\u202e"):
        with undone():
            client.force_login(world.anne)
            fresh(client)
            assert client.post(address, dict.fromkeys(names, value)).status_code in (200, 302, 303, 404, 422)
    broken = "&".join(f"{name}=%ff%00&{name}[]=1" for name in names)
    answer = client.post(address, broken.encode(), content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (200, 302, 303, 400, 404, 422)
    assert client.post(address, b"{", content_type="application/json").status_code < 500


@pytest.mark.parametrize("case", [case for case in FORMS if case.gone], ids=by_name)
def test_what_vanished_meanwhile_is_told_and_nothing_is_asked_for(
    client: Client, world: World, case: Case
) -> None:
    assert case.gone
    address, data = address_of(case, world), filled(case, world)
    vanish(case.gone(world))
    sent = Sent(client, world, case, address, data)
    assert not sent.asked
    assert sent.status in (303, 422)
    assert "no longer" in sent.body or any(sent.wrong().values())


@pytest.mark.parametrize("case", ASKING, ids=by_name)
def test_the_second_of_two_people_is_told_what_the_first_did(
    client: Client, world: World, case: Case
) -> None:
    address = address_of(case, world)
    first, second = filled(case, world), filled(case, world)
    Sent(client, world, case, address, first)
    client.force_login(world.ben)
    fresh(client)
    sent = Sent(client, world, case, address, second)
    sent.is_sound()
    assert not (sent.asked and case.once)

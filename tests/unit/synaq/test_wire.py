from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from provisioning.synaq import Dialect, SynaqError, wire


def test_hashed_password_is_sha256_of_password_and_salt_followed_by_the_salt() -> None:
    hashed = wire.ssha_password("Sämple", b"abcd")
    assert hashed.startswith("{SSHA256}")
    decoded = base64.b64decode(hashed.removeprefix("{SSHA256}"))
    assert decoded == hashlib.sha256("Sämple".encode() + b"abcd").digest() + b"abcd"


def test_hashed_password_takes_four_random_salt_bytes() -> None:
    first, second = (base64.b64decode(wire.ssha_password("x")[9:]) for _ in range(2))
    assert len(first) == 36
    assert first[-4:] != second[-4:]


@pytest.mark.parametrize("spelling", ["vat_number", "vat_numer"])
def test_vat_number_goes_out_as_the_documents_spell_it(spelling: str) -> None:
    assert wire.ou_body({spelling: "9"}) == {"ou": {"vat_numer": "9"}}


def test_new_ou_leaves_out_what_is_empty() -> None:
    ou = {"title": "A", "client_ref": "", "phone_number": None}
    address = {"line_1": "x", "line_2": "", "country": "ZA"}
    body = wire.new_ou_body({**ou, "physical_address": address})
    assert body == {"ou": {"title": "A", "physical_address": {"line_1": "x", "country": "ZA"}}}


@pytest.mark.parametrize(
    "ou", [{"colour": "red"}, {"physical_address": {"planet": "x"}}, {"physical_address": {"line_0": "x"}}]
)
def test_ou_field_that_no_document_names_is_refused(ou: dict[str, Any]) -> None:
    with pytest.raises(SynaqError, match="names no"):
        wire.ou_body(ou)


@pytest.mark.parametrize("changes", [{"email_local": "x"}, {"quota": 1}, {"provision_immediately": True}])
def test_mailbox_change_that_no_document_names_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SynaqError, match="names no mailbox field"):
        wire.mailbox_changes_body(Dialect.LEGACY, changes)


def test_new_mailbox_sends_neither_empties_nor_a_lowered_flag() -> None:
    mailbox = {
        "email_local": "a",
        "last_name": "b",
        "password": "p",
        "first_name": "",
        "provision_immediately": False,
    }
    body = wire.new_mailbox_body(Dialect.LEGACY, mailbox)
    assert body == {"mailbox": {"email_local": "a", "last_name": "b", "password": "p"}}


def test_mailbox_change_may_empty_a_field_but_never_sends_the_mask() -> None:
    body = wire.mailbox_changes_body(Dialect.LEGACY, {"first_name": "", "password": wire.MASK})
    assert body == {"mailbox": {"first_name": ""}}


def test_current_mailbox_takes_a_hashed_password() -> None:
    body = wire.mailbox_changes_body(Dialect.CURRENT, {"ssha_password": "{SSHA256}x"})
    assert body == {"mailbox": {"ssha_password": "{SSHA256}x"}}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"username": "u", "password": "p"}, {"username": "u", "password": "p"}),
        ({"smtp_username": "", "username": "u"}, {"smtp_username": "u", "username": "u"}),
        ({"smtp_username": "s", "username": None}, {"smtp_username": "s", "username": "s"}),
        ({"smtp_username": "s", "username": "u"}, {"smtp_username": "s", "username": "s"}),
        ({"smtp_password": wire.MASK, "password": "p"}, {"smtp_password": "p", "password": "p"}),
        ({"smtp_password": wire.MASK, "password": wire.MASK}, {}),
        ({"smtp_username": "", "username": ""}, {"smtp_username": "", "username": ""}),
    ],
)
def test_both_of_a_pair_are_sent_alike_where_both_are_exposed(
    given: dict[str, Any], sent: dict[str, Any]
) -> None:
    assert wire.fields_body(given) == {"fields": sent}


def test_pair_is_completed_from_what_the_domain_exposes() -> None:
    exposed = ["username", "password", "smtp_username", "smtp_password", "auth_method"]
    body = wire.fields_body({"username": "u", "password": "p"}, exposed)
    pairs = {"username": "u", "smtp_username": "u", "password": "p", "smtp_password": "p"}
    assert body == {"fields": pairs}


def test_scrub_masks_password_like_values_at_any_depth() -> None:
    raw = {
        "guid": "g",
        "fields": {
            "password": "a",
            "smtp_password": "b",
            "auth_method": "smtp",
            "admin_password": None,
            "Password": "c",
        },
        "list": [{"api_key": 1, "authentication_token": "t", "authentication_token_expiry": "2026"}],
        "ssha_password": "{SSHA256}x",
        "named": [{"name": "smtp_password", "value": "v"}, {"name": "city", "value": "Brno"}],
        "secret": {"deep": "s"},
        "password": "",
    }
    assert wire.scrub(raw) == {
        "guid": "g",
        "fields": {
            "password": wire.MASK, "smtp_password": wire.MASK, "auth_method": "smtp", "admin_password": None,
            "Password": wire.MASK,
        },
        "list": [{"api_key": wire.MASK, "authentication_token": wire.MASK, "authentication_token_expiry": "2026"}],
        "ssha_password": wire.MASK,
        "named": [{"name": "smtp_password", "value": wire.MASK}, {"name": "city", "value": "Brno"}],
        "secret": wire.MASK,
        "password": "",
    }  # fmt: skip


def test_scrub_leaves_the_original_alone() -> None:
    raw = {"fields": {"password": "a"}}
    wire.scrub(raw)
    assert raw == {"fields": {"password": "a"}}


def test_secrets_of_a_body_are_found_at_any_depth() -> None:
    body = {"fields": {"smtp_password": "one", "username": "u"}, "list": [{"password": "two"}]}
    assert list(wire.secrets_in(body)) == ["one", "two"]

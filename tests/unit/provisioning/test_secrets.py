"""Sealing fails closed, and blotting finds a secret however it was spelled."""

from __future__ import annotations

import html
import json
import urllib.parse

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from provisioning import secrets

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> None:
    settings.SEAL_KEYS = [OLD]


def test_what_was_sealed_is_opened_again_and_not_to_be_read() -> None:
    sealed = secrets.seal({"password": "S3cret"})
    assert "S3cret" not in sealed
    assert secrets.unseal(sealed) == {"password": "S3cret"}


def test_nothing_is_sealed_as_nothing() -> None:
    assert secrets.seal({}) == ""
    assert secrets.unseal("") == {}


def test_the_same_is_never_sealed_alike() -> None:
    assert secrets.seal({"a": "b"}) != secrets.seal({"a": "b"})


def test_a_new_key_seals_and_the_old_one_still_opens(settings: Settings) -> None:
    sealed = secrets.seal({"a": "b"})
    settings.SEAL_KEYS = [NEW, OLD]
    assert secrets.unseal(sealed) == {"a": "b"}
    again = secrets.seal(secrets.unseal(sealed))
    settings.SEAL_KEYS = [NEW]
    assert secrets.unseal(again) == {"a": "b"}
    with pytest.raises(secrets.CannotOpen):
        secrets.unseal(sealed)


@pytest.mark.parametrize("sealed", ["x", "gAAAAA", "plain text", '{"password": "S3cret"}', "ä"])
def test_what_was_not_sealed_here_is_not_opened(sealed: str) -> None:
    with pytest.raises(secrets.CannotOpen) as told:
        secrets.unseal(sealed)
    assert sealed not in str(told.value)


def test_what_was_changed_is_not_opened() -> None:
    sealed = secrets.seal({"a": "b"})
    changed = sealed[:-5] + ("A" if sealed[-5] != "A" else "B") + sealed[-4:]
    with pytest.raises(secrets.CannotOpen):
        secrets.unseal(changed)


@pytest.mark.parametrize("keys", [[], ["no key"]])
def test_without_a_key_nothing_is_sealed(settings: Settings, keys: list[str]) -> None:
    settings.SEAL_KEYS = keys
    with pytest.raises(ImproperlyConfigured):
        secrets.seal({"a": "b"})


def test_every_secret_is_blotted_wherever_it_stands() -> None:
    hidden = {"password": "S3cret!", "more": {"smtp_password": "An0ther"}, "number": 7}
    assert secrets.blot("S3cret! and An0ther and S3cret!", hidden) == "••• and ••• and •••"


def test_a_secret_within_another_leaves_no_rest() -> None:
    assert secrets.blot("abcdefgh", {"a": "abcd", "b": "abcdefgh"}) == "•••"


def test_what_is_too_short_to_be_a_secret_does_not_eat_the_sentence() -> None:
    assert secrets.blot("a cat sat", {"a": "a", "b": ""}) == "a cat sat"


@given(st.text(min_size=4, max_size=30))
def test_a_secret_is_found_in_every_usual_spelling(secret: str) -> None:
    if len(" ".join(secret.split())) < 4 or secrets.BLOT in secret:
        return
    try:
        quoted = urllib.parse.quote(secret, safe="")
    except UnicodeEncodeError:
        return
    for spelled in (secret, json.dumps(secret)[1:-1], html.escape(secret), quoted):
        assert spelled not in secrets.blot(f"The password {spelled} is weak.", {"password": secret})

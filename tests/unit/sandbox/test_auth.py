"""Signatures, salts, scope."""

import pytest

from tests.unit.sandbox.driver import START, Driver


def read_reseller(sandbox: Driver, headers: dict[str, str]) -> int:
    return sandbox.call("GET", f"ous/{sandbox.reseller}.json", headers=headers).status


def test_a_signed_request_is_answered(either: Driver) -> None:
    assert read_reseller(either, either.signed()) == 200


@pytest.mark.parametrize("digits", [10, 13, 14, 16])
def test_salts_of_any_fineness_are_taken(legacy: Driver, digits: int) -> None:
    salt = str(int(START * 10 ** (digits - 10)))
    assert read_reseller(legacy, legacy.signed(salt)) == 200


@pytest.mark.parametrize("gone", ["user", "salt", "hash"])
def test_a_missing_header_is_refused(legacy: Driver, gone: str) -> None:
    headers = legacy.signed()
    del headers[f"synaq-api-{gone}"]
    assert read_reseller(legacy, headers) == 401


def test_a_wrong_key_or_user_is_refused(legacy: Driver) -> None:
    assert read_reseller(legacy, legacy.signed(key="another")) == 401
    assert read_reseller(legacy, legacy.signed(user=legacy.settings.user.upper())) == 401
    assert legacy.look("books")["signatures_refused"] == 2


@pytest.mark.parametrize("salt", ["17", "abc", "-1800000000", "1800000000x", "1" * 30])
def test_a_malformed_salt_is_refused(legacy: Driver, salt: str) -> None:
    assert read_reseller(legacy, legacy.signed(salt)) == 401
    assert legacy.look("books")["salts_malformed"] == 1


@pytest.mark.parametrize("offset", [-301, 301])
def test_a_far_off_clock_is_refused(legacy: Driver, offset: int) -> None:
    assert read_reseller(legacy, legacy.signed(str(int(START) + offset))) == 401
    assert legacy.look("books")["salts_out_of_time"] == 1


def test_a_salt_is_taken_once(legacy: Driver) -> None:
    headers = legacy.signed()
    assert read_reseller(legacy, headers) == 200
    reply = legacy.call("GET", f"ous/{legacy.reseller}.json", headers=headers)
    assert (reply.status, reply.errors) == (401, None)
    assert legacy.look("books")["salts_reused"] == 1


def test_a_salt_is_used_up_by_a_request_that_is_refused_later(legacy: Driver) -> None:
    headers = legacy.signed()
    assert legacy.call("GET", "no/such/thing.json", headers=headers).status == 404
    assert read_reseller(legacy, headers) == 401


def test_an_unsigned_request_does_not_use_up_a_salt(legacy: Driver) -> None:
    good = legacy.signed()
    assert read_reseller(legacy, {**good, "synaq-api-hash": "0" * 40}) == 401
    assert read_reseller(legacy, good) == 200


def test_salts_survive_a_reset(legacy: Driver) -> None:
    headers = legacy.signed()
    read_reseller(legacy, headers)
    legacy.control("reset", seed="empty")
    assert read_reseller(legacy, headers) == 401


def test_old_salts_are_forgotten_and_still_refused(legacy: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.auth.PRUNE_EVERY", 2)
    old = legacy.signed()
    assert read_reseller(legacy, old) == 200
    legacy.wait(1000)
    assert read_reseller(legacy, legacy.signed()) == 200
    assert len(list(legacy.store.salts())) == 1
    assert read_reseller(legacy, old) == 401


def test_things_of_another_reseller_are_out_of_scope(legacy: Driver) -> None:
    foreign = legacy.look("inventory")["foreign"]
    ou = next(entry["guid"] for entry in foreign if entry["kind"] == "ou")
    domain = next(entry["guid"] for entry in foreign if entry["kind"] == "domain")
    assert legacy.get(f"ous/{ou}.json").status == 403
    assert legacy.get(f"domains/{domain}.json").status == 403
    assert legacy.post(f"domains/{domain}/mailboxes.json", {}).status == 403


def test_a_wrong_method_is_told_as_such(legacy: Driver) -> None:
    assert legacy.call("PUT", f"ous/{legacy.reseller}.json").status == 405
    assert legacy.get(f"ous/{legacy.reseller}/packages.json").status == 405
    assert legacy.get("nothing.json").json == {"code": 404, "message": "Not Found", "errors": None}

"""What the environment asks for, refused early and in one sentence."""

import pytest

from dev.settings import Wanted, wanted
from dev.trouble import Trouble

CONNECTION = {
    "SYNAQ_BASE_URL": "https://synaq.example",
    "SYNAQ_API_USER": "user",
    "SYNAQ_API_KEY": "key",
    "SYNAQ_RESELLER_GUID": "guid",
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PORT", "SYNAQ_DIALECT", *CONNECTION):
        monkeypatch.delenv(name, raising=False)


def _set(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def test_nothing_set_means_the_sandbox_on_the_legacy_dialect() -> None:
    assert wanted() == Wanted(port=8000, base_url="", dialect="legacy")
    assert wanted().sandbox


def test_a_whole_connection_means_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, **CONNECTION, SYNAQ_DIALECT="current", PORT="9000")
    assert wanted() == Wanted(port=9000, base_url="https://synaq.example", dialect="current")
    assert not wanted().sandbox


@pytest.mark.parametrize("missing", ["SYNAQ_API_USER", "SYNAQ_API_KEY", "SYNAQ_RESELLER_GUID"])
def test_a_connection_in_part_names_what_is_missing(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    _set(monkeypatch, **{**CONNECTION, missing: " "})
    with pytest.raises(Trouble, match=f"must be set too: {missing}\\."):
        wanted()


@pytest.mark.parametrize("port", ["http", "-1", "65536", "80.5"])
def test_a_port_that_is_none(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    _set(monkeypatch, PORT=port)
    with pytest.raises(Trouble, match="PORT must be a number"):
        wanted()


def test_an_unknown_dialect(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, SYNAQ_DIALECT="2018")
    with pytest.raises(Trouble, match="legacy or current, not '2018'"):
        wanted()


def test_an_address_without_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, **{**CONNECTION, "SYNAQ_BASE_URL": "synaq.example"})
    with pytest.raises(Trouble, match="http or https"):
        wanted()

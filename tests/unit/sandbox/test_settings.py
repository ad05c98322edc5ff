"""The sandbox's environment variables."""

import pytest

from sandbox.settings import BadSettingError, from_environment, read_seconds


def test_without_any_variable_it_is_the_legacy_demo_on_loopback() -> None:
    settings = from_environment({})
    assert (settings.dialect, settings.seed) == ("legacy", "demo")
    assert (settings.host, settings.port) == ("127.0.0.1", 8900)
    assert settings.state == "var/sandbox.sqlite3"


def test_all_variables_are_read() -> None:
    settings = from_environment(
        {
            "SANDBOX_PORT": "0",
            "SANDBOX_HOST": "0.0.0.0",  # noqa: S104 (what a container sets)
            "SANDBOX_STATE": "/srv/s.sqlite3",
            "SANDBOX_USER": "u",
            "SANDBOX_KEY": "k",
            "SANDBOX_RESELLER_GUID": "ABC",
            "SANDBOX_DIALECT": "current",
            "SANDBOX_ACTION_SECONDS": "1",
            "SANDBOX_RELOCK_SECONDS": "60",
            "SANDBOX_SEED": "empty",
        }
    )
    assert (settings.port, settings.host, settings.state) == (0, "0.0.0.0", "/srv/s.sqlite3")  # noqa: S104
    assert (settings.user, settings.key, settings.reseller_guid) == ("u", "k", "abc")
    assert (settings.dialect, settings.seed) == ("current", "empty")
    assert (settings.seconds, settings.relock_seconds) == ((1.0, 1.0), 60.0)


def test_the_state_lies_in_the_folder_of_the_whole_installation() -> None:
    assert from_environment({"MAILROOM_STATE": "/srv/state"}).state == "/srv/state/sandbox.sqlite3"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SANDBOX_DIALECT", "old"),
        ("SANDBOX_SEED", "full"),
        ("SANDBOX_PORT", "http"),
        ("SANDBOX_ACTION_SECONDS", "quick"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(name: str, value: str) -> None:
    with pytest.raises(BadSettingError, match=value):
        from_environment({name: value})


@pytest.mark.parametrize("text", ["", "3-1", "1-2-3", "-1", "inf"])
def test_seconds_are_a_number_or_a_range(text: str) -> None:
    with pytest.raises(BadSettingError):
        read_seconds(text)

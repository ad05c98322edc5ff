"""What the sandbox is told from outside, all of it by environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LEGACY = "legacy"
CURRENT = "current"

DEFAULT_USER = "demo@mailroom.test"
DEFAULT_KEY = "sandbox-key-for-trying-things-out"
DEFAULT_RESELLER = "5a0d0b0c-0000-4000-8000-000000000001"


class BadSettingError(ValueError):
    """A setting that cannot be used; its text is one sentence for the person who set it."""


@dataclass(frozen=True)
class Settings:
    """One sandbox: who may call it, which generation it speaks, where it keeps its state."""

    user: str = DEFAULT_USER
    key: str = DEFAULT_KEY
    reseller_guid: str = DEFAULT_RESELLER
    dialect: str = LEGACY
    seconds: tuple[float, float] = (0.5, 3.0)
    relock_seconds: float = 0.0
    seed: str = "demo"
    state: str = ":memory:"
    host: str = "127.0.0.1"
    port: int = 8900


def from_environment(env: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises BadSettingError with one sentence for what cannot be used."""
    env = os.environ if env is None else env
    default_state = Path(env.get("MAILROOM_STATE") or "var") / "sandbox.sqlite3"
    return Settings(
        user=env.get("SANDBOX_USER") or DEFAULT_USER,
        key=env.get("SANDBOX_KEY") or DEFAULT_KEY,
        reseller_guid=(env.get("SANDBOX_RESELLER_GUID") or DEFAULT_RESELLER).lower(),
        dialect=_choice(env, "SANDBOX_DIALECT", (LEGACY, CURRENT)),
        seconds=read_seconds(env.get("SANDBOX_ACTION_SECONDS") or "0.5-3"),
        relock_seconds=_number(env, "SANDBOX_RELOCK_SECONDS", 0.0),
        seed=_choice(env, "SANDBOX_SEED", ("demo", "empty")),
        state=env.get("SANDBOX_STATE") or str(default_state),
        host=env.get("SANDBOX_HOST") or "127.0.0.1",
        port=int(_number(env, "SANDBOX_PORT", 8900)),
    )


def read_seconds(text: str) -> tuple[float, float]:
    """'0.5-3' or '2' as (least, most) seconds."""
    parts = str(text).split("-")
    try:
        least, most = float(parts[0]), float(parts[-1])
    except ValueError:
        raise BadSettingError(f"Seconds are written like 2 or 0.5-3, not {text!r}.") from None
    if len(parts) > 2 or not 0 <= least <= most < float("inf"):
        raise BadSettingError(f"Seconds are written like 2 or 0.5-3, not {text!r}.")
    return least, most


def _choice(env: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = env.get(name) or choices[0]
    if value not in choices:
        raise BadSettingError(f"{name} is one of {', '.join(choices)}, not {value!r}.")
    return value


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    try:
        return float(env.get(name) or default)
    except ValueError:
        raise BadSettingError(f"{name} is a number, not {env[name]!r}.") from None

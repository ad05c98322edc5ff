"""Write-through to SQLite: what was answered survives a kill -9 of this process.

One transaction per request, committed before the first byte of the answer goes out. The operating system
keeps what was written, so nothing is synced to disk: a stand-in need not survive a power cut.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sandbox.things import KINDS, Thing

SCHEMA = """
CREATE TABLE IF NOT EXISTS things (
    kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (kind, key)
);
CREATE TABLE IF NOT EXISTS salts (salt TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS salts_at ON salts (at);
"""
# an upsert keeps the row's number, so that reading by it gives the order of creation
PUT = "INSERT INTO things VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body"


class Store:
    """Collects what changed during a request and writes it in one go."""

    def __init__(self, path: str) -> None:
        if path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.executescript(SCHEMA)
        self._dirty: dict[tuple[str, str], Thing | None] = {}
        self._salts: list[tuple[str, float]] = []

    def put(self, thing: Thing) -> None:
        """Remember to write this thing."""
        self._dirty[thing.kind, thing.key] = thing

    def remove(self, thing: Thing) -> None:
        """Remember to drop this thing."""
        self._dirty[thing.kind, thing.key] = None

    def burn(self, salt: str, at: float) -> None:
        """Remember a salt as used; `at` is the second that the salt itself names."""
        self._salts.append((salt, at))

    def flush(self) -> None:
        """Write all that was remembered, in one transaction."""
        if not self._dirty and not self._salts:
            return
        puts = [(*key, json.dumps(thing.__dict__)) for key, thing in self._dirty.items() if thing is not None]
        drops = [key for key, thing in self._dirty.items() if thing is None]
        self._db.execute("BEGIN")
        self._db.executemany(PUT, puts)
        self._db.executemany("DELETE FROM things WHERE kind = ? AND key = ?", drops)
        self._db.executemany("INSERT OR IGNORE INTO salts VALUES (?, ?)", self._salts)
        self._db.execute("COMMIT")
        self._dirty.clear()
        self._salts.clear()

    def things(self) -> Iterator[Thing]:
        """All things, in the order of their creation."""
        for kind, body in self._db.execute("SELECT kind, body FROM things ORDER BY rowid"):
            yield KINDS[kind](**json.loads(body))

    def salts(self) -> Iterator[tuple[str, float]]:
        """All remembered salts with the second that each names."""
        yield from self._db.execute("SELECT salt, at FROM salts")

    def forget_salts(self, before: float) -> None:
        """Drop salts that are refused by their age anyway."""
        self._db.execute("DELETE FROM salts WHERE at < ?", (before,))

    def clear(self) -> None:
        """Drop every thing. Salts stay: a reset must not allow a replay."""
        self._dirty.clear()
        self._db.execute("DELETE FROM things")

    def close(self) -> None:
        """Write and let go of the file."""
        self.flush()
        self._db.close()

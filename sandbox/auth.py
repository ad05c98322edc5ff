"""SWSS: who signed, with a hash that fits, a clock that is near, and a salt that was never used before."""

import hmac
import re
from collections.abc import Mapping
from hashlib import sha1

from sandbox import plans
from sandbox.refusals import Refusal
from sandbox.world import World

SKEW = 300.0  # seconds that a salt's time may be away from ours
SALT = re.compile(r"\d{10,19}|\d{10}\.\d{1,9}")
PRUNE_EVERY = 20_000


class Guard:
    """Checks signatures and remembers salts for as long as their age alone would not refuse them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._salts = dict(world.store.salts())
        self._since_pruning = 0

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise Refusal 401 unless this request is signed; burns the salt if it is."""
        user, salt, digest = (headers.get(f"synaq-api-{part}", "") for part in ("user", "salt", "hash"))
        if not (user and salt and digest):
            raise self._refuse("unsigned", "The synaq-api-user, -salt and -hash headers are required.")
        expected = signature(self._world.settings.user, self._world.settings.key, salt)
        if user != self._world.settings.user or not hmac.compare_digest(expected, digest):
            raise self._refuse("signatures_refused", "The signature is not valid.")
        at = seconds_of(salt)
        if at is None:
            raise self._refuse("salts_malformed", "The salt is not a UNIX timestamp.")
        if abs(at - self._world.clock() - plans.skew(self._world)) > SKEW:
            raise self._refuse("salts_out_of_time", "The salt is too far from the present time.")
        if salt in self._salts:
            raise self._refuse("salts_reused", "The salt was used before.")
        self._burn(salt, at)

    def _refuse(self, counter: str, message: str) -> Refusal:
        self._world.count(counter)
        return Refusal(401, message)

    def _burn(self, salt: str, at: float) -> None:
        self._salts[salt] = at
        self._world.store.burn(salt, at)
        self._since_pruning += 1
        if self._since_pruning >= PRUNE_EVERY:
            self._prune()

    def _prune(self) -> None:
        self._since_pruning = 0
        horizon = self._world.clock() - 2 * SKEW
        self._salts = {salt: at for salt, at in self._salts.items() if at >= horizon}
        self._world.store.forget_salts(horizon)


def signature(user: str, key: str, salt: str) -> str:
    """Hex SHA-1 of user name, key and salt joined without separators."""
    return sha1((user + key + salt).encode()).hexdigest()


def seconds_of(salt: str) -> float | None:
    """The UNIX time that a salt names, whatever its fineness; None if it names none."""
    if not SALT.fullmatch(salt):
        return None
    return float(salt) if "." in salt else int(salt) / 10 ** (len(salt) - 10)

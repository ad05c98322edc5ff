"""Time that has passed on this machine, whatever its clock is set to.

Leases are given by the database's clock. A machine whose own is off must neither hold back what it may send nor send what it
may not, so how much of a lease is left is told by what has passed since it was asked for.
"""

from __future__ import annotations

import time

# Of a machine that was put to sleep, or moved, this one goes on; elsewhere than on Linux there is only the other
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Seconds since some moment of the past."""
    return time.clock_gettime(_CLOCK)

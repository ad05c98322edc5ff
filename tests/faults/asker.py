"""`python -m tests.faults.asker`: asks for things by the portal's own services, in a process with its settings.

One line of JSON in: a list of wishes (see `wishes.py`). One line out: for each what became of it. With `--dies` it is killed
(-9) in the moment between the commit of the first and its announcement.
"""

from __future__ import annotations

import json
import os
import signal
import sys

import django


def main() -> None:
    """Answer until the input ends. Whatever else is printed goes where errors go."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from provisioning import announce
    from tests.faults import wishes

    if "--dies" in sys.argv:
        announce.nudge = lambda: os.kill(os.getpid(), signal.SIGKILL)

    for line in sys.stdin:
        out.write(json.dumps([wishes.carry_out(wish) for wish in json.loads(line)]) + "\n")
        out.flush()


if __name__ == "__main__":
    main()

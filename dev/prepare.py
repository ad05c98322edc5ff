"""`python -m dev.prepare STEP …`: management commands one after another in one process.

Starting Python and Django costs more than most of these commands do, so they share one start. A step is a
command's name, or `name=value` for one that takes the sandbox's address. The first that fails ends it, with
its exit code.
"""

from __future__ import annotations

import os
import sys
from time import monotonic


def main(steps: list[str]) -> int:
    """Run the steps; a failure that the command itself explains is one line on standard error."""
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import CommandError, call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        django.setup()
        for step in steps:
            name, _, value = step.partition("=")
            began = monotonic()
            call_command(
                name,
                *(("--control", value) if value else ()),
                **({"verbosity": 0} if name == "migrate" else {}),
            )
            print(f"{name}: {monotonic() - began:.1f} s", file=sys.stderr, flush=True)
    except CommandError as error:
        print(error, file=sys.stderr)
        return error.returncode
    except ImproperlyConfigured as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

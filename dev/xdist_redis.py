"""A pytest plugin, loaded before the settings: each parallel test process gets its own Redis database."""

import os
import re

_worker = re.search(r"\d+$", os.environ.get("PYTEST_XDIST_WORKER", ""))
if _worker and "REDIS_URL" in os.environ:
    os.environ["REDIS_URL"] = re.sub(r"/\d*$", f"/{int(_worker.group()) + 1}", os.environ["REDIS_URL"])

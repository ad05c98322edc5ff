"""From *finished in Postgres* to *seen in the browser*, with 200 pages open.

    make bench ONLY=seen

200 people have the page of an action of theirs open, and each page asks once a second, as its markup has a browser
do, over HTTP of the real web server. Once all are open the actions are sent. They take 10 to 20 s, so that all pages
ask for a while and then see their ends one after the other. A page has seen it when the markup with the end has
arrived. How long a browser takes to draw it: `live_lag.py`.
"""

from __future__ import annotations

import json
import statistics
from typing import Any

from benchmarks import stage, visitors
from benchmarks.rows import Row, at_most
from benchmarks.stage import say
from benchmarks.visitors import Page

PAGES, SECONDS, GOAL = 200, "10-20", 1.2
_AT_MOST = 90.0  # seconds that they stay open


def measure() -> list[Row]:
    count = stage.scaled(PAGES)
    with stage.database() as environment, stage.api(SECONDS) as api:
        domain = stage.mirror(api)
        with (
            stage.worker(environment, 2),
            stage.beat(environment),
            stage.web(environment) as (url, _),
        ):
            stage.warm(1)
            visitors.warm_up(url, domain)
            cookies = visitors.cookies(domain, count)
            stage.hold(domain)
            actions = stage.ask_for_mailboxes(domain, count)
            say(f"{count} pages are open and ask once a second")
            pages = [
                Page(cookie, f"/activity/{action.pk}/")
                for cookie, action in zip(cookies, actions, strict=True)
            ]
            told = _kept_open(url, pages, environment, domain)
        lags = _lags(told, [action.pk for action in actions])
    return [
        at_most(f"seen: finished here to seen, 95 % of {len(lags)} pages", stage.percentile(lags, 0.95), "s", GOAL),
        Row("seen: the same, median", round(statistics.median(lags), 3), "s"),
        Row("seen: answer to a page that asks, 95 %", round(stage.percentile(told["times"], 0.95), 3), "s"),
        Row("seen: share of the answers that were 204", round(_unchanged(told), 3), ""),
    ]  # fmt: skip


def _kept_open(url: str, pages: list[Page], environment: stage.Environment, domain: Any) -> dict[str, Any]:
    process = visitors.keep_open(url, pages, environment, _AT_MOST)
    stage.release(domain)
    try:
        out, _ = process.communicate(timeout=_AT_MOST + 60)
    finally:
        process.kill()
    found: dict[str, Any] = json.loads(out)
    return found


def _lags(told: dict[str, Any], numbers: list[int]) -> list[float]:
    from provisioning.models import Action

    ended = dict(Action.objects.filter(pk__in=numbers, state="finished").values_list("pk", "ended_at"))
    seen = {int(page["path"].split("/")[2]): page["seen_at"] for page in told["pages"] if page["seen_at"]}
    if len(ended) < len(numbers) or len(seen) < len(numbers):
        raise RuntimeError(f"{len(ended)} of {len(numbers)} actions finished, {len(seen)} were seen to.")
    return [seen[number] - at.timestamp() for number, at in ended.items()]


def _unchanged(told: dict[str, Any]) -> float:
    answers = {int(status): count for status, count in told["answers"].items()}
    return answers.get(204, 0) / sum(answers.values())

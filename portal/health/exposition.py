"""What Prometheus reads: the counts of all processes, and what the ledger and the signs of life say at this moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import accumulate

from django.db import Error as DatabaseTrouble
from django.db import connection
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from provisioning import health, heartbeats, tallies
from provisioning.models import Batch, Connection
from provisioning.tallies import Metric

CONTENT_TYPE = CONTENT_TYPE_LATEST


def text() -> bytes:
    """The whole page. While the database is away, only that."""
    registry = CollectorRegistry()
    registry.register(_Collected(list(_collect())))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> list[Family]:
        return self._families


def _collect() -> Iterator[Family]:
    redis = health.queue()
    yield _gauge("mailroom_redis_up", "Whether Redis answers", float(redis.level == health.OK))
    if "length" in redis.facts:
        yield _gauge("mailroom_queue_length", "Messages that wait in Redis", redis.facts["length"])
    try:
        families = [*_now(), *_counted()]
    except DatabaseTrouble:
        yield _gauge("mailroom_database_up", "Whether the database answers", 0.0)
        return
    yield _gauge("mailroom_database_up", "Whether the database answers", 1.0)
    yield from families


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=value)


def _labelled(name: str, about: str, label: str, values: dict[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _now() -> Iterator[Family]:
    """What holds at this moment."""
    signs = heartbeats.signs()
    ages, alive = {}, {}
    for kind in heartbeats.KINDS:
        ours = [sign for sign in signs if sign.kind == kind]
        alive[kind] = float(sum(sign.alive for sign in ours))
        if ours:
            ages[kind] = min(sign.age for sign in ours).total_seconds()
    yield _labelled("mailroom_processes", "Processes that gave a sign of life lately", "kind", alive)
    yield _labelled("mailroom_heartbeat_age_seconds", "Age of the youngest sign of life", "kind", ages)
    off = health.clocks_off(signs)
    yield _gauge("mailroom_clock_off_seconds", "How far a machine's clock is off the database's", off)
    busy = sum(float(sign.facts.get("under_way", 0)) for sign in signs if sign.kind == "web" and sign.alive)
    yield _gauge("mailroom_http_in_flight", "Requests under way, by the web processes' last report", busy)
    states = {state: float(number) for state, number in health.open_by_state().items()}
    yield _labelled("mailroom_actions_open", "Actions that have not ended", "state", states)
    yield _gauge(
        "mailroom_unconfirmed_for_a_person", "Actions that a person must settle", health.for_a_person()
    )
    yield _gauge("mailroom_oldest_due_seconds", "How long what people wait for is due", health.oldest_due())
    yield _gauge("mailroom_readings_due", "Things to be read from SYNAQ now", health.readings_due())
    stopped = Batch.objects.filter(state=Batch.State.STOPPED).count()
    yield _gauge("mailroom_batches_stopped", "Batches that wait for a person", stopped)
    links = {str(link.row.pk): link for link in health.links(Connection.objects.order_by("pk"))}
    broken = {pk: link.broken for pk, link in links.items()}
    paused = {pk: link.paused for pk, link in links.items()}
    yield _labelled(
        "mailroom_connection_broken_seconds", "For how long the breaker is open", "connection", broken
    )
    yield _labelled(
        "mailroom_connection_paused_seconds", "How long SYNAQ asked us to wait", "connection", paused
    )
    yield _gauge("mailroom_database_bytes", "Size of the database", _size())


def _size() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return float(cursor.fetchone()[0])


def _counted() -> Iterator[Family]:
    """What all processes have counted, this one's last seconds included."""
    tallies.flush()
    found = tallies.read()
    for name, metric in tallies.TABLE.items():
        rows = {tuple(sorted(json.loads(labels).items())): value for labels, value in found[name].items()}
        yield _histogram(metric, rows) if metric.bounds else _counter(metric, rows)


Rows = dict[tuple[tuple[str, str], ...], float]


def _counter(metric: Metric, rows: Rows) -> CounterMetricFamily:
    family = CounterMetricFamily(metric.name, metric.about, labels=metric.labels)
    if not metric.labels and not rows:
        rows = {(): 0.0}
    for labels, value in rows.items():
        family.add_metric([dict(labels)[label] for label in metric.labels], value)
    return family


def _histogram(metric: Metric, rows: Rows) -> HistogramMetricFamily:
    family = HistogramMetricFamily(metric.name, metric.about, labels=metric.labels)
    series: dict[tuple[str, ...], dict[str, float]] = {}
    for labels, value in rows.items():
        facts = dict(labels)
        series.setdefault(tuple(facts[label] for label in metric.labels), {})[facts["le"]] = value
    bounds = [*map(str, metric.bounds), "+Inf"]
    for labels_of, values in series.items():
        upto = accumulate(values.get(bound, 0.0) for bound in bounds)
        family.add_metric(labels_of, list(zip(bounds, upto, strict=True)), values.get("sum", 0.0))
    return family

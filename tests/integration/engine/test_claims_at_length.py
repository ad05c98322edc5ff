"""A claim costs the same whatever is queued: it walks an index in its own order and stops."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection

from provisioning import claim_sql, ledger
from provisioning.models import Action
from tests.integration.engine.asking import suspend
from tests.integration.engine.conftest import World

pytestmark = pytest.mark.django_db

MOST = 12
A_FEW_EACH = 10 * MOST  # over all steps of the plan, whichever way round the planner joins them
COPY = """
INSERT INTO provisioning_action ({columns}) SELECT {values}
FROM provisioning_action a, generate_series(1, %s) n WHERE a.id = %s
"""
OWN = {
    "submission": "gen_random_uuid()",
    "lock_key": "a.lock_key || n",
    "next_at": "a.next_at + n * interval '1 ms'",
}


def queue_up(like: Action, more: int) -> None:
    """Rows of other objects that were asked for like this one."""
    columns = [
        field.column for field in Action._meta.concrete_fields if field.column and field.column != "id"
    ]
    values = [OWN.get(column, f'a."{column}"') for column in columns]
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(COPY.format(columns=names, values=", ".join(values)), [more, like.pk])


def rows_read(connection_id: int) -> int:
    """How many rows the claim's plan went through, over all its steps, and that it sorted none."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE provisioning_action")  # the plan is made for what is there
        # of a few rows the planner would rather read all; whether an index serves the order is asked here
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"
        )
        cursor.execute(
            "EXPLAIN ANALYZE " + claim_sql.NEXT_IN_LINE.format(whose=claim_sql.PEOPLES, most="most"),
            {"connection": connection_id, "most": MOST},
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Sort" not in plan, plan
    assert "Seq Scan" not in plan, plan
    return sum(int(float(rows)) for rows in re.findall(r"actual time=\S+ rows=([\d.]+)", plan))


def test_a_long_queue_is_not_walked_through_for_its_first_rows(world: World) -> None:
    action = suspend(world.mailbox)
    Action.objects.filter(pk=action.pk).update(next_at=action.asked_at.replace(year=2020))
    queue_up(action, 30)
    assert rows_read(world.connection.pk) <= A_FEW_EACH
    queue_up(Action.objects.latest("pk"), 5_000)
    assert rows_read(world.connection.pk) <= A_FEW_EACH
    assert len(ledger.claim_submits(world.connection.pk, MOST)) == MOST


@pytest.mark.parametrize("of", ["people", "scheduled work"])
@pytest.mark.parametrize("state", ["waiting", "queued"])
def test_much_that_is_due_of_one_is_not_walked_through_for_the_other(
    world: World, state: str, of: str
) -> None:
    """`of`: whose rows are many; the others have none that is due."""
    with connection.cursor() as cursor:  # such states are not reached by hand
        cursor.execute("ALTER TABLE provisioning_action DISABLE TRIGGER USER")
    action = suspend(world.mailbox)
    priority = 0 if of == "people" else ledger.SCHEDULED
    due = {"next_at": action.asked_at.replace(year=2020), "priority": priority, "state": state}
    Action.objects.filter(pk=action.pk).update(**due)
    queue_up(action, 3_000)
    looks_for = "behind" if of == "people" else "first"
    name = f"{'sends' if state == 'queued' else 'follows'}_{looks_for}"
    sql = claim_sql.claim((name,))
    values: dict[str, Any] = {"connection": world.connection.pk, "lease": ledger.LEASE, name: MOST}
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE provisioning_action")
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN ANALYZE {sql}", values)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    passed_by = sum(int(number) for number in re.findall(r"Rows Removed by \w+: (\d+)", plan))
    assert passed_by < MOST, plan


def test_claiming_many_costs_no_more_queries_than_claiming_one(
    world: World, django_assert_max_num_queries: object
) -> None:
    queue_up(suspend(world.mailbox), 30)
    Action.objects.update(next_at="2020-01-01T00:00Z")
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        assert len(ledger.claim_submits(world.connection.pk, 25)) == 25

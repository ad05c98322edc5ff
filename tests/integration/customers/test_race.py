"""Two people take the same step in the same moment, on two database connections."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.test import Client

from provisioning.models import Action
from tests.integration.customers.conftest import Journey, chosen
from tests.integration.factories import make_ou, make_person

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_people_who_press_in_the_same_moment_sell_one_package(client: Client) -> None:
    root = make_ou(title="The Reseller")
    people = [make_person("support", root) for _ in range(4)]
    client.force_login(people[0])
    journey = Journey(client, root).to_package()
    url, together = f"{journey.url}?step=package", Barrier(len(people))

    def press(person: object) -> int:
        browser = Client()
        browser.force_login(person)  # type: ignore[arg-type]
        together.wait(10)
        try:
            answer = browser.post(url, {"submission": str(uuid.uuid4()), **chosen()})
            return answer.status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        codes = list(pool.map(press, people))
    assert Action.objects.filter(operation="package.create").count() == 1
    assert set(codes) <= {303, 422}

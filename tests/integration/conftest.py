from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import override_settings


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_xdist_suffix: None) -> None:
    """Tests that commit empty the tables afterwards, the audit trail's too: the database lets only them do so."""
    options = settings.DATABASES["default"].setdefault("OPTIONS", {})
    options["options"] = "-c mailroom.may_truncate=on"


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Hashing a password well takes a second of work: for people who live as long as one test, a poor hash will do."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield

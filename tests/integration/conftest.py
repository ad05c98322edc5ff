from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.template import Context, Template
from django.test import override_settings
from django.test.signals import template_rendered

from portal import outages


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Hashing a password well takes a second of work: for people who live as long as one test, a poor hash will do."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


def _tell_of_pages(template: Template, context: Context) -> str:
    """As Django's own, but telling only of pages, not of what they include: each telling copies all that the page knows,
    and a list of countries is two hundred and fifty of them."""
    if context.template is template:
        template_rendered.send(sender=template, template=template, context=context)
    return template.nodelist.render(context)


@pytest.fixture(scope="session", autouse=True)
def _quick_pages(django_test_environment: None) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Template, "_render", _tell_of_pages)
        yield


@pytest.fixture(autouse=True)
def _outages_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered of one page for the next, whose test has changed what there is to say."""
    monkeypatch.setattr(outages, "YOUNG", -1.0)

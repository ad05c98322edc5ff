"""Help for tests of what pages are made of: templates rendered without a request, a session or a database."""

from __future__ import annotations

from typing import Any

from django.template import Context, Template


def draw(source: str, **context: Any) -> str:
    """What a page with our tags makes of `source`."""
    return Template("{% load ui %}" + source).render(Context(context))

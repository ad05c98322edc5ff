"""The line on pages of what is on staging: `{% load staging %}{% staging_line %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context

from portal import staging

register = template.Library()


@register.inclusion_tag("connections/_staging.html", takes_context=True)
def staging_line(context: Context) -> dict[str, Any]:
    """Nothing on pages of other things, and for strangers."""
    request = context.get("request")
    if request is None or context.get("viewer") is None:
        return {"about": False}
    return {"about": staging.is_about(request, context)}

"""What is on staging says so: `{% load staging %}{% staging_line %}` on its page, `{% staging_pill … %}` in lists."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.utils.safestring import SafeString

from portal import staging
from portal.templatetags import ui

register = template.Library()


@register.inclusion_tag("connections/_staging.html", takes_context=True)
def staging_line(context: Context) -> dict[str, Any]:
    """Nothing on pages of other things, and for strangers."""
    request = context.get("request")
    if request is None or context.get("viewer") is None:
        return {"about": False}
    return {"about": staging.is_about(request, context)}


@register.simple_tag(takes_context=True)
def staging_pill(context: Context, connection: object) -> SafeString | str:
    """`{% staging_pill row.domain.connection_id %}`: beside a name in a list, where the viewer's scope holds both. Not on a
    page that says already that all of it is on staging."""
    request = context.get("request")
    if request is None or connection not in staging.mixed(request) or staging.is_about(request, context):
        return ""
    return ui.pill("Staging", tone="warn", title="On SYNAQ's trial system: it serves no customer.")

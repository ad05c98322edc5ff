"""What the sign-in pages need of the settings."""

from __future__ import annotations

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def issuer() -> str:
    """What the OpenID Connect sign-in is called; "" where there is none."""
    return str(settings.OIDC_NAME) if settings.OIDC_ISSUER else ""

"""The brand's files: `{% load branding %}{{ brand|logo_url }}`, `{{ brand|stylesheet_url }}`. No brand: ""."""

from __future__ import annotations

from django import template

from portal.branding import showing

register = template.Library()
register.filter("logo_url", showing.logo_url)
register.filter("stylesheet_url", showing.stylesheet_url)

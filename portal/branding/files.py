"""Logo and colours as files that anybody may fetch who knows their mark, and keep for ever: another has another mark."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from portal import roles
from portal.access import PUBLIC, policy
from portal.accounts.models import Brand
from portal.branding import colours


@policy(PUBLIC)
@require_safe
def logo(request: HttpRequest, pk: str, mark: str) -> HttpResponse:
    """The PNG as it was painted here."""
    brand = get_object_or_404(Brand, pk=int(pk), logo_mark=mark)
    return _kept(bytes(brand.logo), "image/png")


@policy(PUBLIC)
@require_safe
def stylesheet(request: HttpRequest, pk: str, mark: str) -> HttpResponse:
    """Tabler's variables in the brand's colour."""
    accent = get_object_or_404(Brand.objects.only("accent"), pk=int(pk)).accent
    if not accent or not constant_time_compare(colours.mark(accent), mark):
        raise Http404
    return _kept(colours.stylesheet(accent).encode(), "text/css; charset=utf-8")


@policy(roles.CHANGE_BRAND)
@require_safe
def look(request: HttpRequest, digits: str) -> HttpResponse:
    """The colours of a preview, which has no row yet."""
    return _kept(colours.stylesheet(f"#{digits}", ".look").encode(), "text/css; charset=utf-8")


def _kept(content: bytes, kind: str) -> HttpResponse:
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return HttpResponse(content, content_type=kind, headers=headers)

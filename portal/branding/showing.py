"""Brands as pages show them."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from portal import access
from portal.accounts.models import Brand
from portal.branding import colours
from portal.branding.forms import BrandForm
from provisioning.models import OU


def rows(ous: list[OU]) -> list[dict[str, Any]]:
    """Each with its own brand, or the one that it has from above."""
    paths = {part for ou in ous for part in access.parts(ou.path)}
    found = Brand.objects.defer("logo").filter(ou__path__in=paths).select_related("ou")
    known = {brand.ou.path: brand for brand in found}
    return [{"ou": ou, "brand": known.get(ou.path), "above": _above(ou, known)} for ou in ous]


def _above(ou: OU, known: dict[str, Brand]) -> Brand | None:
    higher = reversed(access.parts(ou.path)[:-1])
    return next((known[path] for path in higher if path in known), None)


def logo_url(brand: Brand | None) -> str:
    """Where its logo is; "" if it has none."""
    return reverse("branding:logo", args=[brand.pk, brand.logo_mark]) if brand and brand.logo_mark else ""


def stylesheet_url(brand: Brand | None) -> str:
    """Where its colours are; "" if it has none."""
    if not brand or not brand.accent:
        return ""
    return reverse("branding:stylesheet", args=[brand.pk, colours.mark(brand.accent)])


def preview(form: BrandForm, known: Brand | None) -> dict[str, str] | None:
    """What the page shows of the form as it is: of a new logo the picture itself. None while there is no name."""
    name = str(form["name"].value() or "").strip()
    if not name or "name" in form.errors:
        return None
    accent = form.cleaned_data.get("accent", "") if form.is_bound else (known.accent if known else "")
    logo = f"data:image/png;base64,{form.held}" if form.held else logo_url(known)
    return {
        "name": name,
        "css": reverse("branding:look", args=[accent[1:]]) if accent else "",
        "logo": "" if form.picture == b"" else logo,
        "support": str(form["support_email"].value() or "") if "support_email" not in form.errors else "",
    }

"""Products and editions in the words that people read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from provisioning.synaq.catalogue import Product, family_of
from provisioning.synaq.editions import Edition

Priced = Callable[[str], str]  # an edition's code → what one more costs, in a few words
FAMILIES: Final = {
    "cloudmail": "Hosted mailboxes",
    "continuity": "Mail goes on while the customer’s own server is away",
    "securemail": "Keeps spam and viruses away from the customer’s own server",
    "branding": "Signatures and banners on outgoing mail",
    "archive": "Keeps a copy of all mail",
    "mail management": "Security, branding and archive in one",
}


def family_text(code: str, name: str = "") -> str:
    """What a product is for, in a few words; "" for one that no document names."""
    return FAMILIES.get(family_of(code, name) or "", "")


def obvious(product: Product) -> list[str]:
    """A plan with one edition leaves no choice."""
    return [product.editions[0].code] if product.kind == "plan" and len(product.editions) == 1 else []


def note(product: Product) -> str:
    """What is to be chosen under a product."""
    if not product.editions:
        return "The catalogue names no edition of it. Its codes can be typed by hand, below."
    if product.may_take_none:
        return "Choose those that mailboxes may have. None means SYNAQ’s default ones."
    return "Choose those that mailboxes may have." if product.kind == "mailbox" else ""


def edition_choice(edition: Edition, checked: bool, priced: Priced | None = None) -> dict[str, Any]:
    """An edition for components/product_choices.html."""
    facts = []
    if isinstance(edition.max, int | str) and str(edition.max).strip():
        facts.append(f"At most {edition.max}")
    if isinstance(edition.price, int | float | str) and str(edition.price).strip():
        facts.append(f"SYNAQ’s price {edition.price}")
    if priced:
        facts.append(f"One more: {priced(edition.code)}, without tax")
    return {
        "value": edition.code,
        "title": edition.name,
        "code": edition.code if edition.code != edition.name else "",
        "badge": "default" if edition.is_default else "",
        "text": ". ".join(facts),
        "checked": checked,
    }

"""The OPTIONS answer: what a new package may be.

No document shows its shape, so it is read by what it must hold: products with a code, usually a name, and
editions. They may be a list, an object keyed by code, either of those under a wrapper, in groups one level
down, or a form's description; mixtures and unknown keys do no harm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from provisioning.synaq.editions import (
    EDITION_KEYS,
    Edition,
    first_text,
    looks_like_code,
    name_of,
    read_edition_list,
    read_editions,
    scalar_text,
)

_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold. `group` is the heading that the catalogue gave it, if any."""

    code: str
    name: str
    editions: list[Edition]
    group: str | None = None

    @property
    def kind(self) -> str:
        """`plan`: exactly one edition; `mailbox`: any number. An unknown one counts as a plan."""
        family = family_of(self.code, self.name)
        return "mailbox" if family in ("cloudmail", "continuity") else "plan"

    @property
    def may_take_none(self) -> bool:
        """Whether no edition at all may be named, which means all default ones: CloudMail only."""
        return family_of(self.code, self.name) == "cloudmail"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`readable` is False where no product with an edition was found; then `raw` is for support, and `products` are what can
    be sold without choosing an edition."""

    products: list[Product]
    readable: bool
    raw: Any = field(repr=False)


# Products that the documents name, by the beginnings of their codes; then by their names.
_FAMILY_CODES = (
    ("cloudmail", ("SYN-CMS", "SYN-CM-", "SYN-CLM", "CLM-", "CLM")),
    ("continuity", ("CT-", "SYN-CT", "SYN-CON", "SYN-PIN-CON", "SYN-PIN-CT")),
    ("securemail", ("SYN-PIN-SEC", "SM-", "SYN-SM")),
    ("branding", ("SYN-PIN-BRD", "BRD-", "SYN-BRD")),
    ("archive", ("AR-", "SYN-PIN-AR", "SYN-AR")),
    ("mail management", ("SYN-PIN-BDL", "MM-", "SYN-MM")),
)
_FAMILY_NAMES = (
    ("mail management", ("mail management", "mailmanagement", "management suite")),
    ("cloudmail", ("cloudmail", "cloud mail", "couldmail")),
    ("continuity", ("continuity",)),
    ("securemail", ("securemail", "secure mail")),
    ("branding", ("branding",)),
    ("archive", ("archive", "archiving")),
)


def family_of(code: str, name: str = "") -> str | None:
    """Which documented product this is, by its code, else by its name; None if neither tells."""
    for family, beginnings in _FAMILY_CODES:
        if code.upper().startswith(beginnings):
            return family
    return next(
        (family for family, words in _FAMILY_NAMES if any(word in name.lower() for word in words)), None
    )


def read(raw: Any) -> Catalogue:
    """The catalogue in an OPTIONS answer, as far as it can be read. Never raises."""
    found = _each_once(_products(raw, None, _DEEPEST)) or _each_once(_codes_alone(raw, _DEEPEST))
    return Catalogue(found, any(product.editions for product in found), raw)


def _each_once(products: Iterator[Product]) -> list[Product]:
    found: dict[str, Product] = {}
    for product in products:
        known = found.get(product.code)
        found[product.code] = _both(known, product) if known else product
    return list(found.values())


def _both(first: Product, other: Product) -> Product:
    """One product that is listed twice: a list of combinations names it with each of its editions."""
    known = {edition.code for edition in first.editions}
    more = [edition for edition in other.editions if edition.code not in known]
    name = first.name if first.name != first.code else other.name
    return replace(first, name=name, editions=[*first.editions, *more])


_CODES = ("code", "product_code", "package_code", "value", "id")
_LISTED = ("products", "packages", "available_products", "available_packages")
_POINTERS = ("product_code", "package_code", "product", "package", "parent_code", "parent")
_HEADINGS = ("name", "title", "label")
_CONTAINERS = (
    "packages", "products", "product_groups", "groups", "categories", "available_packages",
    "available_products", "_embedded", "package", "product", "data", "options", "items", "results",
    "catalogue", "form", "children", "choices", "code",
)  # fmt: skip
_BELOW = (
    "children", "prototype", "entry", "entry_options", "code", "options", "child", "items", "properties",
)  # fmt: skip
_EDITION_HOLDERS = (*EDITION_KEYS, "plans", "choices", "children", "options")


def _products(node: Any, group: str | None, depth: int) -> Iterator[Product]:
    if depth <= 0:
        return
    if isinstance(node, list):
        each = [list(_products(item, group, depth - 1)) for item in node]
        among = any(each)  # a code beside products is one, too, also where nothing is said of its editions
        for item, found in zip(node, each, strict=True):
            yield from found or (_without_editions(item, group) if among else ())
    elif isinstance(node, dict):
        yield from _of_object(node, group, depth)


def _of_object(node: dict[Any, Any], group: str | None, depth: int) -> Iterator[Product]:
    node = _one_product(node)
    if _is_form(node):
        yield from _of_form(node, group)
    elif product := _product(node, None, group):
        yield product
    elif beside := list(_side_by_side(node, group)):
        yield from beside
    elif inner := [node[key] for key in _CONTAINERS if isinstance(node.get(key), dict | list) and node[key]]:
        heading = first_text(node, _HEADINGS) or group
        for value in inner:
            yield from _products(value, heading, depth - 1)
    else:
        for key, value in node.items():
            yield from _of_entry(str(key), value, group, depth)


def _side_by_side(node: dict[Any, Any], group: str | None) -> Iterator[Product]:
    """Products whose editions stand beside them: each names its product, or they are keyed by it, or their codes tell."""
    listed = next((node[key] for key in _LISTED if isinstance(node.get(key), dict | list)), None)
    editions = next((node[key] for key in EDITION_KEYS if isinstance(node.get(key), dict | list)), None)
    if not listed or not editions or _holds_products(listed):
        return
    products = read_edition_list(listed)  # of each its code and name
    items = list(editions.values()) if isinstance(editions, dict) else editions
    named = [(item, _named_product(item)) for item in items if isinstance(item, dict)]
    for one in products:
        its = [item for item, name in named if name in (one.code, one.name)]
        found = read_edition_list(its) if its else _form_editions(one.code, products, editions)
        yield Product(one.code, one.name, found, group)


def _named_product(edition: dict[Any, Any]) -> str | None:
    inner = next((edition[key] for key in _POINTERS if edition.get(key)), None)
    return first_text(inner, _CODES) if isinstance(inner, dict) else scalar_text(inner)


def _one_product(node: dict[Any, Any]) -> dict[Any, Any]:
    """A combination, `{"product": {…}, "edition": {…}}` or only their codes, as a product with its editions."""
    code = first_text(node, ("product_code", "package_code"))
    edition = first_text(node, ("edition_code", "package_edition_code"))
    if code and edition:
        name = first_text(node, ("product_name", "package_name", "product", "package")) or code
        said = {"code": edition, "name": first_text(node, ("edition_name", "edition")) or edition}
        return {"code": code, "name": name, "editions": [said]}
    holder = next((key for key in EDITION_KEYS if isinstance(node.get(key), dict | list)), None)
    for key in ("product", "package"):
        inner = node.get(key)
        if holder and isinstance(inner, dict) and inner.keys().isdisjoint(EDITION_KEYS):
            return {**inner, holder: node[holder]}
    return node


def _of_entry(key: str, value: Any, group: str | None, depth: int) -> Iterator[Product]:
    """A member of an object that may be keyed by product code, or by group; a form may stand under any key."""
    if isinstance(value, dict) and _is_form(value):
        yield from _of_form(value, group)
    elif product := _keyed_product(key, value, group):
        yield product
    else:
        yield from _products(value, group if key.isdigit() else key, depth - 1)


def _keyed_product(key: str, value: Any, group: str | None) -> Product | None:
    if isinstance(value, dict):
        found = _product(value, key, group)
        if found and found.name == found.code and not key.isdigit():
            return replace(found, name=key)
        if found is None and looks_like_code(key) and not _holds_products(value):
            # What is no code among its members says something of the product itself
            editions = [one for one in read_edition_list(value) if looks_like_code(one.code)]
            found = Product(key, name_of(value, key), editions, group)
        return found
    if isinstance(value, list) and looks_like_code(key) and not _holds_products(value):
        return Product(key, key, read_edition_list(value), group)
    return None


def _product(item: dict[Any, Any], key: str | None, group: str | None) -> Product | None:
    """A product if the object has editions and a code, its own or the key it stands under."""
    embedded = item.get("_embedded")
    if isinstance(embedded, dict):
        item = {**{name: embedded[name] for name in EDITION_KEYS if name in embedded}, **item}
    holder = next((name for name in _EDITION_HOLDERS if isinstance(item.get(name), dict | list)), None)
    own = first_text(item, _CODES)
    if own is None and looks_like_code(item.get("name")):
        own = first_text(item, ("name",))
    code = own or (key if key and not key.isdigit() else None)
    if code is None or holder is None or (own is None and not _names_editions(holder, item)):
        return None
    if _holds_products(item[holder]):
        return None
    return Product(code, name_of(item, code), _editions_in(item, holder), group)


def _without_editions(item: Any, group: str | None) -> Iterator[Product]:
    code = first_text(item, _CODES) if isinstance(item, dict) else None
    if code and looks_like_code(code):
        yield Product(code, name_of(item, code), [], group)


def _codes_alone(node: Any, depth: int) -> Iterator[Product]:
    """Products of which nothing is said but their codes, perhaps with their names."""
    if depth <= 0:
        return
    if isinstance(node, list):
        for item in node:
            yield from _without_editions({"code": item} if isinstance(item, str) else item, None)
    elif isinstance(node, dict):
        for key, value in node.items():
            if looks_like_code(key) and isinstance(value, str):
                yield Product(key, value.strip() or key, [])
            elif key in _CONTAINERS:
                yield from _codes_alone(value, depth - 1)


def _editions_in(item: dict[Any, Any], holder: str) -> list[Edition]:
    """A product's editions: as such, or as the choices of a form's field that stands under the product."""
    if holder in EDITION_KEYS:
        return read_editions(item)
    fields = _form_fields(item) if holder == "children" else {}
    choices = _choices(next((fields[key] for key in EDITION_KEYS if key in fields), None))
    return read_edition_list(item[holder] if choices is None else choices)


def _names_editions(holder: str, item: dict[Any, Any]) -> bool:
    return holder in EDITION_KEYS or (holder == "plans" and bool(item[holder]))


def _holds_products(value: Any) -> bool:
    """Whether the members have editions of their own: then this is a group, not a product."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(
        isinstance(m, dict)
        and m.keys() != {"edition"}  # an edition that is wrapped in its noun
        and any(isinstance(m.get(key), dict | list) for key in EDITION_KEYS)
        for m in members
    )


def _is_form(node: dict[Any, Any]) -> bool:
    fields = _form_fields(node)
    return _choices(fields.get("code")) is not None and "editions" in fields


def _form_fields(node: dict[Any, Any]) -> dict[str, Any]:
    """A form's children by name, whether given as an object (a schema's `properties`, too) or as a list of named ones."""
    children = node.get("children", node.get("properties", node))
    if isinstance(children, list):
        return {str(child.get("name")): child for child in children if isinstance(child, dict)}
    return children if isinstance(children, dict) else {}


def _choices(child: Any) -> Any:
    """The choices of a form's field, however deep its prototype nests them; None if it has none."""
    for _ in range(_DEEPEST):
        if not isinstance(child, dict):
            return None
        if isinstance(child.get("choices"), dict | list) and child["choices"]:
            return child["choices"]
        if found := next((child[k] for k in ("enum", "options") if isinstance(child.get(k), list)), None):
            return found
        child = next((child[key] for key in _BELOW if child.get(key)), None)
        if isinstance(child, list):
            child = next((item for item in child if isinstance(item, dict)), None)
    return None


def _of_form(node: dict[Any, Any], group: str | None) -> Iterator[Product]:
    fields = _form_fields(node)
    codes = read_edition_list(_choices(fields["code"]))
    editions = _choices(fields["editions"])
    for choice in codes:
        yield Product(choice.code, choice.name, _form_editions(choice.code, codes, editions), group)


def _form_editions(code: str, codes: list[Edition], choices: Any) -> list[Edition]:
    """A product's part of a form's edition choices: grouped by its code or name, else told by their codes."""
    for key in (code, *(choice.name for choice in codes if choice.code == code)):
        if isinstance(choices, dict) and isinstance(choices.get(key), dict | list):
            return read_edition_list(choices[key])
    flat = read_edition_list(choices)
    if len(codes) == 1:
        return flat
    return [edition for edition in flat if _owner(edition.code, codes) == code]


def _owner(edition: str, codes: list[Edition]) -> str | None:
    fitting = [choice.code for choice in codes if edition.startswith(choice.code)]
    if fitting:
        return max(fitting, key=len)
    family = family_of(edition)
    same = [choice.code for choice in codes if family and family_of(choice.code) == family]
    return same[0] if len(same) == 1 else None

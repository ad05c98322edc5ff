"""The OPTIONS answer. No document shows it, so the control page chooses among the shapes it might have."""

from collections.abc import Callable, Sequence
from typing import Any

from sandbox.catalogue import Edition, Product

Json = Any


def _edition(product: Product, edition: Edition) -> dict[str, Json]:
    return {
        "code": edition.code,
        "name": edition.name,
        "default": edition is product.editions[0],
        "price": edition.price,
    }


def _product(product: Product) -> dict[str, Json]:
    return {
        "code": product.code,
        "name": product.name,
        "maximum": None if product.by_mailbox else 1,
        "editions": [_edition(product, edition) for edition in product.editions],
    }


def _list(products: Sequence[Product]) -> Json:
    return [_product(product) for product in products]


def _keyed(products: Sequence[Product]) -> Json:
    return {
        product.code: {
            "name": product.name,
            "editions": {
                edition.code: {"name": edition.name, "price": edition.price} for edition in product.editions
            },
        }
        for product in products
    }


def _groups(products: Sequence[Product]) -> Json:
    titles = {"mailbox": "Mailbox products", "plan": "Plan products"}
    return {
        "groups": [
            {"name": title, "products": [_product(p) for p in products if p.group == group]}
            for group, title in titles.items()
        ]
    }


def _choices(product: Product) -> Json:
    editions = [{"value": edition.code, "label": edition.name} for edition in product.editions]
    field = {"name": "editions", "multiple": product.by_mailbox, "choices": editions}
    return {"value": product.code, "label": product.name, "children": [field]}


def _form(products: Sequence[Product]) -> Json:
    choices = [_choices(product) for product in products]
    return {"name": "package", "method": "POST", "children": [{"name": "code", "choices": choices}]}


def _form_flat(products: Sequence[Product]) -> Json:
    codes = [{"value": product.code, "label": product.name} for product in products]
    editions = {product.code: _choices(product)["children"][0]["choices"] for product in products}
    fields = [
        {"name": "code", "required": True, "choices": codes},
        {"name": "editions", "required": False, "multiple": True, "choices": editions},
    ]
    return {"name": "package", "method": "POST", "children": fields}


def _unreadable(products: Sequence[Product]) -> Json:
    return {"revision": 7, "matrix": [[len(product.editions), 1] for product in products]}


SHAPES: dict[str, Callable[[Sequence[Product]], Json]] = {
    "packages": lambda products: {"packages": _list(products)},
    "list": _list,
    "keyed": _keyed,
    "products": lambda products: {"products": _list(products)},
    "packages-keyed": lambda products: {"packages": _keyed(products)},
    "embedded": lambda products: {"_embedded": {"packages": _list(products)}},
    "groups": _groups,
    "form": _form,
    "form-flat": _form_flat,
    "unreadable": _unreadable,
}
DEFAULT_SHAPE = "packages"

"""The OPTIONS answer in the shapes that the contract names, and in mixtures of them."""

from __future__ import annotations

from typing import Any

import pytest
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.synaq import Client, SynaqError
from provisioning.synaq.catalogue import Product, read
from provisioning.synaq.editions import Edition

BASIC = {"code": "SYN-CMS-BASIC-02", "name": "Basic 2GB", "is_default": True, "max": 100, "price": "9.90"}
PREMIUM = {"code": "SYN-CM-PREM-25-ARCH", "name": "Premium 25GB"}
BOTH_WAYS = {"code": "SYN-PIN-SEC-BOTH", "name": "Bidirectional"}
CLOUDMAIL: dict[str, Any] = {
    "code": "SYN-CMS",
    "name": "CloudMail",
    "editions": [BASIC, PREMIUM],
    "colour": "blue",
    "tags": ["a"],
}
SECUREMAIL: dict[str, Any] = {
    "code": "SYN-PIN-SEC",
    "name": "Securemail",
    "editions": [BOTH_WAYS],
    "addons": [{"code": "X-1"}],
}
PRODUCTS = [CLOUDMAIL, SECUREMAIL]

EXPECTED = [
    ("SYN-CMS", "CloudMail", ["SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH"]),
    ("SYN-PIN-SEC", "Securemail", ["SYN-PIN-SEC-BOTH"]),
]


def keyed(items: list[dict[str, Any]]) -> dict[str, Any]:
    """The same, keyed by code, at both levels."""
    found = {}
    for item in items:
        found[item["code"]] = {key: value for key, value in item.items() if key != "code"}
        if "editions" in item:
            found[item["code"]]["editions"] = keyed(item["editions"])
    return found


def outline(raw: Any) -> list[tuple[str, str, list[str]]]:
    return [(p.code, p.name, [edition.code for edition in p.editions]) for p in read(raw).products]


CODE_CHOICES = [{"value": "SYN-CMS", "label": "CloudMail"}, {"value": "SYN-PIN-SEC", "label": "Securemail"}]
GROUPED_CHOICES = {
    "SYN-CMS": [
        {"value": "SYN-CMS-BASIC-02", "label": "Basic"},
        {"value": "SYN-CM-PREM-25-ARCH", "label": "Premium"},
    ],
    "SYN-PIN-SEC": {"Both": "SYN-PIN-SEC-BOTH"},
}
FLAT_CHOICES = ["SYN-CMS-BASIC-02", "SYN-CM-PREM-25-ARCH", "SYN-PIN-SEC-BOTH"]

NAMES = [{"code": item["code"], "name": item["name"]} for item in PRODUCTS]
EACH = [(edition, item["code"]) for item in PRODUCTS for edition in item["editions"]]

SHAPES = {
    "editions-beside-by-code": {
        "products": NAMES,
        "editions": [{**edition, "product_code": code} for edition, code in EACH],
    },
    "editions-beside-by-object": {
        "packages": NAMES,
        "editions": [{**edition, "package": {"code": code}} for edition, code in EACH],
    },
    "editions-beside-keyed": {
        "_embedded": {"products": NAMES, "editions": {item["code"]: item["editions"] for item in PRODUCTS}},
    },
    "editions-beside-products-keyed": {
        "products": {item["code"]: item["name"] for item in PRODUCTS},
        "editions": [{**edition, "product": code} for edition, code in EACH],
    },
    "editions-beside-by-their-codes": {"products": NAMES, "editions": [edition for edition, _ in EACH]},
    "list": PRODUCTS,
    "keyed": keyed(PRODUCTS),
    "packages": {"packages": PRODUCTS},
    "products-keyed": {"products": keyed(PRODUCTS), "total": 2},
    "embedded": {"_embedded": {"packages": PRODUCTS}, "page": 1, "limit": 5},
    "embedded-keyed": {"_embedded": keyed(PRODUCTS)},
    "wrapped-twice": {"data": {"packages": {"products": PRODUCTS}}},
    "groups": [{"name": "Mail", "products": [CLOUDMAIL]}, {"name": "Security", "packages": [SECUREMAIL]}],
    "groups-keyed": {"Mail": [CLOUDMAIL], "Security": keyed([SECUREMAIL])},
    "groups-keyed-by-code": {
        "GRP-1": [CLOUDMAIL],
        "GRP-2": {"SYN-PIN-SEC": keyed([SECUREMAIL])["SYN-PIN-SEC"]},
    },
    "groups-wrapped": {
        "product_groups": {"mail": {"products": [CLOUDMAIL]}, "sec": {"products": [SECUREMAIL]}}
    },
    "wrapper-per-product": [{"product": CLOUDMAIL}, {"package": SECUREMAIL}],
    "combinations": [
        {"product": {"code": code, "name": name}, "edition": {"code": edition}}
        for code, name, editions in EXPECTED
        for edition in editions
    ],
    "combinations-of-codes": [
        {"product_code": code, "product_name": name, "edition_code": edition}
        for code, name, editions in EXPECTED
        for edition in editions
    ],
    "combinations-in-one": [
        {"code": code, "name": name, "edition": {"code": edition}}
        for code, name, editions in EXPECTED
        for edition in editions
    ],
    "product-beside-its-editions": [
        {"product": {"code": code, "name": name}, "editions": [{"edition": {"code": e}} for e in editions]}
        for code, name, editions in EXPECTED
    ],
    "embedded-in-the-product": {
        "_embedded": {
            "products": [
                {"code": code, "name": name, "_embedded": {"editions": [{"code": e} for e in editions]}}
                for code, name, editions in EXPECTED
            ]
        }
    },
    "keyed-by-name": {
        "Mail": {"CloudMail": {"code": "SYN-CMS", "editions": [BASIC, PREMIUM]}},
        "Security": {"Securemail": {"code": "SYN-PIN-SEC", "editions": [BOTH_WAYS]}},
    },
    "mixed": [CLOUDMAIL, {"Security": [SECUREMAIL]}, None, 5, "x"],
    "form-children-choices": {
        "children": {
            "code": {"type": "choice", "choices": CODE_CHOICES},
            "editions": {"prototype": {"children": {"code": {"choices": GROUPED_CHOICES}}}},
        }
    },
    "form-flat-editions": {
        "package": {"children": {"code": {"choices": CODE_CHOICES}, "editions": {"choices": FLAT_CHOICES}}}
    },
    "form-labels-first": {
        "children": {
            "code": {"choices": {"CloudMail": "SYN-CMS", "Securemail": "SYN-PIN-SEC"}},
            "editions": {"choices": GROUPED_CHOICES},
        }
    },
    "form-named-children": {
        "form": {
            "children": [
                {"name": "code", "choices": CODE_CHOICES},
                {"name": "editions", "children": [{"name": "code", "choices": GROUPED_CHOICES}]},
            ]
        }
    },
    "form-grouped-by-name": {
        "children": {
            "code": {"choices": CODE_CHOICES},
            "editions": {
                "entry_options": {
                    "choices": {
                        "CloudMail": GROUPED_CHOICES["SYN-CMS"],
                        "Securemail": GROUPED_CHOICES["SYN-PIN-SEC"],
                    }
                }
            },
        }
    },
    "form-under-its-method": {
        "name": "New package",
        "renders": ["application/json"],
        "actions": {
            "POST": {
                "code": {"type": "choice", "required": True, "choices": CODE_CHOICES},
                "editions": {"type": "list", "child": {"type": "choice", "choices": FLAT_CHOICES}},
            }
        },
    },
    "form-options": {
        "package": {
            "code": {"type": "select", "options": CODE_CHOICES},
            "editions": {"type": "select", "options": FLAT_CHOICES},
        }
    },
    "form-child-per-product": {
        "children": [
            {"name": "SYN-CMS", "label": "CloudMail", "choices": FLAT_CHOICES[:2]},
            {"name": "SYN-PIN-SEC", "label": "Securemail", "children": [{"name": "SYN-PIN-SEC-BOTH"}]},
        ]
    },
    "form-field-per-choice": {
        "children": [
            {
                "name": "code",
                "choices": [
                    {
                        "value": code,
                        "label": name,
                        "children": [{"name": "editions", "multiple": True, "choices": editions}],
                    }
                    for code, name, editions in (
                        ("SYN-CMS", "CloudMail", FLAT_CHOICES[:2]),
                        ("SYN-PIN-SEC", "Securemail", FLAT_CHOICES[2:]),
                    )
                ],
            }
        ]
    },
    "form-choices-with-editions": {
        "choices": [
            {"value": "SYN-CMS", "label": "CloudMail", "choices": FLAT_CHOICES[:2]},
            {"value": "SYN-PIN-SEC", "label": "Securemail", "editions": FLAT_CHOICES[2:]},
        ]
    },
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_products_and_editions_are_found_in_every_shape(shape: Any) -> None:
    assert outline(shape) == EXPECTED
    assert read(shape).readable


BARE = {
    "codes-in-lists": {"SYN-CMS": FLAT_CHOICES[:2], "SYN-PIN-SEC": FLAT_CHOICES[2:]},
    "codes-with-names": {
        "SYN-CMS": dict.fromkeys(FLAT_CHOICES[:2], "Name"),
        "SYN-PIN-SEC": {FLAT_CHOICES[2]: "B"},
    },
    "codes-with-objects": {"SYN-CMS": keyed([BASIC, PREMIUM]), "SYN-PIN-SEC": keyed([BOTH_WAYS])},
    "schema": {
        "type": "object",
        "required": ["code"],
        "properties": {
            "code": {"enum": ["SYN-CMS", "SYN-PIN-SEC"]},
            "editions": {"type": "array", "items": {"properties": {"code": {"enum": FLAT_CHOICES}}}},
        },
    },
    "codes-with-lists-of-objects": {"packages": {"SYN-CMS": [BASIC, PREMIUM], "SYN-PIN-SEC": [BOTH_WAYS]}},
}


@pytest.mark.parametrize("shape", BARE.values(), ids=BARE)
def test_products_that_are_only_keys_are_named_by_their_codes(shape: Any) -> None:
    expected = [(code, code, editions) for code, _, editions in EXPECTED]
    assert outline(shape) == expected


@pytest.mark.parametrize("silent", [{}, {"editions": None}, {"editions": []}])
def test_a_product_beside_others_is_offered_also_without_editions(silent: dict[str, Any]) -> None:
    catalogue = read({"packages": [CLOUDMAIL, {"code": "BRD-STD", "name": "Branding", **silent}]})
    assert [(product.code, len(product.editions)) for product in catalogue.products] == [
        ("SYN-CMS", 2),
        ("BRD-STD", 0),
    ]


def test_what_a_product_says_of_itself_is_no_edition_of_it() -> None:
    said = {"name": "CloudMail", "description": "Mail for all", "price": 3, "active": True}
    assert outline({"SYN-CMS": said, **keyed([SECUREMAIL])}) == [("SYN-CMS", "CloudMail", []), EXPECTED[1]]


def test_what_an_edition_says_of_itself_is_kept() -> None:
    (cloudmail, _) = read(keyed(PRODUCTS)).products
    assert cloudmail.editions[0] == Edition("SYN-CMS-BASIC-02", "Basic 2GB", True, 100, "9.90")


def test_codes_may_be_numbers() -> None:
    assert outline([{"code": 12, "name": "Mail", "editions": [{"code": 1}, {"code": 2.5}]}]) == [
        ("12", "Mail", ["1", "2.5"])
    ]


def test_group_is_told() -> None:
    assert [product.group for product in read(SHAPES["groups"]).products] == ["Mail", "Security"]


@pytest.mark.parametrize(
    "raw", [None, "", "<html>", 5, [], {}, {"a": 1}, {"editions": ["X-1"]}, [["x"]], {"packages": None}]
)
def test_what_cannot_be_read_is_kept_for_support(raw: Any) -> None:
    catalogue = read(raw)
    assert not catalogue.readable
    assert catalogue.raw == raw


def test_products_without_any_edition_are_not_enough() -> None:
    assert not read([{"code": "SYN-CMS", "name": "CloudMail", "editions": []}]).readable


@pytest.mark.parametrize(
    "raw",
    [
        {"packages": [{"code": "CLM-STD", "name": "CloudMail"}, {"code": "SM-PREM", "name": "Securemail"}]},
        {"_embedded": {"products": {"CLM-STD": "CloudMail", "SM-PREM": "Securemail"}}},
        {"CLM-STD": {"name": "CloudMail"}, "SM-PREM": {"name": "Securemail"}},
    ],
)
def test_products_of_which_only_codes_and_names_are_said_are_told(raw: Any) -> None:
    assert outline(raw) == [("CLM-STD", "CloudMail", []), ("SM-PREM", "Securemail", [])]
    assert outline(["CLM-STD", "SM-PREM"]) == [("CLM-STD", "CLM-STD", []), ("SM-PREM", "SM-PREM", [])]
    assert not read(raw).readable


@pytest.mark.parametrize(
    ("code", "name", "kind", "none"),
    [
        ("SYN-CMS", "", "mailbox", True),
        ("CLM-PLUS-B", "", "mailbox", True),
        ("CT-STD", "", "mailbox", False),
        ("SYN-PIN-SEC", "", "plan", False),
        ("SM-PREM", "", "plan", False),
        ("SYN-PIN-BRD", "", "plan", False),
        ("BRD-STD", "", "plan", False),
        ("AR-SEC", "CloudMail archive", "plan", False),
        ("MM-STD", "", "plan", False),
        ("SYN-PIN-BDL-10", "Mail Management Suite", "plan", False),
        ("X-1", "CloudMail Deluxe", "mailbox", True),
        ("X-2", "Continuity", "mailbox", False),
        ("X-3", "Something new", "plan", False),
    ],
)
def test_kind_of_product_is_judged_by_code_then_by_name(code: str, name: str, kind: str, none: bool) -> None:
    product = Product(code, name, [])
    assert (product.kind, product.may_take_none) == (kind, none)


def test_answer_that_is_no_json_reaches_the_reader(legacy: Client, wire: responses.RequestsMock) -> None:
    url = "https://api.example.test/api/v1/ous/O/packages.json"
    wire.add("OPTIONS", url, body="<html>hello</html>", content_type="text/html")
    assert legacy.packages.catalogue("O").raw == "<html>hello</html>"
    wire.add("OPTIONS", url, status=404)
    with pytest.raises(SynaqError):
        legacy.packages.catalogue("O")


CODES = st.from_regex(r"[A-Z]{2,4}(-[A-Z0-9]{1,4}){1,3}", fullmatch=True)
EXTRAS = st.dictionaries(
    st.sampled_from(["colour", "order", "note", "links"]), st.none() | st.integers() | st.text()
)
EDITION = st.fixed_dictionaries({"code": CODES, "name": st.just("An edition")})
PRODUCT = st.builds(
    lambda code, editions, extras: {**extras, "code": code, "name": f"Name of {code}", "editions": editions},
    CODES,
    st.lists(EDITION, min_size=1, max_size=4, unique_by=lambda item: item["code"]),
    EXTRAS,
)
WRAPS = [
    lambda items: items,
    lambda items: {"packages": items},
    lambda items: {"products": keyed(items)},
    lambda items: {"_embedded": {"packages": items}},
    lambda items: keyed(items),
    lambda items: [{"title": "Group", "products": items}],
    lambda items: {"Group": keyed(items)},
    lambda items: {"Group": items},
]


@settings(max_examples=40)
@given(st.lists(PRODUCT, min_size=1, max_size=5, unique_by=lambda item: item["code"]), st.sampled_from(WRAPS))
def test_any_catalogue_reads_back_whatever_its_wrapping(items: list[dict[str, Any]], wrap: Any) -> None:
    expected = [
        (item["code"], item["name"], [edition["code"] for edition in item["editions"]]) for item in items
    ]
    assert outline(wrap(items)) == expected


def test_a_product_of_which_only_the_code_is_said_twice_is_one() -> None:
    assert outline([{"code": "CLM-STD"}, {"code": "CLM-STD", "name": "Standard"}]) == [
        ("CLM-STD", "Standard", [])
    ]

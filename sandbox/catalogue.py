"""What can be bought: products with their editions, in the codes of both generations.

Codes that the documents name are theirs; the rest are made up in the same manner.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.settings import CURRENT, LEGACY

DELIVERY = ("mail_delivery_location", "mail_delivery_alternative")
LOGIN = ("auth_method", "username", "password")
SMTP = ("smtp_username", "smtp_password")
ADMIN = ("admin_username", "admin_password")
ADMIN_NAME = ("admin_first_name", "admin_last_name")
OPTIONAL = frozenset({"mail_delivery_alternative", "service_provider"})
DEFAULTS = {"auth_method": "smtp"}


@dataclass(frozen=True)
class Edition:
    """A class of service; `fields`, where given, replaces the product's service fields."""

    code: str
    name: str
    price: str
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Product:
    """Something that SYNAQ sells. The first edition is the default one."""

    code: str
    name: str
    family: str
    group: str
    editions: tuple[Edition, ...]
    fields: tuple[str, ...] = ()

    @property
    def by_mailbox(self) -> bool:
        """Whether its packages take any number of editions and hold mailboxes."""
        return self.group == "mailbox"

    @property
    def codes(self) -> list[str]:
        """The codes of all its editions."""
        return [edition.code for edition in self.editions]


def _editions(*rows: tuple[str, str, str]) -> tuple[Edition, ...]:
    return tuple(Edition(*row) for row in rows)


LEGACY_PRODUCTS = (
    Product(
        "SYN-CMS",
        "CloudMail",
        "cloudmail",
        "mailbox",
        _editions(
            ("SYN-CMS-BASIC-02", "Basic 2GB", "18.00"),
            ("SYN-CMS-STD-05", "Standard 5GB", "29.00"),
            ("SYN-CM-PREM-25-ARCH", "Premium 25GB with archive", "64.00"),
            ("SYN-CM-PREM-100-ARCH", "Premium 100GB with archive", "112.00"),
        ),
    ),
    Product(
        "SYN-PIN-SEC",
        "Securemail",
        "securemail",
        "plan",
        (
            Edition("SYN-PIN-SEC-BOTH", "Bidirectional", "21.00", DELIVERY + LOGIN),
            Edition("SYN-PIN-SEC-IN", "Inbound", "14.00", DELIVERY),
            Edition("SYN-PIN-SEC-OUT", "Outbound", "11.00", LOGIN),
        ),
    ),
    Product(
        "SYN-PIN-BRD",
        "Branding",
        "branding",
        "plan",
        _editions(("SYN-PIN-BRD", "Branding", "9.50"), ("SYN-PIN-BRD-ADV", "Branding Advanced", "15.00")),
        ("auth_method", *SMTP),
    ),
    Product(
        "SYN-PIN-ARC",
        "Archive",
        "archive",
        "plan",
        _editions(
            ("SYN-PIN-ARC-03", "Archive 3 years", "17.00"),
            ("SYN-PIN-ARC-07", "Archive 7 years", "26.00"),
            ("SYN-PIN-ARC-10", "Archive 10 years", "33.00"),
        ),
        ADMIN,
    ),
    Product(
        "SYN-PIN-CON",
        "Continuity",
        "continuity",
        "mailbox",
        _editions(("SYN-PIN-CON-STD", "Standard", "12.00"), ("SYN-PIN-CON-PREM", "Premium", "19.00")),
        ("mail_delivery_location",),
    ),
    Product(
        "SYN-PIN-BDL",
        "Mail Management Suite",
        "management",
        "plan",
        _editions(
            ("SYN-PIN-BDL-10", "Mail Management 10", "38.00"),
            ("SYN-PIN-BDL-25", "Mail Management 25", "35.00"),
            ("SYN-PIN-BDL-100", "Mail Management 100", "31.00"),
        ),
        DELIVERY + LOGIN + SMTP,
    ),
)


def _cloudmail(code: str, name: str, sizes: Iterable[tuple[str, str, str]]) -> Product:
    editions = _editions(*((f"{code}-{end}", f"{name} {words}", price) for end, words, price in sizes))
    return Product(code, name, "cloudmail", "mailbox", editions, ADMIN + ADMIN_NAME)


def _plan(code: str, name: str, family: str, price: str, fields: tuple[str, ...]) -> Product:
    return Product(code, name, family, "plan", _editions((code, name, price)), fields)


_SIZES = (("50", "50GB", "41.00"), ("50-ARCH", "50GB with archive", "66.00"), ("100", "100GB", "72.00"))
_LITE = (("05", "5GB", "16.00"), ("10", "10GB", "22.00"))

CURRENT_PRODUCTS = (
    _cloudmail("CLM-STD", "CloudMail Standard", _SIZES),
    _cloudmail("CLM-LT", "CloudMail Lite", _LITE),
    _cloudmail("CLM-PLUS", "CloudMail Plus", _SIZES),
    _cloudmail("CLM-LTB", "CloudMail Lite with Branding", _LITE),
    _cloudmail("CLM-STD-B", "CloudMail Standard with Branding", _SIZES),
    _cloudmail("CLM-PLUS-B", "CloudMail Plus with Branding", _SIZES),
    _plan("SM-STD", "Securemail Standard", "securemail", "17.00", DELIVERY + LOGIN + SMTP),
    _plan("SM-PREM", "Securemail Premium", "securemail", "24.00", DELIVERY + LOGIN + SMTP),
    _plan("BRD-STD", "Branding", "branding", "9.50", ("auth_method", *SMTP)),
    _plan("AR-SEC", "Securemail Archive", "archive", "28.00", (*ADMIN, "service_provider")),
    Product(
        "CT-STD",
        "Continuity",
        "continuity",
        "mailbox",
        _editions(("CT-STD-30", "Continuity 30 days", "12.00"), ("CT-STD-90", "Continuity 90 days", "19.00")),
        ("mail_delivery_location",),
    ),
    _plan("MM-STD", "Mail Management Standard", "management", "31.00", DELIVERY + LOGIN + SMTP),
    _plan("MM-PREM", "Mail Management Premium", "management", "38.00", DELIVERY + LOGIN + SMTP),
)

PRODUCTS = {LEGACY: LEGACY_PRODUCTS, CURRENT: CURRENT_PRODUCTS}
# one table of all codes: a state file may hold packages of the other generation
BY_CODE = {product.code: product for products in PRODUCTS.values() for product in products}


def offered(dialect: str) -> dict[str, Product]:
    """The products of a generation by code."""
    return {product.code: product for product in PRODUCTS[dialect]}


def fields_of(code: str, editions: Iterable[str]) -> list[str]:
    """The service fields that a package of this product with these editions needs."""
    product = BY_CODE[code]
    chosen = [edition for edition in product.editions if edition.code in set(editions)]
    names: dict[str, None] = {}
    for edition in chosen:
        names.update(dict.fromkeys(product.fields if edition.fields is None else edition.fields))
    return list(names)


def edition_name(code: str, edition: str) -> str:
    """The name of an edition of a product; its code where it has none."""
    return next((found.name for found in BY_CODE[code].editions if found.code == edition), edition)

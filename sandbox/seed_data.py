"""The demo reseller as data: names, places, who bought what."""

from typing import NamedTuple


class Sold(NamedTuple):
    """A package of a company: the product's family and the places of its editions in the catalogue."""

    family: str
    editions: tuple[int, ...] = (0,)


class DomainPlan(NamedTuple):
    """A domain with the state it is in, the packages it is linked to and its number of mailboxes."""

    name: str
    state: str
    families: tuple[str, ...]
    mailboxes: int = 0


class Company(NamedTuple):
    """A company and what it has."""

    title: str
    packages: tuple[Sold, ...]
    domains: tuple[DomainPlan, ...]
    under: str = ""


MAIL, SECURE, BRAND = "cloudmail", "securemail", "branding"
ARCHIVE, CONTINUITY, SUITE = "archive", "continuity", "management"
SUBRESELLER = "Highveld Hosting"
LOCK_REASON = "The mailbox sent 4,200 messages within ten minutes; its password is probably known to others."

COMPANIES = (
    Company(
        "Karoo & Kloof Attorneys",
        (Sold(MAIL, (0, 2, 3)), Sold(SECURE), Sold(ARCHIVE, (1,))),
        (
            DomainPlan("karookloof.example", "active", (MAIL, SECURE, ARCHIVE), 46),
            DomainPlan("kloof-conveyancing.example", "active", (MAIL,), 14),
        ),
    ),
    Company(
        "Umhlanga Dental Studio",
        (Sold(MAIL, (0, 1)),),
        (
            DomainPlan("umhlangadental.example", "active", (MAIL,), 22),
            DomainPlan("smile-umhlanga.example", "inactive", (MAIL,)),
        ),
    ),
    Company(
        "Van der Merwe Boerdery (Edms) Bpk",
        (Sold(MAIL, (0, 1, 2)), Sold(BRAND)),
        (DomainPlan("vdmboerdery.example", "stale", (MAIL, BRAND), 31),),
    ),
    Company(
        "Thandeka Logistics",
        (Sold(MAIL, (0, 1, 2, 3)), Sold(CONTINUITY, (0, 1))),
        (
            DomainPlan("thandekalogistics.example", "active", (MAIL, CONTINUITY), 64),
            DomainPlan("thandeka-fleet.example", "active", (MAIL,), 19),
        ),
    ),
    Company(
        "Blue Crane Freight",
        (Sold(SUITE, (1,)), Sold(CONTINUITY, (0,))),
        (
            DomainPlan("bluecranefreight.example", "active", (SUITE, CONTINUITY), 12),
            DomainPlan("bluecrane-customs.example", "inactive", (SUITE,)),
        ),
    ),
    Company(
        "Jacaranda Montessori",
        (Sold(MAIL, (0,)),),
        (
            DomainPlan("jacarandamontessori.example", "closed", (MAIL,), 17),
            DomainPlan("jacaranda-aftercare.example", "deleted", (MAIL,)),
        ),
    ),
    Company(
        "Protea Steel Works",
        (Sold(MAIL, (0, 2)), Sold(SECURE, (1,)), Sold(BRAND, (1,))),
        (
            DomainPlan("proteasteel.example", "active", (MAIL, SECURE, BRAND), 52),
            DomainPlan("protea-galvanising.example", "inactive", (SECURE, BRAND)),
        ),
    ),
    Company(
        "Kgosi & Daughters Accounting",
        (Sold(SECURE, (0,)), Sold(ARCHIVE, (2,))),
        (
            DomainPlan("kgosiaccounting.example", "active", (SECURE,)),
            DomainPlan("kgosi-payroll.example", "error", (SECURE, ARCHIVE)),
        ),
    ),
    Company(
        "Émile & Zoë Pâtisserie",
        (Sold(MAIL, (0, 1)),),
        (DomainPlan("emile-zoe.example", "active", (MAIL,), 9),),
    ),
    Company(
        "Maluti Outdoor Adventures",
        (Sold(MAIL, (1, 2)),),
        (
            DomainPlan("malutioutdoor.example", "active", (MAIL,), 28),
            DomainPlan("maluti-guides.example", "active", (MAIL,), 8),
        ),
        under=SUBRESELLER,
    ),
)

VALUES: dict[str, str | None] = {
    "auth_method": "smtp",
    "username": "relay",
    "password": "********",
    "smtp_username": "relay",
    "smtp_password": "********",
    "admin_username": "postmaster",
    "admin_password": "********",
    "admin_first_name": "Post",
    "admin_last_name": "Master",
}

PLACES = (
    ("Long Street", "Johannesburg", "2000", "011"),
    ("Church Square", "Pretoria", "0002", "012"),
    ("Adderley Street", "Cape Town", "8001", "021"),
    ("Lighthouse Road", "Umhlanga", "4319", "031"),
    ("Voortrekkerstraat", "Kroonstad", "9499", "056"),
    ("Florida Road", "Durban", "4001", "031"),
    ("Harbour Road", "Gqeberha", "6001", "041"),
    ("Jacarandalaan", "Centurion", "0157", "012"),
    ("Foundry Lane", "Vanderbijlpark", "1911", "016"),
    ("Mandela Drive", "Mahikeng", "2745", "018"),
    ("Dorpstraat", "Stellenbosch", "7600", "021"),
    ("Mountain View", "Clarens", "9707", "058"),
)

FIRST_NAMES = (
    "Thabo",
    "Nomvula",
    "Pieter",
    "Aisha",
    "Sipho",
    "Zanele",
    "Johan",
    "Priya",
    "Lerato",
    "Renée",
    "Kabelo",
    "Anne-Marie",
    "Bongani",
    "Chloë",
    "Dumisani",
    "Elsabé",
    "Fatima",
    "Gerhard",
    "Hendrik-Jan",
    "Imraan",
    "Jabulani",
    "Karin",
    "Lindiwe",
    "Mpho",
    "Naledi",
    "Ockert",
    "Palesa",
    "Riaan",
    "Siyabonga",
    "Tumelo",
)
LAST_NAMES = (
    "Dlamini",
    "Botha",
    "Naidoo",
    "van der Merwe",
    "Mokoena",
    "Nel-Botha",
    "Khumalo",
    "O'Connor",
    "Pillay",
    "Mthembu",
    "Fourie",
    "Müller",
    "Ndlovu",
    "Smith",
    "Patel",
    "le Roux",
    "Sithole",
    "Coetzee",
    "Maseko",
    "Jacobs",
    "Tshabalala",
    "du Plessis",
    "Govender",
    "Zulu",
    "Radebe",
)

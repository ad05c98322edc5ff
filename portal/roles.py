"""The ready roles: sets of permissions over the operations table and the pages. Data, nothing else.

Owners make further ones of the same permissions (`portal.accounts.models.CustomRole`); `PERMISSIONS` says each in words.
"""

from __future__ import annotations

from dataclasses import dataclass

# pages
SEE_OUS = "ous.see"
SEE_PACKAGES = "packages.see"
SEE_DOMAINS = "domains.see"
SEE_MAILBOXES = "mailboxes.see"
SEE_ACTIVITY = "activity.see"
SEE_USAGE = "usage.see"
# operations (named in provisioning/operations/table.py)
CHANGE_OUS = "ous.change"
CHANGE_PACKAGES = "packages.change"
CHANGE_DOMAINS = "domains.change"
CHANGE_MAILBOXES = "mailboxes.change"
HELP_MAILBOXES = "mailboxes.help"
CHANGE_EDITIONS = "mailboxes.editions"
BILLABLE = "billable"
# money
CHANGE_PRICES = "prices.change"
CLOSE_MONTHS = "months.close"
# the portal itself
SEE_PEOPLE = "people.see"
CHANGE_PEOPLE = "people.change"
ACT_AS = "acting"
SEE_AUDIT = "audit.see"
CHANGE_CONNECTIONS = "connections.change"
CHANGE_BRAND = "brand.change"
SEE_HEALTH = "health.see"

# What shows things of each kind
SEES = {
    "ou": SEE_OUS,
    "package": SEE_PACKAGES,
    "domain": SEE_DOMAINS,
    "mailbox": SEE_MAILBOXES,
}


@dataclass(frozen=True)
class Permission:
    """One thing that a role may hold: its group in the matrix, and a sentence for people."""

    name: str
    group: str
    label: str


PERMISSIONS = {
    permission.name: permission
    for permission in (
        Permission(SEE_OUS, "See", "Companies and resellers"),
        Permission(SEE_PACKAGES, "See", "Packages and editions"),
        Permission(SEE_DOMAINS, "See", "Domains and their service fields"),
        Permission(SEE_MAILBOXES, "See", "Mailboxes"),
        Permission(SEE_ACTIVITY, "See", "Activity, batches and what needs attention"),
        Permission(SEE_USAGE, "See", "Usage and what it costs"),
        Permission(CHANGE_OUS, "Change", "Take on, edit and delete companies and sub-resellers"),
        Permission(CHANGE_PACKAGES, "Change", "Sell, provision, close and delete packages"),
        Permission(CHANGE_DOMAINS, "Change", "Add, set up, close and delete domains"),
        Permission(CHANGE_MAILBOXES, "Change", "Create, edit, close and delete mailboxes"),
        Permission(HELP_MAILBOXES, "Change", "Help with mailboxes: passwords, suspend, unlock"),
        Permission(CHANGE_EDITIONS, "Change", "Choose and change a mailbox's edition"),
        Permission(BILLABLE, "Change", "Ask for what changes the bill"),
        Permission(CHANGE_PRICES, "Money", "Set prices"),
        Permission(CLOSE_MONTHS, "Money", "Close a month"),
        Permission(SEE_PEOPLE, "Portal", "See who has access"),
        Permission(CHANGE_PEOPLE, "Portal", "Invite people, give and take roles"),
        Permission(ACT_AS, "Portal", "Look at the portal as a customer's admin"),
        Permission(SEE_AUDIT, "Portal", "Read the audit trail"),
        Permission(CHANGE_CONNECTIONS, "Portal", "Set up connections to SYNAQ"),
        Permission(CHANGE_BRAND, "Portal", "Set name, logo and colours"),
        Permission(SEE_HEALTH, "Portal", "See how the portal itself is doing"),
    )
}

_SEE_ALL = frozenset({SEE_OUS, SEE_PACKAGES, SEE_DOMAINS, SEE_MAILBOXES, SEE_ACTIVITY, SEE_USAGE})
_CHANGE_ALL = frozenset(
    {CHANGE_OUS, CHANGE_PACKAGES, CHANGE_DOMAINS, CHANGE_MAILBOXES, HELP_MAILBOXES, CHANGE_EDITIONS}
)
_OWN_MAILBOXES = frozenset({SEE_MAILBOXES, SEE_ACTIVITY})


@dataclass(frozen=True)
class Role:
    """A named set of permissions. `staff` are roles of the reseller's own people, the others of its customers'."""

    name: str
    label: str
    permissions: frozenset[str]
    about: str = ""
    staff: bool = True


ROLES = {
    role.name: role
    for role in (
        Role("owner", "Owner", frozenset(PERMISSIONS), "Everything, people and connections too."),
        Role(
            "support",
            "Support",
            _SEE_ALL | _CHANGE_ALL | {BILLABLE, ACT_AS},
            "All work on customers and their services.",
        ),
        Role(
            "support_nobill",
            "Support without billable changes",
            _SEE_ALL | _CHANGE_ALL,
            "As support, but nothing that changes the bill.",
        ),
        Role("auditor", "Auditor", _SEE_ALL | {SEE_PEOPLE, SEE_AUDIT}, "Reads all, changes nothing."),
        Role(
            "finance",
            "Finance",
            frozenset({SEE_OUS, SEE_PACKAGES, SEE_USAGE, CHANGE_PRICES, CLOSE_MONTHS}),
            "Usage, prices and the monthly close; changes no service.",
        ),
        Role(
            "company_admin",
            "Company admin",
            _OWN_MAILBOXES | {CHANGE_MAILBOXES, HELP_MAILBOXES, BILLABLE},
            "The customer's own admin: their mailboxes and nothing else.",
            staff=False,
        ),
        Role(
            "company_helpdesk",
            "Company helpdesk",
            _OWN_MAILBOXES | {HELP_MAILBOXES},
            "The customer's helpdesk: passwords, suspend, unlock; nothing billable.",
            staff=False,
        ),
    )
}

"""Scope and policy: the only place that decides who sees and may do what.

Scope: a person's memberships, each holding on its OU and all below. Policy: the permission that a page or an operation
names. Whoever lacks either gets 404: a stranger learns nothing, not even that a thing exists.
"""

from portal.access.asked import (
    actions,
    batches,
    flows,
    own_actions,
    scheduled,
)
from portal.access.deeds import (
    may,
    may_end,
    over,
    require,
    told,
)
from portal.access.granted import (
    Grants,
    acting_now,
    grants,
    viewer,
)
from portal.access.money import (
    domains_to_count,
    ous_to_price,
    price_books,
    sees_prices,
    usage_companies,
    usage_domains,
    usage_ous,
    usage_reports,
)
from portal.access.people import (
    actings,
    audit,
    audited_ous,
    custom_roles,
    invitations,
    memberships,
    ous_to_staff,
    parts,
    people,
    second_factor_rules,
)
from portal.access.policies import (
    PUBLIC,
    SIGNED_IN,
    is_fresh,
    policy,
    proof_wanted,
)
from portal.access.setup import (
    brands,
    brands_every_root,
    connections,
    connections_to_watch,
    holds_a_root,
    ous_to_brand,
)
from portal.access.things import (
    Ambiguous,
    companies,
    domains,
    get,
    mailbox_domains,
    mailboxes,
    ous,
    own_company,
    packages,
)

__all__ = [
    "PUBLIC",
    "SIGNED_IN",
    "Ambiguous",
    "Grants",
    "acting_now",
    "actings",
    "actions",
    "audit",
    "audited_ous",
    "batches",
    "brands",
    "brands_every_root",
    "companies",
    "connections",
    "connections_to_watch",
    "custom_roles",
    "domains",
    "domains_to_count",
    "flows",
    "get",
    "grants",
    "holds_a_root",
    "invitations",
    "is_fresh",
    "mailbox_domains",
    "mailboxes",
    "may",
    "may_end",
    "memberships",
    "ous",
    "ous_to_brand",
    "ous_to_price",
    "ous_to_staff",
    "over",
    "own_actions",
    "own_company",
    "packages",
    "parts",
    "people",
    "policy",
    "price_books",
    "proof_wanted",
    "require",
    "scheduled",
    "second_factor_rules",
    "sees_prices",
    "told",
    "usage_companies",
    "usage_domains",
    "usage_ous",
    "usage_reports",
    "viewer",
]

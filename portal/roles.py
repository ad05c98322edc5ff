"""The ready roles: sets of permissions over the operations table and the pages. Data, nothing else."""

from __future__ import annotations

from dataclasses import dataclass

# pages
SEE_OUS = "ous.see"
SEE_PACKAGES = "packages.see"
SEE_DOMAINS = "domains.see"
SEE_MAILBOXES = "mailboxes.see"
SEE_ACTIVITY = "activity.see"
# operations (named in provisioning/operations.py)
CHANGE_OUS = "ous.change"
CHANGE_PACKAGES = "packages.change"
CHANGE_DOMAINS = "domains.change"
CHANGE_MAILBOXES = "mailboxes.change"
HELP_MAILBOXES = "mailboxes.help"
BILLABLE = "billable"

_SEE_ALL = frozenset({SEE_OUS, SEE_PACKAGES, SEE_DOMAINS, SEE_MAILBOXES, SEE_ACTIVITY})
_CHANGE_ALL = frozenset({CHANGE_OUS, CHANGE_PACKAGES, CHANGE_DOMAINS, CHANGE_MAILBOXES, HELP_MAILBOXES})
_OWN_MAILBOXES = frozenset({SEE_MAILBOXES, SEE_ACTIVITY})


@dataclass(frozen=True)
class Role:
    name: str
    label: str
    permissions: frozenset[str]


ROLES = {
    role.name: role
    for role in (
        Role("owner", "Owner", _SEE_ALL | _CHANGE_ALL | {BILLABLE}),
        Role("support", "Support", _SEE_ALL | _CHANGE_ALL | {BILLABLE}),
        Role("support_nobill", "Support without billable changes", _SEE_ALL | _CHANGE_ALL),
        Role("auditor", "Auditor", _SEE_ALL),
        Role("finance", "Finance", frozenset({SEE_OUS, SEE_PACKAGES})),
        Role("company_admin", "Company admin", _OWN_MAILBOXES | {CHANGE_MAILBOXES, HELP_MAILBOXES, BILLABLE}),
        Role("company_helpdesk", "Company helpdesk", _OWN_MAILBOXES | {HELP_MAILBOXES}),
    )
}

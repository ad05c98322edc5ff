"""The rows. Where the documents are silent about a state, docs/decisions/0008 says what was chosen and why."""

from __future__ import annotations

from provisioning.operations import lookups, rules, sends
from provisioning.operations.base import (
    CURRENT,
    KNOWN_STATES,
    LEGACY,
    NOT_YET_PROVISIONED,
    Operation,
)

_ACTIVE = frozenset({"active"})
_SUSPENDED = frozenset({"suspended"})
_CLOSED = frozenset({"closed"})
_IN_SERVICE = frozenset({"active", "suspended"})
_HELD_BACK = frozenset({"suspended", "closed"})
_SETTLED = KNOWN_STATES - {"pending", "deleted"}  # nothing is under way at SYNAQ
# SYNAQ shows one state for several services: behind these, others may be in service, or held back from it.
_HIDES_ACTIVE = frozenset({"stale", "error", "failed", "inactive"})
_HIDES_CLOSED = _HIDES_ACTIVE | _ACTIVE
_STALE = frozenset({"stale"})
# Stale stands before all of these in that order: what shows one of them has nothing left to apply.
_NOT_STALE = frozenset({"active", "inactive", "suspended", "closed"})

_OUS = (
    Operation(
        "ou.create_company", "New company", "ou", "ous.change",
        "A customer record is made at SYNAQ. Nothing is billed yet.",
        sends.create_company, makes="ou", look_up=lookups.company, unless=rules.may_have_ous,
    ),
    Operation(
        "ou.create_subreseller", "New sub-reseller", "ou", "ous.change",
        "A sub-reseller, who sells to companies of their own, is recorded at SYNAQ. Nothing is billed yet.",
        sends.create_subreseller, makes="ou", makes_type="subreseller", dialects=LEGACY, unless=rules.may_have_ous,
    ),
    Operation(
        "ou.update", "Edit", "ou", "ous.change", "SYNAQ's record is changed; its services stay as they are.",
        sends.update_ou, dialects=CURRENT, look_up=lookups.changed_ou,
    ),
    Operation(
        "ou.delete", "Delete", "ou", "ous.change",
        "SYNAQ's record of it is removed, with any packages and domains on it that are out of service. "
        "It cannot be undone.",
        sends.delete("ous"), removes=True, destructive=True, look_up=lookups.gone("ous"), unless=rules.ou_in_use,
    ),
)  # fmt: skip

_PACKAGES = (
    Operation(
        "package.create", "New package", "ou", "packages.change", "The product is sold to the company.",
        sends.create_package, makes="package", billable=True, unless=rules.must_be_company,
    ),
    Operation(
        "package.provision", "Provision", "package", "packages.change",
        "The package is set up on its domains that do not have it yet, and can be billed from then on.",
        sends.act("packages", "Provision"), wire="Provision", states=NOT_YET_PROVISIONED, billable=True,
        effect=_ACTIVE, look_up=lookups.effect("packages", _ACTIVE), also_reads=rules.domains_of_package,
        unless=rules.needs_domain, about=rules.touched_domains,
    ),
    Operation(
        "package.close", "Close", "package", "packages.change",
        "The package's services stop on all its domains: no mail is taken in, none is sent. Contents are kept, and it "
        "can be activated again.",
        sends.act("packages", "Close"), wire="Close", states=_IN_SERVICE, current_adds=_STALE,
        mixed=_HIDES_ACTIVE, effect=_CLOSED, look_up=lookups.effect("packages", _CLOSED),
        also_reads=rules.domains_of_package, unless=rules.needs_domain, about=rules.touched_domains,
    ),
    Operation(
        "package.activate", "Activate", "package", "packages.change",
        "The package's services start again on all its domains.",
        sends.act("packages", "Activate"), wire="Activate", states=_HELD_BACK, mixed=_HIDES_CLOSED, billable=True,
        effect=_ACTIVE, look_up=lookups.effect("packages", _ACTIVE), also_reads=rules.domains_of_package,
        unless=rules.needs_domain, about=rules.touched_domains,
    ),
    Operation(
        "package.delete", "Delete", "package", "packages.change",
        "The package is removed from the company. It cannot be undone.",
        sends.delete("packages"), removes=True, destructive=True, states=KNOWN_STATES - {"pending"},
        look_up=lookups.gone("packages"), also_reads=rules.domains_of_package, unless=rules.package_in_use,
    ),
)  # fmt: skip

_DOMAINS = (
    Operation(
        "domain.create", "New domain", "ou", "domains.change",
        "The domain is recorded; it does nothing until it is linked and provisioned.",
        sends.create_domain, makes="domain", unique=True, look_up=lookups.domain, unless=rules.must_be_company,
    ),
    Operation(
        "domain.create_in_package", "New domain under a package", "package", "domains.change",
        "The domain is recorded and linked to the package.",
        sends.create_domain_in_package, makes="domain", unique=True, states=KNOWN_STATES - {"cancelled"}, billable=True,
        look_up=lookups.domain, also_reads=rules.parent_package,
    ),
    Operation(
        "domain.link", "Link to a package", "domain", "domains.change",
        "The package's services apply to this domain once it is provisioned.",
        sends.link_domain, states=_SETTLED, look_up=lookups.link, also_reads=rules.linked_package,
    ),
    Operation(
        "domain.fields", "Fill in service fields", "domain", "domains.change",
        "SYNAQ keeps these for the services of this domain.",
        sends.fill_fields, states=NOT_YET_PROVISIONED, current_adds=frozenset({"active", "stale", "suspended", "closed"}),
        look_up=lookups.filled_fields, unless=rules.needs_package,
    ),
    Operation(
        "domain.provision", "Provision", "domain", "domains.change",
        "The services are set up at SYNAQ and can be billed from then on.",
        sends.act("domains", "Provision"), wire="Provision", states=NOT_YET_PROVISIONED, billable=True,
        effect=_ACTIVE, look_up=lookups.effect("domains", _ACTIVE), also_reads=rules.packages_of_domain,
        unless=rules.needs_package,
    ),
    Operation(
        "domain.refresh", "Apply changes", "domain", "domains.change",
        "What was changed since the domain was last provisioned takes effect; SYNAQ calls this Refresh. Nothing is billed "
        "by it.",
        sends.act("domains", "Refresh"), wire="Refresh", dialects=CURRENT, states=_STALE,
        effect=_NOT_STALE, look_up=lookups.effect("domains", _NOT_STALE), also_reads=rules.packages_of_domain,
        unless=rules.needs_package,
    ),
    Operation(
        "domain.close", "Close", "domain", "domains.change",
        "Mail to the domain is no longer taken in, and none can be sent. Contents are kept, and it can be activated again.",
        sends.act("domains", "Close"), wire="Close", states=_IN_SERVICE, current_adds=_STALE,
        mixed=_HIDES_ACTIVE, effect=_CLOSED, look_up=lookups.effect("domains", _CLOSED),
        also_reads=rules.packages_of_domain, unless=rules.needs_package,
    ),
    Operation(
        "domain.activate", "Activate", "domain", "domains.change",
        "Its services start again: mail is taken in and can be sent.",
        sends.act("domains", "Activate"), wire="Activate", states=_HELD_BACK, mixed=_HIDES_CLOSED, billable=True,
        effect=_ACTIVE, look_up=lookups.effect("domains", _ACTIVE), also_reads=rules.packages_of_domain,
        unless=rules.needs_package,
    ),
    Operation(
        "domain.usage", "Count usage", "domain", "domains.change",
        "SYNAQ counts what is in use by edition, over all packages of the domain. Nothing is changed or billed by it.",
        sends.act("domains", "Usage"), wire="Usage", states=_SETTLED, look_up=lookups.counting, repeatable=True,
        unless=rules.needs_package,
    ),
    Operation(
        "domain.delete", "Delete services", "domain", "domains.change",
        "All services of the domain end, and what they hold is removed. It cannot be undone.",
        sends.act("domains", "Delete"), wire="Delete", states=_SETTLED, destructive=True,
        effect=frozenset({"deleted"}), look_up=lookups.effect("domains", frozenset({"deleted"})),
        also_reads=rules.packages_of_domain, unless=rules.has_mailboxes,
    ),
    Operation(
        "domain.remove", "Remove the record", "domain", "domains.change",
        "SYNAQ's record of the domain is removed. It cannot be undone.",
        sends.delete("domains"), removes=True, states=frozenset({"inactive", "deleted"}), destructive=True,
        look_up=lookups.gone("domains"), also_reads=rules.packages_of_domain, unless=rules.has_mailboxes,
    ),
)  # fmt: skip

_MAILBOXES = (
    Operation(
        "mailbox.create", "New mailbox", "domain", "mailboxes.change",
        "The mailbox is made on the domain, and billed once it is provisioned.",
        sends.create_mailbox, makes="mailbox", unique=True, states=frozenset({"active", "stale"}), mixed=_HIDES_ACTIVE,
        billable=True, look_up=lookups.mailbox, unless=rules.holds_mailboxes,
    ),
    Operation(
        "mailbox.provision", "Provision", "mailbox", "mailboxes.change",
        "The mailbox starts to work, and is billed from then on.",
        sends.act("mailboxes", "Provision"), wire="Provision", states=NOT_YET_PROVISIONED, billable=True,
        effect=_ACTIVE, look_up=lookups.effect("mailboxes", _ACTIVE), unless=rules.domain_in_service,
    ),
    Operation(
        "mailbox.update", "Edit", "mailbox", "mailboxes.help",
        "SYNAQ's record is changed; on a provisioned mailbox it takes effect within moments.",
        sends.update_mailbox, states=_SETTLED, look_up=lookups.changed_mailbox,
    ),
    Operation(
        "mailbox.change_edition", "Change edition", "mailbox", "mailboxes.editions",
        "The mailbox gets another class of service, and is billed as such.",
        sends.change_edition, states=_SETTLED, billable=True, look_up=lookups.edition,
    ),
    Operation(
        "mailbox.suspend", "Suspend", "mailbox", "mailboxes.help",
        "Its owner can no longer sign in; mail still arrives. It can be activated again at any time.",
        sends.act("mailboxes", "Suspend"), wire="Suspend", states=_ACTIVE, effect=_SUSPENDED,
        look_up=lookups.effect("mailboxes", _SUSPENDED), unless=rules.not_locked,
    ),
    Operation(
        "mailbox.close", "Close", "mailbox", "mailboxes.change",
        "Its owner can no longer sign in, and mail to it bounces. Its contents are kept, and it can be activated again.",
        sends.act("mailboxes", "Close"), wire="Close", states=_IN_SERVICE, effect=_CLOSED,
        look_up=lookups.effect("mailboxes", _CLOSED), unless=rules.not_locked,
    ),
    Operation(
        "mailbox.activate", "Activate", "mailbox", "mailboxes.help",
        "Its owner can sign in again, and mail is taken in.",
        sends.act("mailboxes", "Activate"), wire="Activate", states=_HELD_BACK, effect=_ACTIVE,
        look_up=lookups.effect("mailboxes", _ACTIVE), unless=rules.not_revived,
    ),
    Operation(
        "mailbox.unlock", "Unlock", "mailbox", "mailboxes.help",
        "SYNAQ's lock is lifted. Without a new password it is soon locked again.",
        sends.act("mailboxes", "Unlock"), wire="Unlock", states=_SUSPENDED, effect=_ACTIVE,
        look_up=lookups.unlocked, unless=rules.must_be_locked,
    ),
    Operation(
        "mailbox.delete", "Delete", "mailbox", "mailboxes.change",
        "The mailbox and all its mail are removed. It cannot be undone.",
        sends.delete("mailboxes"), removes=True, destructive=True, states=_SETTLED, look_up=lookups.gone("mailboxes"),
    ),
)  # fmt: skip

TABLE: tuple[Operation, ...] = (*_OUS, *_PACKAGES, *_DOMAINS, *_MAILBOXES)

"""The usage report of a domain: how many of each edition are in use, over all its packages."""

from collections import Counter
from typing import Any

from sandbox.actions import stamp
from sandbox.catalogue import BY_CODE
from sandbox.states import PROVISIONED
from sandbox.things import Domain
from sandbox.world import World


def report(world: World, domain: Domain, at: float) -> dict[str, Any]:
    """What `domain_usage_report` shows once it is compiled."""
    counts = counted(world, domain)
    return {
        "state": "FINISHED",
        "data_as_at": stamp(at),
        "edition_usage_reports": [
            {"edition_code": code, "count": n} for code, n in sorted(counts.items()) if n
        ],
    }


def counted(world: World, domain: Domain) -> dict[str, int]:
    """Provisioned mailboxes by edition; for a plan, the users of the domain that it sees."""
    mailboxes = [box for box in world.mailboxes_of[domain.guid].values() if box.state in PROVISIONED]
    counts: Counter[str] = Counter()
    for mailbox in mailboxes:
        counts.update(mailbox.editions.values())
    for guid, state in domain.services.items():
        package = world.packages[guid]
        if state in PROVISIONED and not BY_CODE[package.code].by_mailbox:
            # mail that is only relayed has users we hold no record of: a number that stays the same
            counts[package.editions[0]] += len(mailboxes) or 5 + int(domain.guid[:2], 16) % 40
    return dict(counts)

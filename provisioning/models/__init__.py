from provisioning.models.activity import Action, Event
from provisioning.models.batches import Batch, Scheduled, Step
from provisioning.models.connections import Connection, SaltBlock
from provisioning.models.domains import Domain, DomainLink
from provisioning.models.mailboxes import Mailbox
from provisioning.models.ous import OU, Catalogue
from provisioning.models.packages import Edition, Package
from provisioning.models.readings import Reading

__all__ = [
    "OU",
    "Action",
    "Batch",
    "Catalogue",
    "Connection",
    "Domain",
    "DomainLink",
    "Edition",
    "Event",
    "Mailbox",
    "Package",
    "Reading",
    "SaltBlock",
    "Scheduled",
    "Step",
]

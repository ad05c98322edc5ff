from provisioning.models.activity import Action, Event
from provisioning.models.adoptions import Adoption
from provisioning.models.audit import AuditEntry
from provisioning.models.batches import Batch, Scheduled, Step
from provisioning.models.connections import Connection, SaltBlock
from provisioning.models.domains import Domain, DomainLink
from provisioning.models.imports import Import
from provisioning.models.mailboxes import Mailbox
from provisioning.models.operating import Heartbeat, Tally
from provisioning.models.ous import OU, Catalogue
from provisioning.models.packages import Edition, Package
from provisioning.models.readings import Reading
from provisioning.models.usage import MonthlyFigure, UsageCount, UsageReport, UsageRun

__all__ = [
    "OU",
    "Action",
    "Adoption",
    "AuditEntry",
    "Batch",
    "Catalogue",
    "Connection",
    "Domain",
    "DomainLink",
    "Edition",
    "Event",
    "Heartbeat",
    "Import",
    "Mailbox",
    "MonthlyFigure",
    "Package",
    "Reading",
    "SaltBlock",
    "Scheduled",
    "Step",
    "Tally",
    "UsageCount",
    "UsageReport",
    "UsageRun",
]

"""The SYNAQ API client: signs, sends and reads. Knows nothing of Django or of the portal."""

from provisioning.synaq.actions import RemoteAction
from provisioning.synaq.answers import Answer, Page
from provisioning.synaq.client import Client
from provisioning.synaq.dialects import Dialect
from provisioning.synaq.errors import FieldError, SynaqError
from provisioning.synaq.locations import Location
from provisioning.synaq.meanings import Meaning, Sent

__all__ = [
    "Answer",
    "Client",
    "Dialect",
    "FieldError",
    "Location",
    "Meaning",
    "Page",
    "RemoteAction",
    "Sent",
    "SynaqError",
]

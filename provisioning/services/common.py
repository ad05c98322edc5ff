"""What every service does: look the operation up, check it against the table, open the ledger row."""

from provisioning.asking import ask_for
from provisioning.ledger import Refused

__all__ = ["Refused", "ask_for"]

from portal.accounts.models.acting import Acting
from portal.accounts.models.brands import Brand
from portal.accounts.models.invitations import Invitation
from portal.accounts.models.people import Membership, People, Person
from portal.accounts.models.roles import CustomRole, SecondFactorRule

__all__ = [
    "Acting",
    "Brand",
    "CustomRole",
    "Invitation",
    "Membership",
    "People",
    "Person",
    "SecondFactorRule",
]

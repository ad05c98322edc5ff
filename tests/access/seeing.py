"""Which marks a viewer may read: their own tree's, as far as their roles see that kind of thing."""

from __future__ import annotations

from tests.access.viewers import BELOW, Viewer

ACTIVITY, PEOPLE, STAFF, OWNERS = "OSNACH", "OAM", "OSNAF", "OA"
# Letters of the roles that see a thing of that kind; what is not named here is seen with the thing that it is on.
SEEN_BY = {
    "ref": STAFF,
    "prices": STAFF,
    "usage": "OSNAFM",  # what SYNAQ says of it stands on the domain's page as well
    "package": "OSNAFM",  # the made role looks after domains, and their packages stand on them
    "mailbox": ACTIVITY,
    "action": ACTIVITY,
    "batch": ACTIVITY,
    "step": ACTIVITY,
    "scheduled": ACTIVITY,
    "flow": STAFF,
    "invitation": PEOPLE,
    "role": PEOPLE,
    "entry": OWNERS,
    "connection": "O",
    "acting": ACTIVITY,
    "looker": ACTIVITY,
    "session": "",
    "passkey": "",
}
# What comes down the tree: roles can be given below where they were made, and a reseller's name stands on all pages below
HANDED_DOWN = {"role": PEOPLE, "brand": "OSNAFCHM"}


def may_read(viewer: Viewer, place: str, kind: str) -> bool:
    """Whether the mark may stand in an answer to the viewer."""
    kind, letters = kind.removesuffix("guid"), viewer.letters(place)
    if letters & set(SEEN_BY.get(kind, "OSNAFCHM")):
        return True
    handed = HANDED_DOWN.get(kind, "")
    return any(letter in handed and held in BELOW.get(place, ()) for letter, held in viewer.holds)

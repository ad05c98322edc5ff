"""Following SYNAQ's own asynchronous actions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from provisioning.synaq import meanings
from provisioning.synaq.answers import read_guid, read_state
from provisioning.synaq.editions import scalar_text
from provisioning.synaq.errors import SynaqError, read_errors, read_message
from provisioning.synaq.locations import normal_path
from provisioning.synaq.transport import Call, Expect, Transport

# The documents call it error; things themselves can be in a state failed, so an action may be called so too.
_ENDED_BADLY = {"failed": "error"}


@dataclass(frozen=True, slots=True)
class RemoteAction:
    """An action as SYNAQ shows it.

    `state` is lower-case: new, pending, finished, error (also where it says failed), or whatever else it may say; "" where
    it says none.
    `gone` means 404: the end of a mailbox's delete, a loss of anything else.
    """

    id: str | None
    action: str | None
    state: str
    errors: list[str] = field(default_factory=list)
    exclusions: list[Any] = field(default_factory=list)
    gone: bool = False
    retry_after: float | None = None


class Actions:
    """Calls on the locations that actions were given."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def poll(self, location_path: str) -> RemoteAction:
        """The action at this location, in any spelling that the API uses; only its path is ever used."""
        path = normal_path(location_path)
        if path is None:
            raise ValueError("This is not the location of an action.")
        call = Call("GET", path, Expect.BODY, "action")
        try:
            answer = self._transport.send(call)
        except SynaqError as error:
            if meanings.ends_a_mailbox_delete(error.status):
                return RemoteAction(path.rpartition("/")[2], None, "", gone=True)
            raise
        body = answer.body if isinstance(answer.body, dict) else {}
        return _read(body, path, answer.retry_after)


def _read(body: dict[str, Any], path: str, retry_after: float | None) -> RemoteAction:
    exclusions, state = body.get("exclusions"), read_state(body.get("state"))
    return RemoteAction(
        read_guid(body) or path.rpartition("/")[2],
        scalar_text(body.get("action")),
        _ENDED_BADLY.get(state, state),
        _words(body) if state in ("error", *_ENDED_BADLY) else [],
        exclusions if isinstance(exclusions, list) else [exclusions] if exclusions else [],
        retry_after=retry_after,
    )


def _words(body: dict[str, Any]) -> list[str]:
    """Why it ended badly; where no list of errors says, its message may."""
    found = [str(error) for error in read_errors(body.get("errors"))]
    return found or [message for message in [read_message(body)] if message]

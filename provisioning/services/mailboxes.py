from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from provisioning.models import Action, Domain, Mailbox
from provisioning.services.common import Refused, ask_for
from provisioning.synaq import wire


def create_mailbox(
    domain: Domain,
    *,
    by: Any,
    details: Mapping[str, Any],
    password: str,
    at_once: bool,
    submission: uuid.UUID,
) -> Action:
    """Make a mailbox. `details`: `email_local`, `last_name`, optionally `first_name`, `display_name`,
    `package_edition_code`; blanks are left out. `at_once` provisions it too. The password is hashed here where the
    dialect takes a hash, else sealed until it is sent."""
    payload = {key: value for key, value in details.items() if value}
    if at_once:
        payload["provision_immediately"] = True
    local = str(payload["email_local"])
    email = f"{local}@{domain.name}"
    if Mailbox.objects.filter(domain=domain, email__iexact=email, gone_at=None).exists():
        raise Refused(f"{email} exists already.")
    legacy = domain.connection.is_legacy
    secrets = {"password": password} if legacy else {"ssha_password": wire.ssha_password(password)}
    return ask_for(
        "mailbox.create",
        domain,
        by=by,
        submission=submission,
        title=email,
        creates=local,
        payload=payload,
        secrets=secrets,
    )


def change_state(
    mailbox: Mailbox, operation: str, *, by: Any, submission: uuid.UUID, reason: str = ""
) -> Action:
    """Provision, suspend or activate: any operation of the table that is a bare action on a mailbox."""
    return ask_for(operation, mailbox, by=by, submission=submission, reason=reason)

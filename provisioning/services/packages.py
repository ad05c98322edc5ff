from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from provisioning.models import OU, Action, Package
from provisioning.services.common import Refused, ask_for


def create_package(
    company: OU, *, by: Any, code: str, editions: Sequence[str], submission: uuid.UUID, name: str = ""
) -> Action:
    """Sell the product `code` to the company with these edition codes. What a product needs is checked by the form
    against the catalogue; `name` is the product's name, for people."""
    if not company.is_company:
        raise Refused("Packages are sold to companies, not to resellers.")
    payload = {"code": code, "editions": list(editions)}
    return ask_for(
        "package.create",
        company,
        by=by,
        submission=submission,
        title=name or code,
        creates=code,
        payload=payload,
    )


def change_state(
    package: Package, operation: str, *, by: Any, submission: uuid.UUID, reason: str = ""
) -> Action:
    """Provision, close or activate the package on all its domains: any bare action of the table on a package."""
    return ask_for(operation, package, by=by, submission=submission, reason=reason)


def delete_package(package: Package, *, by: Any, submission: uuid.UUID, reason: str = "") -> Action:
    """Remove the package. Refused while domains on it are not deleted, naming them."""
    return ask_for("package.delete", package, by=by, submission=submission, reason=reason)

"""What the pages themselves put into the trail: files that were taken away, and secrets that were shown."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest

from portal import access
from portal.exports import Exported
from portal.filters import CURSORS
from provisioning import audit
from provisioning.models import OU

_NO_FILTERS = (*CURSORS, "export", "sort")


def exported(request: HttpRequest, file: Exported) -> None:
    """One entry for each place in whose data the file reaches: the uppermost OUs of whoever took it."""
    new = {"list": file.name, "format": file.form, "rows": file.rows, "columns": list(file.columns)}
    acting = access.acting_now(request)
    with audit.within(acting_as=acting.person if acting else None):
        for ou in _tops(request) or [None]:
            audit.record("exported", by=request.user, ou=ou, title=file.name, new=new | _filters(request))


def _filters(request: HttpRequest) -> dict[str, Any]:
    """Those in force, if any."""
    said = {name[:60]: request.GET[name] for name in request.GET if name not in _NO_FILTERS}
    kept = {name: value for name, value in said.items() if value}
    return {"filters": kept} if kept else {}


def _tops(request: HttpRequest) -> list[OU | None]:
    paths = {path for path, _, _ in access.grants(request).rows}
    tops = [path for path in paths if not any(path != other and path.startswith(other) for other in paths)]
    return list(OU.objects.filter(path__in=tops).order_by("path"))


def secret_shown(request: HttpRequest, what: str, *, thing: Any = None, ou: OU | None = None) -> None:
    """Write down that a secret is shown; call it before it is. Raises Http404 while somebody looks as a customer.

    Args:
        what: which secret, in words, never the secret itself: "The password that was made for it".
        thing: what it belongs to; `ou` where that has none.
    """
    if access.acting_now(request) is not None:
        raise Http404
    audit.record("secret_seen", by=request.user, thing=thing, ou=ou, text=what)

"""What the trail tells of files that were taken away."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from portal import access
from portal.exports import Exported
from portal.filters import CURSORS
from portal.typed import search_term
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
    names = [name for name in request.GET if name.isidentifier() and name not in _NO_FILTERS]
    said = {name[:60]: search_term(request, name) for name in names}
    kept = {name: value for name, value in said.items() if value}
    return {"filters": kept} if kept else {}


def _tops(request: HttpRequest) -> list[OU | None]:
    paths = {path for path, _, _ in access.grants(request).rows}
    tops = [path for path in paths if not any(path != other and path.startswith(other) for other in paths)]
    return list(OU.objects.filter(path__in=tops).order_by("path"))

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from portal.logs import reference
from portal.middleware import Next
from portal.trail import recording
from provisioning import audit


class Trail:
    """Entries written while a request is answered carry its id, which the logs carry too. A file that is taken away is
    written down before its first byte leaves."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with audit.within(request_id=reference()):
            response = self.get_response(request)
            file = getattr(response, "exported", None)
            if file is not None:
                recording.exported(request, file)
        return response

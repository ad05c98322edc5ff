"""What every answer carries to keep browsers strict, and how large a request may be."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django_structlog.middlewares import RequestMiddleware

from portal.middleware import Next

# The browser's powers that no page needs are off; copying and passkeys are for the portal's own pages.
_POWERS = (
    *("accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "display-capture", "fullscreen"),
    *("geolocation", "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb"),
)
_OWN = ("clipboard-write", "publickey-credentials-create", "publickey-credentials-get")
_PERMISSIONS = ", ".join([*(f"{name}=()" for name in _POWERS), *(f"{name}=(self)" for name in _OWN)])
_HEADERS = {
    "Permissions-Policy": _PERMISSIONS,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Reporting-Endpoints": f'{settings.CSP_REPORT_GROUP}="{settings.CSP_REPORT_PATH}"',
    # Pages show customers' data: nothing of it stays in a browser's cache. Static files and logos say otherwise themselves.
    "Cache-Control": "private, no-store",
}


class Headers:
    """Stands outermost, so that refusals and failures of what is inside carry the headers too."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = _too_large() if body_size(request) > settings.MOST_BODY else self.get_response(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def body_size(request: HttpRequest) -> int:
    """What the request says of its own length; servers read no more of it than that."""
    said = request.META.get("CONTENT_LENGTH") or "0"
    return int(said) if said.isascii() and said.isdigit() else 0


def _too_large() -> HttpResponse:
    """Refused before a byte of it is read: Django itself would write a file of any size to the disk."""
    return HttpResponse(render_to_string("413.html"), status=413)


class RequestLog(RequestMiddleware):
    """Refused requests are logged by their path: what was searched for is not written down (portal.logs masks links)."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {request.path}"

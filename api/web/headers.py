"""What every answer tells the browser it may do with it."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Scope

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob:",
    "media-src 'self'",
    "connect-src 'self'",
    "font-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",  # no text becomes markup
    "trusted-types 'none'",
)
_NOT_USED = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "usb",
)

ALWAYS = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _NOT_USED),
    "X-Content-Type-Options": "nosniff",
    # "no-referrer" would have browsers send `Origin: null` with a form, to their own site too.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer, whatever it is."""

FOR_EVER = "public, max-age=31536000, immutable"
STREAM = "text/event-stream"
_NOT_KEPT = ("text/html", "application/json", STREAM)


def add_headers(message: Message, scope: Scope) -> None:
    """Adds them to an `http.response.start`; what a route has set itself stays."""
    headers = MutableHeaders(scope=message)
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
    if scope["path"].startswith("/static/"):
        # The address of a file changes with it (`pages.static`).
        headers["Cache-Control"] = FOR_EVER if message["status"] in (200, 304) else "no-store"
    elif _is_of_now(message["status"]) or headers.get("content-type", "").startswith(_NOT_KEPT):
        headers.setdefault("Cache-Control", "no-store")


def _is_of_now(status: int) -> bool:
    """Whether an answer may be another one in a moment: where to go, or what is wrong."""
    return status >= 300 and status != 304

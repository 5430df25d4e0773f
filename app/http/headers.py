"""What every answer tells the browser that shows it: run nothing, frame nothing, guess nothing, keep nothing."""

from typing import Final

from starlette.datastructures import MutableHeaders

POLICY_HEADER: Final = "Content-Security-Policy"
# For what is no page: should a browser ever show it as one, it may load and run nothing.
_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}


def write_security_headers(headers: MutableHeaders) -> None:
    """Browsers heed Strict-Transport-Security over TLS alone, so that it does no harm elsewhere.

    A page brings its own policy; answers depend on the day and the caller, so no cache keeps them unless told to.
    """
    for name, value in _ALWAYS.items():
        headers[name] = value
    headers.setdefault(POLICY_HEADER, _NOTHING)
    # A page says same-origin, without which browsers do not tell from where its forms come.
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cache-Control", "no-store")

"""The console's cookies: browsers send them to this host alone, only over TLS, and show them to no script."""

from typing import Final

from fastapi import Response

from app.access.credentials import COOKIE

# The state of a sign-in that is away at the identity provider; ties the answer to the browser that asked.
OIDC_COOKIE: Final = "__Host-yinqiao-oidc"


def set_cookie(response: Response, value: str, *, name: str = COOKIE, seconds: int | None = None) -> None:
    """Without `seconds` it goes when the browser is closed; the database's limits hold in any case."""
    # Lax and not Strict: whoever follows a link to the console from a mail or the provider is still signed in.
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def clear_cookie(response: Response, name: str = COOKIE) -> None:
    """Let the browser forget it. The attributes have to be those it was set with."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")

"""The secrets of sessions and keys: how they look, how they are made, and what of them is kept.

A key of a machine is `yq_<id>_<secret>`, the token of a signed-in person `yqs_<secret>`. Both carry 256 bits of chance,
so that their SHA-256 is as good as the slow hashes that passwords need, and can be looked up. They travel in the
Authorization header, or as the console's cookie; never in an address, which ends up in logs and histories.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

from fastapi import Request

from app.access.caller import Carrier
from app.errors import BadRequest, Unauthenticated

COOKIE: Final = "__Host-yinqiao"
API_PREFIX: Final = "/api/"
# A page asks the API in its reader's name, within the process: the cookie, or empty, in a scope that no request writes.
ON_BEHALF: Final = "yinqiao.on_behalf"
SECRET_BYTES: Final = 32
_PUBLIC_ID_BYTES: Final = 9
_KEY: Final = re.compile(r"yq_([a-z0-9]{18})_([A-Za-z0-9_-]{43})", re.ASCII)
_TOKEN: Final = re.compile(r"yqs_[A-Za-z0-9_-]{43}", re.ASCII)
_IN_ADDRESS: Final = re.compile(r"yqs?_[A-Za-z0-9_-]{20}", re.ASCII)
_HOW: Final = "请在 Authorization 请求头中写 Bearer 加密钥或登录令牌"


class CredentialInAddress(BadRequest):
    """A key or token stands in the URL: it has been seen by whoever sees logs, and should be replaced."""

    code = "credential_in_address"
    title = "密钥不得写在地址中"


class CredentialRefused(Unauthenticated):
    """What was shown is not, or no longer, a valid key or token."""

    code = "credential_refused"
    title = "凭证无效"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request shows: `lookup` is the key's public id or the token's hash, `secret_hash` proves a key."""

    carrier: Carrier
    lookup: str
    secret_hash: str


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made; `text` is shown once and is nowhere kept."""

    public_id: str
    secret_hash: str
    text: str


def hashed(secret: str) -> str:
    """SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_key() -> NewKey:
    """A key of a machine."""
    public_id, secret = secrets.token_hex(_PUBLIC_ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    return NewKey(public_id, hashed(secret), f"yq_{public_id}_{secret}")


def new_token() -> str:
    """The token of a session; its hash is kept."""
    return f"yqs_{secrets.token_urlsafe(SECRET_BYTES)}"


def shown_by(request: Request) -> Credential | None:
    """What a request proves itself with, or None. The API reads the header alone, the console its cookie alone.

    Raises CredentialInAddress, or CredentialRefused for a header that is no key and no token.
    """
    if _IN_ADDRESS.search(request.scope["query_string"].decode("latin-1")) or _IN_ADDRESS.search(request.url.path):
        raise CredentialInAddress(f"地址会留在日志和浏览记录中，请立即更换该密钥。{_HOW}")
    if ON_BEHALF in request.scope:
        return _of_cookie(request.scope[ON_BEHALF])
    if request.url.path.startswith(API_PREFIX):
        return _in_header(request)
    return _of_cookie(request.cookies.get(COOKIE))


def _of_cookie(cookie: str | None) -> Credential | None:
    return Credential(Carrier.COOKIE, hashed(cookie), "") if cookie else None


def key_named_by(request: Request) -> str | None:
    """The public part of the key in the header, be it valid or not; None where there is none. For the trail."""
    key = _KEY.fullmatch(request.headers.get("authorization", "").partition(" ")[2])
    return key and key[1]


def _in_header(request: Request) -> Credential | None:
    headers = request.headers.getlist("authorization")
    if not headers:
        return None
    if len(headers) > 1:
        # A proxy in front may have looked at the other one.
        raise CredentialRefused(f"Authorization 请求头只能写一次。{_HOW}")
    scheme, _, text = headers[0].partition(" ")
    if scheme.lower() != "bearer":
        raise CredentialRefused(_HOW)
    if key := _KEY.fullmatch(text):
        return Credential(Carrier.API_KEY, key[1], hashed(key[2]))
    if _TOKEN.fullmatch(text):
        return Credential(Carrier.BEARER, hashed(text), "")
    raise CredentialRefused(f"这不是本系统的密钥或登录令牌。{_HOW}")

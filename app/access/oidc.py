"""Signing in at an identity provider: OpenID Connect, code flow with PKCE, state and nonce (RFC 9700).

browser ─▶ /sign-in/oidc ─▶ provider ─▶ /sign-in/oidc/callback ─▶ token endpoint ─▶ ID token checked ─▶ its account

Accounts are not made by it: a security administrator has noted the provider's subject at an account beforehand.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, NamedTuple, cast
from urllib.parse import quote_plus

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from fastapi import Depends, FastAPI, Request
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.credentials import hashed
from app.access.outgoing import ask, object_of
from app.config import Settings
from app.errors import AppError, NotFound, Unauthenticated
from app.store.tables import Account, Organisation, PendingOidc

CALLBACK: Final = "/sign-in/oidc/callback"
PENDING_FOR: Final = timedelta(minutes=10)
# Signatures by the provider's private key only: `none` proves nothing, HS256 would take its public key for a secret.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_SCOPE: Final = "openid"
_LEEWAY_SECONDS: Final = 60
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_RANDOM_LENGTH: Final = 48


class OidcNotConfigured(NotFound):
    code = "oidc_not_configured"
    title = "未启用单点登录"


class OidcRefused(Unauthenticated):
    """What came back is not the answer to what this browser asked, or is not the provider's word, or names nobody."""

    code = "oidc_refused"
    title = "单点登录失败"


class ProviderUnavailable(AppError):
    """The identity provider does not answer, or not as one."""

    status = 502
    code = "identity_provider_unavailable"
    title = "单点登录服务不可用"


class Departure(NamedTuple):
    """A browser on its way to the provider."""

    url: str
    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True, slots=True)
class Provider:
    """The identity provider of this installation; `transport` is the network unless a test brings its own."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    transport: httpx.BaseTransport | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Provider | None":
        """The one of the settings, if there is one; they come together or not at all."""
        if not (settings.oidc_issuer and settings.oidc_client_id and settings.oidc_client_secret):
            return None
        redirect_uri = f"{settings.public_origin}{CALLBACK}"
        return cls(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, redirect_uri)

    def depart(self) -> Departure:
        """Where to send the browser, and what to remember. Raises ProviderUnavailable."""
        endpoint = self._document()["authorization_endpoint"]
        state, nonce, verifier = (generate_token(_RANDOM_LENGTH) for _ in range(3))
        url = prepare_grant_uri(
            endpoint,
            self.client_id,
            "code",
            redirect_uri=self.redirect_uri,
            scope=_SCOPE,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),  # type: ignore[no-untyped-call]
            code_challenge_method="S256",
        )
        return Departure(url, state, nonce, verifier)

    def subject(self, code: str, nonce: str, code_verifier: str, at: datetime) -> str:
        """The subject that the provider vouches for. Raises OidcRefused or ProviderUnavailable."""
        document = self._document()
        try:
            answer = self._exchanged(document["token_endpoint"], code, code_verifier)
            keys = KeySet.import_key_set(cast(KeySetSerialization, self._get(document["jwks_uri"])))
            return self._verified(str(answer["id_token"]), keys, nonce, at)
        except httpx.HTTPError:
            raise _unavailable() from None
        except (AuthlibBaseError, JoseError, KeyError, ValueError, TypeError):
            # The library's own words may quote the token.
            raise refusal() from None

    def _verified(self, id_token: str, keys: KeySet, nonce: str, at: datetime) -> str:
        token = jwt.decode(id_token, keys, algorithms=list(ALGORITHMS))
        options = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client_id},
            "nonce": {"essential": True, "value": nonce},
            "sub": {"essential": True},
            "exp": {"essential": True},
        }
        claims = CodeIDToken(token.claims, token.header, options, {"nonce": nonce, "client_id": self.client_id})
        claims.validate(now=int(at.timestamp()), leeway=_LEEWAY_SECONDS)
        return str(claims["sub"])

    def _exchanged(self, endpoint: str, code: str, code_verifier: str) -> Mapping[str, Any]:
        """The tokens for a code (RFC 6749 §4.1.3), the client known by its password, whose parts are form-encoded."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": code_verifier,
        }
        known = (quote_plus(self.client_id), quote_plus(self.client_secret))
        answer = ask("POST", endpoint, self.transport, data=form, auth=known)
        if answer.is_server_error:
            raise _unavailable()
        return object_of(answer)

    def _document(self) -> Mapping[str, Any]:
        """What the provider says of itself; it has to be the one that was configured."""
        document = self._get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self.issuer or not all(isinstance(document.get(one), str) for one in _ENDPOINTS):
            raise _unavailable()
        return document

    def _get(self, url: str) -> dict[str, Any]:
        try:
            return object_of(ask("GET", url, self.transport).raise_for_status())
        except httpx.HTTPError:
            raise _unavailable() from None


def use_oidc(app: FastAPI, provider: Provider | None) -> None:
    """Let `app` sign people in at `provider`."""
    app.state.oidc = provider


async def provider_of(request: Request) -> Provider:
    """The provider of the running app. Raises OidcNotConfigured."""
    provider: Provider | None = request.app.state.oidc
    if provider is None:
        raise OidcNotConfigured("本系统没有启用单点登录，请用登录名和密码登录")
    return provider


AtProvider = Annotated[Provider, Depends(provider_of)]


def remember(session: Session, departure: Departure, at: datetime) -> None:
    """Keep what the answer has to fit; what was never answered goes."""
    session.execute(delete(PendingOidc).where(PendingOidc.created_at < at - PENDING_FOR))
    session.add(
        PendingOidc(
            state_hash=hashed(departure.state),
            nonce=departure.nonce,
            code_verifier=departure.code_verifier,
            created_at=at,
        )
    )


def recall(session: Session, state: str, cookie: str | None, at: datetime) -> PendingOidc:
    """What was remembered, once only. Raises OidcRefused: the state has to be this browser's own, and young."""
    if cookie is None or not hmac.compare_digest(state.encode(), cookie.encode()):
        raise refusal()
    gone = delete(PendingOidc).where(PendingOidc.state_hash == hashed(state)).returning(PendingOidc)
    found = session.scalars(gone).one_or_none()
    if found is None or at - found.created_at >= PENDING_FOR:
        raise refusal()
    session.expunge(found)
    return found


def account_of_subject(session: Session, subject: str) -> Account:
    """The open account at which the subject is noted, held. Raises OidcRefused."""
    living = (Account.closed_at.is_(None), Organisation.closed_at.is_(None))
    query = select(Account).join(Organisation).where(Account.oidc_subject == subject, *living)
    found = session.scalars(query.with_for_update(of=Account)).one_or_none()
    if found is None:
        raise refusal()
    return found


def refusal() -> OidcRefused:
    """One refusal for everything, so that nobody learns how far a forgery got."""
    return OidcRefused("单点登录没有完成，请重新登录；多次如此请系统管理员核对单点登录的设置，以及账号是否已登记")


def _unavailable() -> ProviderUnavailable:
    return ProviderUnavailable("单点登录服务没有正确应答，请稍后再试，或用登录名和密码登录")

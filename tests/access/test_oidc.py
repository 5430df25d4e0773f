"""Signing in at an identity provider that lies in every way it can: only the one right answer opens a session."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import httpx2
import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import func, select

from app.access.cookies import OIDC_COOKIE
from app.access.oidc import Provider, use_oidc
from app.access.permissions import Role
from app.config import SettingsRefused, read_settings
from app.store.tables import PendingOidc, SignInSession
from tests.access.door import COOKIE, ORIGIN, START, Door, a_door
from tests.access.house import refused
from tests.databases import Databases

ISSUER: Final = "https://id.example"
CLIENT: Final = "yinqiao"
KEY: Final = RSAKey.generate_key(2048, {"kid": "own"})
OTHER_KEY: Final = RSAKey.generate_key(2048, {"kid": "own"})
NOW: Final = int(START.timestamp())

Sign = Callable[[dict[str, Any]], str]
Change = Callable[[dict[str, Any]], dict[str, Any]]


class Issuer:
    """A provider in memory, which vouches for `subject` and can be told to lie."""

    def __init__(self) -> None:
        self.subject = ""
        self.nonce = ""
        self.challenge = ""
        self.change: Change = dict
        self.sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(
            {"alg": "RS256", "kid": "own"}, claims, KEY
        )
        self.document = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/jwks",
        }

    def authorize(self, url: str) -> str:
        """The person agrees at the provider; the state with which the browser comes back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["redirect_uri"] == f"{ORIGIN}/sign-in/oidc/callback"
        assert asked["code_challenge_method"] == "S256"
        self.nonce, self.challenge = asked["nonce"], asked["code_challenge"]
        return asked["state"]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json=self.document)
            case "/jwks":
                return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
            case "/token":
                return self._token({name: values[0] for name, values in parse_qs(request.content.decode()).items()})
            case _:
                return httpx.Response(404)

    def _token(self, asked: dict[str, str]) -> httpx.Response:
        digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
        if asked["code"] != "good" or base64.urlsafe_b64encode(digest).decode().rstrip("=") != self.challenge:
            return httpx.Response(400, json={"error": "invalid_grant"})
        claims = {"iss": ISSUER, "aud": CLIENT, "sub": self.subject, "nonce": self.nonce, "iat": NOW, "exp": NOW + 300}
        token = self.sign(self.change(claims))
        return httpx.Response(200, json={"access_token": "a", "token_type": "Bearer", "id_token": token})


@pytest.fixture(scope="module")
def door(databases: Databases) -> Iterator[Door]:
    yield from a_door(databases)


@pytest.fixture
def issuer(door: Door) -> Iterator[Issuer]:
    issuer = Issuer()
    provider = Provider(ISSUER, CLIENT, "secret", f"{ORIGIN}/sign-in/oidc/callback", httpx.MockTransport(issuer))
    use_oidc(door.client.app, provider)
    with time_machine.travel(START, tick=False):
        yield issuer
    use_oidc(door.client.app, None)


def count_waiting(door: Door) -> int:
    with door.owner.reading() as session:
        return session.scalar(select(func.count()).select_from(PendingOidc)) or 0


def depart(door: Door, issuer: Issuer) -> tuple[str, str]:
    """The state that the provider gives back, and the browser's cookie."""
    answer = door.call("GET", "/sign-in/oidc", follow_redirects=False)
    assert answer.status_code == 303
    return issuer.authorize(answer.headers["location"]), answer.cookies[OIDC_COOKIE]


def come_back(door: Door, state: str, cookie: str | None, code: str = "good") -> httpx2.Response:
    headers = {} if cookie is None else {"Cookie": f"{OIDC_COOKIE}={cookie}"}
    query = {"state": state, "code": code}
    return door.call("GET", "/sign-in/oidc/callback", params=query, headers=headers, follow_redirects=False)


def sessions(door: Door) -> int:
    with door.owner.reading() as session:
        return session.scalar(select(func.count()).select_from(SignInSession)) or 0


def test_the_right_answer_signs_in_the_account_of_its_subject(door: Door, issuer: Issuer) -> None:
    user = door.user(
        oidc_subject="subject-right", password_hash=None, password_changed_at=None, must_change_password=True
    )
    issuer.subject = "subject-right"
    departed = depart(door, issuer)
    waiting = count_waiting(door)
    answer = come_back(door, *departed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert answer.cookies[COOKIE].startswith("yqs_")
    with door.owner.reading() as session:
        row = session.scalars(select(SignInSession).where(SignInSession.account_id == user.id)).one()
        assert (row.carrier, row.is_complete) == ("cookie", True)
    assert count_waiting(door) == waiting - 1


def test_an_administrator_gives_our_second_factor_too(door: Door, issuer: Issuer) -> None:
    user = door.user(Role.SYSTEM_ADMIN, oidc_subject="subject-admin")
    issuer.subject = "subject-admin"
    assert come_back(door, *depart(door, issuer)).status_code == 303
    with door.owner.reading() as session:
        assert not session.scalars(select(SignInSession.is_complete).where(SignInSession.account_id == user.id)).one()


def claims_with(**changes: Any) -> Change:
    return lambda claims: {name: value for name, value in (claims | changes).items() if value is not None}


LIES: Final[dict[str, Change]] = {
    "wrong audience": claims_with(aud="another"),
    "several audiences, authorised for another": claims_with(aud=[CLIENT, "another"], azp="another"),
    "no audience": claims_with(aud=None),
    "wrong nonce": claims_with(nonce="of another sign-in"),
    "no nonce": claims_with(nonce=None),
    "wrong issuer": claims_with(iss="https://evil.example"),
    "expired": claims_with(iat=NOW - 600, exp=NOW - 61),
    "no expiry": claims_with(exp=None),
    "from the future": claims_with(iat=NOW + 600),
    "unknown subject": claims_with(sub="nobody-of-ours"),
    "no subject": claims_with(sub=None),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_with_a_wrong_claim_opens_nothing(door: Door, issuer: Issuer, lie: str) -> None:
    door_user = f"subject-{lie}"
    door.user(oidc_subject=door_user)
    issuer.subject, issuer.change = door_user, LIES[lie]
    before = sessions(door)
    answer = come_back(door, *depart(door, issuer))
    assert refused(answer) == (401, "oidc_refused")
    assert COOKIE not in answer.cookies
    assert sessions(door) == before


def _forged(name: str) -> Sign:
    match name:
        case "another key":
            return lambda claims: jwt.encode({"alg": "RS256", "kid": "own"}, claims, OTHER_KEY)
        case "HS256 with the public key":
            return lambda claims: _hs256(claims, KEY.as_pem(private=False))
        case "HS256 with the client's secret":
            return lambda claims: _hs256(claims, b"secret")
        case "none":
            return lambda claims: f"{_part({'alg': 'none'})}.{_part(claims)}."
        case "none, with the signature of another":
            return lambda claims: f"{_part({'alg': 'none'})}.{_part(claims)}.c2lnbmF0dXJl"
        case _:
            return lambda claims: "no token at all"


def _hs256(claims: dict[str, Any], secret: bytes) -> str:
    """By hand: a decent library refuses to take a public key for a secret."""
    signed = f"{_part({'alg': 'HS256', 'kid': 'own'})}.{_part(claims)}"
    signature = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "forgery",
    [
        *("another key", "HS256 with the public key", "HS256 with the client's secret", "none"),
        *("none, with the signature of another", "garbage"),
    ],
)
def test_a_token_that_the_provider_did_not_sign_opens_nothing(door: Door, issuer: Issuer, forgery: str) -> None:
    issuer.subject = f"subject-{forgery}"
    door.user(oidc_subject=issuer.subject)
    issuer.sign = _forged(forgery)
    before = sessions(door)
    assert refused(come_back(door, *depart(door, issuer))) == (401, "oidc_refused")
    assert sessions(door) == before


def test_an_answer_is_good_once_in_the_browser_that_asked_and_for_ten_minutes(door: Door, issuer: Issuer) -> None:
    issuer.subject = "subject-once"
    door.user(oidc_subject="subject-once")
    state, cookie = depart(door, issuer)
    assert come_back(door, "made up", cookie).status_code == 401
    assert come_back(door, "made up", "made up").status_code == 401
    # Another's browser, into which the answer was slipped, has another cookie or none.
    assert come_back(door, state, None).status_code == 401
    assert come_back(door, state, "another").status_code == 401
    assert come_back(door, state, cookie).status_code == 303
    assert come_back(door, state, cookie).status_code == 401
    late, its_cookie = depart(door, issuer)
    with time_machine.travel(START.replace(minute=10), tick=False):
        assert come_back(door, late, its_cookie).status_code == 401


def test_a_code_that_the_provider_does_not_know_is_refused(door: Door, issuer: Issuer) -> None:
    state, cookie = depart(door, issuer)
    assert refused(come_back(door, state, cookie, "stolen")) == (401, "oidc_refused")
    state, cookie = depart(door, issuer)
    assert refused(come_back(door, state, cookie, "")) == (401, "oidc_refused")


def test_a_code_of_another_sign_in_fails_for_want_of_its_verifier(door: Door, issuer: Issuer) -> None:
    first = depart(door, issuer)
    depart(door, issuer)
    assert refused(come_back(door, *first)) == (401, "oidc_refused")


def test_a_closed_account_is_signed_in_by_nobody(door: Door, issuer: Issuer) -> None:
    issuer.subject = "subject-closed"
    door.user(oidc_subject="subject-closed", closed_at=START)
    assert come_back(door, *depart(door, issuer)).status_code == 401


def test_a_provider_that_says_it_is_another_is_not_asked(door: Door, issuer: Issuer) -> None:
    issuer.document["issuer"] = "https://evil.example"
    answer = door.call("GET", "/sign-in/oidc", follow_redirects=False)
    assert refused(answer) == (502, "identity_provider_unavailable")


def test_without_a_provider_there_is_none(door: Door) -> None:
    for path in ("/sign-in/oidc", "/sign-in/oidc/callback"):
        assert refused(door.call("GET", path)) == (404, "oidc_not_configured")


def test_the_settings_of_a_provider_come_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINQIAO_OIDC_ISSUER", ISSUER)
    with pytest.raises(SettingsRefused, match="YINQIAO_OIDC_ISSUER"):
        read_settings()
    for name in ("CLIENT_ID", "CLIENT_SECRET"):
        monkeypatch.setenv(f"YINQIAO_OIDC_{name}", "x")
    monkeypatch.setenv("YINQIAO_PUBLIC_ORIGIN", ORIGIN)
    provider = Provider.of(read_settings())
    assert provider is not None
    assert provider.redirect_uri == f"{ORIGIN}/sign-in/oidc/callback"

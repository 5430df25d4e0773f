"""API10:2023 Unsafe consumption of APIs: answers of others are bounded in time and size, and believed no further."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
import pytest
from fastapi.testclient import TestClient

from app.access.audit.export import SealExport
from app.access.audit.seals import SealedHeads
from app.access.oidc import OidcRefused, Provider, ProviderUnavailable, use_oidc
from app.access.outgoing import MOST_BYTES
from app.http.clock import now
from app.main import create_app
from tests.callers import OpenGate
from tests.databases import settings_for

ISSUER: Final = "https://provider.example"
DOCUMENT: Final = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}
Answer = Callable[[httpx.Request], httpx.Response]


def provider(answer: Answer) -> Provider:
    return Provider(
        ISSUER, "yinqiao", "secret", "https://yinqiao.example/sign-in/oidc/callback", httpx.MockTransport(answer)
    )


def json_of(value: Any) -> Answer:
    return lambda _request: httpx.Response(200, json=value)


def endless(_request: httpx.Request) -> httpx.Response:
    def chunks() -> Iterator[bytes]:
        while True:
            yield b" " * 65_536

    return httpx.Response(200, content=chunks())


def timed_out(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("slow", request=request)


BAD: Final[dict[str, Answer]] = {
    "away": lambda _request: httpx.Response(503),
    "slow": timed_out,
    "moved": lambda _request: httpx.Response(302, headers={"Location": "https://evil.example/"}),
    "a page": lambda _request: httpx.Response(200, html="<html>"),
    "nothing": lambda _request: httpx.Response(200),
    "a list": json_of([]),
    "a text": json_of("issuer"),
    "an empty object": json_of({}),
    "another issuer": json_of(DOCUMENT | {"issuer": "https://evil.example"}),
    "the issuer with a slash": json_of(DOCUMENT | {"issuer": f"{ISSUER}/"}),
    "no endpoint": json_of({"issuer": ISSUER}),
    "an endpoint that is a number": json_of(DOCUMENT | {"authorization_endpoint": 5}),
    "without an end": endless,
    "too long": lambda _request: httpx.Response(200, content=b'"' + b"x" * MOST_BYTES + b'"'),
    "deep": lambda _request: httpx.Response(200, content=b"[" * 100_000),
    "compressed": lambda _request: httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=b"\x1f\x8b"),
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD.keys())
def test_a_provider_that_answers_anything_else_is_unavailable(answer: Answer) -> None:
    before = time.process_time()
    with pytest.raises(ProviderUnavailable):
        provider(answer).depart()
    assert time.process_time() - before < 2


@pytest.mark.parametrize(
    "answer", [BAD["moved"], BAD["no endpoint"], BAD["deep"]], ids=["moved", "no endpoint", "deep"]
)
def test_a_browser_on_its_way_is_told_so_in_a_problem(answer: Answer) -> None:
    app = create_app(settings_for("sqlite:///never-opened.db"), gate=OpenGate())
    use_oidc(app, provider(answer))
    told = TestClient(app, raise_server_exceptions=False).get("/sign-in/oidc", follow_redirects=False)
    assert (told.status_code, told.json()["code"]) == (502, "identity_provider_unavailable")
    assert "evil.example" not in told.text


def coming_back(**answers: Answer) -> Answer:
    """A good provider, but for some of its addresses."""

    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        if name in answers:
            return answers[name](request)
        return {
            "openid-configuration": json_of(DOCUMENT),
            "token": json_of({"access_token": "a", "token_type": "Bearer", "id_token": "a.b.c"}),
            "keys": json_of({"keys": []}),
        }[name](request)

    return answer


BACK: Final[dict[str, Answer]] = {
    f"{place} {name}": coming_back(**{place: BAD[name]})
    for place in ("token", "keys")
    for name in ("away", "slow", "moved", "a page", "a list", "a text", "an empty object", "without an end", "deep")
} | {
    "no keys": coming_back(),
    "a token that is a number": coming_back(
        token=json_of({"access_token": "a", "token_type": "Bearer", "id_token": 5})
    ),
    "keys elsewhere": coming_back(**{"openid-configuration": json_of(DOCUMENT | {"jwks_uri": "http://["})}),
    "keys at a number": coming_back(**{"openid-configuration": json_of(DOCUMENT | {"jwks_uri": 7})}),
    "tokens nowhere": coming_back(**{"openid-configuration": json_of({**DOCUMENT, "token_endpoint": None})}),
}


@pytest.mark.parametrize("answer", BACK.values(), ids=BACK.keys())
def test_nobody_comes_back_signed_in_from_a_provider_that_answers_anything_else(answer: Answer) -> None:
    with pytest.raises((OidcRefused, ProviderUnavailable)):
        provider(answer).subject("code", "nonce", "verifier", now())


def test_no_request_to_a_provider_is_without_its_time_or_follows_elsewhere() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return coming_back()(request)

    with pytest.raises(OidcRefused):
        provider(answer).subject("code", "nonce", "verifier", now())
    assert {one.url.host for one in asked} == {"provider.example"}
    assert len(asked) == 3
    for request in asked:
        limits = request.extensions["timeout"]
        assert all(0 < limits[name] <= 10 for name in ("connect", "read", "write", "pool")), limits


def sealed() -> list[SealedHeads]:
    return [SealedHeads(number=1, sealed_at=now(), heads=[], previous_hash="0" * 64, hash="1" * 64)]


@pytest.mark.parametrize("name", ["away", "slow", "moved", "without an end", "too long", "compressed"])
def test_a_target_of_seals_that_answers_badly_costs_neither_time_nor_memory(name: str) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return BAD[name](request)

    before = time.process_time()
    (told,) = SealExport(None, None, f"{ISSUER}/seals", httpx.MockTransport(answer)).send(sealed())
    assert told.kind == "webhook"
    assert told.failure is not None
    assert [str(one.url) for one in asked] == [f"{ISSUER}/seals"]
    assert all(0 < asked[0].extensions["timeout"][one] <= 10 for one in ("connect", "read", "write", "pool"))
    assert json.loads(asked[0].content)["number"] == 1
    assert time.process_time() - before < 2


def test_what_the_environment_says_of_proxies_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor are the logins that somebody keeps in a file of his home; the seal and the secret go to their target."""
    made: list[dict[str, Any]] = []
    kept = httpx.Client.__init__

    def noted(self: httpx.Client, *args: Any, **options: Any) -> None:
        made.append(options)
        kept(self, *args, **options)

    monkeypatch.setattr(httpx.Client, "__init__", noted)
    with pytest.raises(OidcRefused):
        provider(coming_back()).subject("code", "nonce", "verifier", now())
    SealExport(None, None, f"{ISSUER}/seals", httpx.MockTransport(json_of({}))).send(sealed())
    assert len(made) >= 3
    assert [one for one in made if one.get("trust_env", True) or one.get("follow_redirects", False)] == []

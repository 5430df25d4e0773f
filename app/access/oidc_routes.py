"""Signing in to the console at the identity provider: away with state and nonce, and back with a code."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from app.access.caller import CalledBy, Caller, Carrier
from app.access.cookies import OIDC_COOKIE, clear_cookie, set_cookie
from app.access.oidc import (
    PENDING_FOR,
    AtProvider,
    OidcNotConfigured,
    OidcRefused,
    Provider,
    ProviderUnavailable,
    account_of_subject,
    recall,
    refusal,
    remember,
)
from app.access.session_routes import AtEntrance
from app.access.session_schemas import RedirectOut
from app.access.sessions import Opened, device_of
from app.access.sign_in import Entrance, enter
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.unit_of_work import writing

router = APIRouter(route_class=StrictRoute, tags=["console"])

_HOME: Final = "/"
_MOST: Final = 2_000
_TEXT: Final = r"^[^\x00]*$"


@router.get(
    "/sign-in/oidc",
    operation_id="begin_oidc_sign_in",
    summary="去单点登录",
    status_code=303,
    responses=problem_responses(OidcNotConfigured, ProviderUnavailable),
)
def get_departure(entrance: AtEntrance, provider: AtProvider, response: Response) -> RedirectOut:
    """The browser keeps the state in a cookie: the answer is good in this browser only, and for ten minutes."""
    departure = provider.depart()
    with entrance.database.writing() as session:
        remember(session, departure, entrance.at)
    set_cookie(response, departure.state, name=OIDC_COOKIE, seconds=int(PENDING_FOR.total_seconds()))
    return _to(response, departure.url)


@router.get(
    "/sign-in/oidc/callback",
    operation_id="complete_oidc_sign_in",
    summary="从单点登录返回，设置 Cookie",
    status_code=303,
    responses=problem_responses(OidcNotConfigured, OidcRefused, ProviderUnavailable),
)
def get_callback(
    request: Request,
    response: Response,
    entrance: AtEntrance,
    caller: CalledBy,
    provider: AtProvider,
    state: Annotated[str, Query(max_length=_MOST, pattern=_TEXT, description="出发时给的 state")] = "",
    code: Annotated[str, Query(max_length=_MOST, pattern=_TEXT, description="签发者给的授权码")] = "",
) -> RedirectOut:
    """Without a code (the provider refused, or the person did) it is refused here too."""
    try:
        opened = _arrived(entrance, provider, caller, state, code, request.cookies.get(OIDC_COOKIE))
    except OidcRefused as error:
        raise entrance.refuse(error) from None
    clear_cookie(response, OIDC_COOKIE)
    set_cookie(response, opened.token)
    return _to(response, _HOME)


def _arrived(
    entrance: Entrance, provider: Provider, caller: Caller, state: str, code: str, cookie: str | None
) -> Opened:
    """What was pending is spent before the provider is asked, so that an answer is good for one try."""
    with entrance.database.writing() as session:
        pending = recall(session, state, cookie, entrance.at)
    if not code:
        raise refusal()
    subject = provider.subject(code, pending.nonce, pending.code_verifier, entrance.at)
    device = device_of(entrance.request, Carrier.COOKIE)
    with writing(entrance.database, entrance.request) as session:
        held = account_of_subject(session, subject)
        # The provider may have asked for a second factor or not: administrators give ours.
        return enter(session, held, device, entrance, caller, verified=False)


def _to(response: Response, location: str) -> RedirectOut:
    response.headers["Location"] = location
    return RedirectOut(location=location)

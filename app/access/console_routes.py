"""Signing in and out of the console: the same as over the API, but the token goes into the cookie."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.access.caller import CalledBy, Carrier
from app.access.cookies import clear_cookie, set_cookie
from app.access.guesses import GuessedTooOften
from app.access.permissions import Permission, permits
from app.access.same_origin import FORM, CsrfTokenWrong, ForeignOrigin, FromSameOrigin, SameOrigin, fields_of
from app.access.session_routes import AtEntrance, sign_out, signed_in_out
from app.access.session_schemas import ConsoleSignedInOut, SessionOut, SignInIn
from app.access.sessions import Opened, device_of
from app.access.sign_in import SignInRefused, StartPasswordExpired, sign_in
from app.config import Settings
from app.errors import UnsupportedMediaType
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.unit_of_work import writes

router = APIRouter(route_class=StrictRoute, tags=["console"])

_SCHEMA: Final = {"schema": {"$ref": "#/components/schemas/SignInIn"}}
_BODY: Final[dict[str, Any]] = {"required": True, "content": {"application/json": _SCHEMA, FORM: _SCHEMA}}


async def sign_in_body(request: Request) -> SignInIn:
    """JSON, or what a form sends, in which an empty code is none."""
    fields = await fields_of(request)
    if fields.get("code") == "":
        del fields["code"]
    try:
        return SignInIn.model_validate(fields)
    except ValidationError as refusal:
        errors = [{**error, "loc": ("body", *error["loc"])} for error in refusal.errors()]
        raise RequestValidationError(errors, body=fields) from None


def console_out(response: Response, opened: Opened, settings: Settings) -> ConsoleSignedInOut:
    """Put the token into the cookie, and say the rest."""
    set_cookie(response, opened.token)
    said = signed_in_out(opened, settings).model_dump(exclude={"token"})
    return ConsoleSignedInOut(**said, csrf_token=opened.csrf_token)


# The order of dependencies is the order of refusals: a foreign page learns nothing about its body.
@router.post(
    "/sign-in",
    operation_id="console_sign_in",
    summary="控制台登录，设置 Cookie；JSON 或表单",
    dependencies=[FromSameOrigin],
    responses=problem_responses(
        SignInRefused, StartPasswordExpired, ForeignOrigin, GuessedTooOften, UnsupportedMediaType
    ),
    openapi_extra={"requestBody": _BODY},
)
def post_sign_in(
    entrance: AtEntrance, caller: CalledBy, response: Response, body: Annotated[SignInIn, Depends(sign_in_body)]
) -> ConsoleSignedInOut:
    """Always a new session: one whose cookie came along has ended."""
    device = device_of(entrance.request, Carrier.COOKIE)
    opened = sign_in(entrance, device, body.login, body.password, body.code, caller)
    return console_out(response, opened, entrance.settings)


@router.post(
    "/sign-out",
    operation_id="console_sign_out",
    summary="控制台退出，清除 Cookie",
    dependencies=[SameOrigin],
    responses=problem_responses(ForeignOrigin, CsrfTokenWrong),
)
@permits(Permission.SIGNED_IN)
@writes
def post_sign_out(session: Session, caller: CalledBy, response: Response) -> SessionOut:
    """The session ends; the cookie, were it sent again, is worth nothing."""
    clear_cookie(response)
    return sign_out(session, caller)

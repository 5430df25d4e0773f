"""What people do about their own credentials: another password, a second factor."""

from fastapi import APIRouter
from sqlalchemy.orm import Session

from app.access.caller import CalledBy
from app.access.guesses import GuessedTooOften
from app.access.passwords import PasswordRefused
from app.access.permissions import Permission, permits
from app.access.session_routes import AtEntrance, owed_of
from app.access.session_schemas import CodeIn, OwedOut, PasswordIn, SecondFactorOut
from app.access.sessions import NoSession, SecondFactorOwed, device_of
from app.access.sign_in import (
    CodeWrong,
    NoSecondFactor,
    SecondFactorThere,
    SignInRefused,
    begin_second_factor,
    change_password,
    confirm_second_factor,
)
from app.http.installation import Configured
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.unit_of_work import writes

router = APIRouter(route_class=StrictRoute, tags=["sessions"])


@router.post(
    "/me/password",
    operation_id="change_own_password",
    summary="修改自己的密码；别处的登录随之失效",
    responses=problem_responses(SignInRefused, PasswordRefused, SecondFactorOwed, NoSession, GuessedTooOften),
)
@permits(Permission.SIGNED_IN)
def post_password(entrance: AtEntrance, caller: CalledBy, body: PasswordIn) -> OwedOut:
    """The session in which it is changed goes on. A wrong present password counts as a failed sign-in."""
    address = device_of(entrance.request, caller.carrier).address
    change_password(entrance, caller, address, body.current_password, body.new_password)
    with entrance.database.reading() as session:
        return OwedOut(owed=owed_of(session, caller, entrance.settings))


@router.post(
    "/me/totp",
    operation_id="begin_second_factor",
    summary="设置第二因素：取得密钥，供验证器应用扫码",
    responses=problem_responses(SecondFactorThere, NoSession),
)
@permits(Permission.SIGNED_IN)
@writes
def post_totp(session: Session, caller: CalledBy, settings: Configured) -> SecondFactorOut:
    """It is needed only once a code of it was confirmed; asking again makes another one."""
    secret, uri = begin_second_factor(session, caller, settings)
    return SecondFactorOut(secret=secret, otpauth_uri=uri)


@router.post(
    "/me/totp/actions/confirm",
    operation_id="confirm_second_factor",
    summary="输入应用显示的验证码，启用第二因素",
    responses=problem_responses(CodeWrong, NoSecondFactor, NoSession, GuessedTooOften),
)
@permits(Permission.SIGNED_IN)
def post_confirm(entrance: AtEntrance, caller: CalledBy, body: CodeIn) -> OwedOut:
    """From now on every sign-in needs a code; sessions at other places end."""
    confirm_second_factor(entrance, caller, device_of(entrance.request, caller.carrier).address, body.code)
    with entrance.database.reading() as session:
        return OwedOut(owed=owed_of(session, caller, entrance.settings))

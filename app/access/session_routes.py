"""Sessions over the API: signing in for a bearer token, who one is, one's own sessions and how they end."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy.orm import Session

from app.access.audit.record import record
from app.access.caller import CalledBy, Caller, Carrier
from app.access.guesses import GuessedTooOften
from app.access.permissions import Permission, permits
from app.access.session_schemas import (
    CallerOut,
    CodeIn,
    OwedOut,
    SessionListOut,
    SessionOut,
    SignedInOut,
    SignInIn,
)
from app.access.sessions import (
    ORDER,
    NoSession,
    Opened,
    Owed,
    SecondFactorOwed,
    SessionNotFound,
    account_id_of,
    check_complete,
    device_of,
    end_session,
    limits_of,
    owed_by,
    own_session,
    select_living,
    session_id_of,
)
from app.access.sign_in import (
    CodeWrong,
    Entrance,
    NoSecondFactor,
    SignInRefused,
    StartPasswordExpired,
    sign_in,
    verify_second_factor,
)
from app.config import Settings
from app.http.clock import now
from app.http.installation import Configured
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import database_of, reads, writes
from app.store.engine import Database
from app.store.pages import CursorRefused, count_rows
from app.store.tables import Account, SignInSession

router = APIRouter(route_class=StrictRoute, tags=["sessions"])

_CURRENT = "/sessions/current"


async def entrance_of(
    request: Request, database: Annotated[Database, Depends(database_of)], settings: Configured
) -> Entrance:
    """What signing in works on."""
    return Entrance(database, settings, request, now())


AtEntrance = Annotated[Entrance, Depends(entrance_of)]


def signed_in_out(opened: Opened, settings: Settings) -> SignedInOut:
    """A new session with its token."""
    return SignedInOut(
        token=opened.token,
        session_id=opened.session_id,
        owed=list(opened.owed),
        expires_at=opened.opened_at + limits_of(settings).absolute,
        idle_minutes=settings.session_idle_minutes,
    )


@router.post(
    "/sessions",
    operation_id="sign_in",
    summary="登录，得到令牌；无须先登录",
    status_code=201,
    responses=problem_responses(SignInRefused, StartPasswordExpired, GuessedTooOften),
)
def post_session(entrance: AtEntrance, caller: CalledBy, response: Response, body: SignInIn) -> SignedInOut:
    """Shown once. What is owed (a code, a second factor to set up, another password) has to be given first."""
    device = device_of(entrance.request, Carrier.BEARER)
    opened = sign_in(entrance, device, body.login, body.password, body.code, caller)
    response.headers["Location"] = "/api/v1/sessions/current"
    return signed_in_out(opened, entrance.settings)


@router.get(_CURRENT, operation_id="get_current_session", summary="我是谁：角色、权限、范围，还差什么")
@permits(Permission.SIGNED_IN)
@reads
def get_current(session: Session, caller: CalledBy, settings: Configured) -> CallerOut:
    """For people and for keys of machines."""
    return CallerOut(
        carrier=caller.carrier.value,
        session_id=session_id_of(caller) if caller.carrier in {Carrier.BEARER, Carrier.COOKIE} else None,
        account_id=caller.account_id,
        account_name=caller.account_name,
        organisation_id=caller.organisation_id,
        organisation_name=caller.organisation_name,
        region_code=caller.region_code,
        bank_id=caller.bank_id,
        institution_id=caller.institution_id,
        roles=sorted(caller.roles),
        permissions=sorted(caller.permissions),
        owed=owed_of(session, caller, settings),
    )


def owed_of(session: Session, caller: Caller, settings: Settings) -> list[Owed]:
    """What the caller's session lacks; a key lacks nothing."""
    if caller.carrier not in {Carrier.BEARER, Carrier.COOKIE}:
        return []
    account = session.get_one(Account, account_id_of(caller))
    return list(owed_by(account, session.get_one(SignInSession, session_id_of(caller)), now(), settings))


@router.delete(_CURRENT, operation_id="sign_out", summary="退出登录", responses=problem_responses(NoSession))
@permits(Permission.SIGNED_IN)
@writes
def delete_current(session: Session, caller: CalledBy) -> SessionOut:
    """The token never works again."""
    return sign_out(session, caller)


def sign_out(session: Session, caller: Caller) -> SessionOut:
    """End the caller's session. Raises NoSession."""
    _account, row = own_session(session, caller)
    end_session(row, now(), "signed_out")
    record(session, action="sign_out", object_type="sign_in_session", object_id=row.id)
    return _session_out(row, row.id)


@router.post(
    f"{_CURRENT}/actions/verify",
    operation_id="verify_second_factor",
    summary="输入验证码，完成登录",
    responses=problem_responses(CodeWrong, NoSecondFactor, NoSession, GuessedTooOften),
)
@permits(Permission.SIGNED_IN)
def post_verify(entrance: AtEntrance, caller: CalledBy, body: CodeIn) -> OwedOut:
    """The second step of whoever signed in without a code. Wrong codes count like wrong passwords."""
    verify_second_factor(entrance, caller, device_of(entrance.request, caller.carrier).address, body.code)
    with entrance.database.reading() as session:
        return OwedOut(owed=owed_of(session, caller, entrance.settings))


@router.get(
    "/sessions",
    operation_id="list_sessions",
    summary="我的登录：在哪些地方登录着",
    responses=problem_responses(CursorRefused, NoSession, SecondFactorOwed),
)
@permits(Permission.SIGNED_IN)
@reads
def list_own(session: Session, caller: CalledBy, settings: Configured, paging: Paged) -> SessionListOut:
    """One's own and nobody else's, those that still work."""
    current = session.get_one(SignInSession, session_id_of(caller))
    check_complete(current)
    query = select_living(account_id_of(caller), now(), limits_of(settings))
    page = paging.pages.take(session, query, ORDER, paging.asked())
    paging.link(page.next_cursor)
    return SessionListOut(
        items=[_session_out(row[0], current.id) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.delete(
    "/sessions/{session_id}",
    operation_id="end_session",
    summary="结束我在别处的登录",
    responses=problem_responses(SessionNotFound, NoSession, SecondFactorOwed),
)
@permits(Permission.SIGNED_IN)
@writes
def delete_one(
    session: Session, caller: CalledBy, session_id: Annotated[UUID, Path(description="登录的编号")]
) -> SessionOut:
    """A forgotten one at another desk, or one that nobody remembers."""
    account, current = own_session(session, caller)
    check_complete(current)
    row = session.get(SignInSession, session_id)
    if row is None or row.account_id != account.id:
        raise SessionNotFound(f"您没有编号为 {session_id} 的登录")
    end_session(row, now(), "ended_elsewhere")
    return _session_out(row, current.id)


def _session_out(row: SignInSession, current: UUID) -> SessionOut:
    fields = {name: getattr(row, name) for name in SessionOut.model_fields if name != "is_current"}
    return SessionOut.model_validate({**fields, "is_current": row.id == current})

"""Accounts over HTTP: the system administrator makes and closes them, the security administrator gives roles."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.account_schemas import (
    AbsenceIn,
    ClosingIn,
    Login,
    RolesIn,
    StartPasswordOut,
    UserIn,
    UserListOut,
    UserOut,
    UserPatch,
)
from app.access.accounts import (
    ORDER,
    AccountClosed,
    AccountNotFound,
    AccountRefused,
    LastAdministrator,
    LoginTaken,
    OwnAccount,
    add_account,
    amend_account,
    check_other,
    get_account,
    lock_account,
    select_accounts,
    set_roles,
)
from app.access.caller import CalledBy, Caller
from app.access.guesses import forgive
from app.access.handovers import HandoverRefused, NotOwnWork, WorkNotHandedOver, close_account, set_absence
from app.access.organisations import OrganisationClosed
from app.access.permissions import Permission, Role, permits
from app.access.start_passwords import give_start_password, take_second_factor
from app.http.clock import now, today
from app.http.etags import IfMatch, VersionRequired, VersionStale, check_version, set_etag
from app.http.installation import Configured
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes
from app.store.pages import CursorRefused, count_rows
from app.store.tables import Account

router = APIRouter(route_class=StrictRoute, tags=["users"])

_ONE = "/users/{user_id}"
UserId = Annotated[UUID, Path(description="账号编号")]


def user_out(account: Account, organisation_name: str) -> UserOut:
    """An account as it is shown."""
    return UserOut(
        id=account.id,
        login=account.login,
        name=account.name,
        organisation_id=account.organisation_id,
        organisation_name=organisation_name,
        roles=[Role(one) for one in account.roles],
        has_password=account.password_hash is not None,
        must_change_password=account.must_change_password,
        has_second_factor=account.totp_confirmed_at is not None,
        away_from=account.away_from,
        away_to=account.away_to,
        deputy_id=account.deputy_id,
        closed_at=account.closed_at,
        version=account.version,
        created_at=account.created_at,
    )


def _row_out(row: Any) -> UserOut:
    """A row of `select_accounts` as it is shown."""
    return user_out(row[0], row[1])


def _held(session: Session, user_id: UUID, caller: Caller, if_match: str | None) -> Account:
    """The account that an action is about, held and at the version that the caller knows."""
    account = lock_account(session, user_id, caller)
    check_version(if_match, account.version)
    return account


def _answer(session: Session, response: Response, user_id: UUID, caller: Caller) -> UserOut:
    session.flush()  # The answer reads back what was written.
    account, organisation_name = get_account(session, user_id, caller)
    set_etag(response, account.version)
    return user_out(account, organisation_name)


@router.post(
    "/users",
    operation_id="add_user",
    summary="新建账号；没有角色和密码，须由安全管理员授予",
    status_code=201,
    responses=problem_responses(AccountRefused, LoginTaken, OrganisationClosed),
)
@permits(Permission.WRITE_ACCOUNTS)
@writes
def post_user(session: Session, response: Response, caller: CalledBy, body: UserIn) -> UserOut:
    """Whoever makes an account neither decides what it may do nor learns a password of it."""
    made = add_account(session, body, caller.scope, now())
    response.headers["Location"] = f"/api/v1/users/{made.id}"
    return _answer(session, response, made.id, caller)


@router.get(
    "/users",
    operation_id="list_users",
    summary="账号列表，新的在前；管理员以外只列同单位的人",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_ORGANISATIONS)
@reads
def list_all(
    session: Session,
    caller: CalledBy,
    paging: Paged,
    organisation_id: Annotated[UUID | None, Query(description="只看一个单位的账号")] = None,
    role: Annotated[Role | None, Query(description="只看有此角色的账号")] = None,
    login: Annotated[Login | None, Query(description="只看这个登录名")] = None,
    closed: Annotated[bool, Query(description="是否包括已停用的账号")] = False,
) -> UserListOut:
    """Colleagues; for administrators and auditors everybody within scope."""
    query = select_accounts(caller, organisation_id=organisation_id, role=role, login=login, closed=closed)
    bound = paging.asked(organisation_id=organisation_id, role=role, login=login, closed=closed)
    page = paging.pages.take(session, query, ORDER, bound)
    paging.link(page.next_cursor)
    return UserListOut(
        items=[_row_out(row) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(_ONE, operation_id="get_user", summary="一个账号", responses=problem_responses(AccountNotFound))
@permits(Permission.READ_ORGANISATIONS)
@reads
def get_one(session: Session, response: Response, caller: CalledBy, user_id: UserId) -> UserOut:
    """An account that the list shows, closed ones too."""
    return _answer(session, response, user_id, caller)


@router.patch(
    _ONE,
    operation_id="amend_user",
    summary="改名，或调到别的单位（原有角色随之取消）",
    responses=problem_responses(
        AccountNotFound,
        AccountRefused,
        AccountClosed,
        OrganisationClosed,
        OwnAccount,
        LastAdministrator,
        VersionRequired,
        VersionStale,
    ),
)
@permits(Permission.WRITE_ACCOUNTS)
@writes
def patch_user(
    session: Session,
    response: Response,
    caller: CalledBy,
    user_id: UserId,
    body: UserPatch,
    if_match: IfMatch = None,
) -> UserOut:
    """The login stays for ever, since the trail names it."""
    amend_account(session, _held(session, user_id, caller, if_match), body, caller)
    return _answer(session, response, user_id, caller)


@router.put(
    f"{_ONE}/roles",
    operation_id="set_user_roles",
    summary="授予或取消角色；其登录随之失效",
    responses=problem_responses(
        AccountNotFound,
        AccountRefused,
        AccountClosed,
        OrganisationClosed,
        OwnAccount,
        LastAdministrator,
        VersionRequired,
        VersionStale,
    ),
)
@permits(Permission.GRANT_ROLES)
@writes
def put_roles(
    session: Session,
    response: Response,
    caller: CalledBy,
    user_id: UserId,
    body: RolesIn,
    if_match: IfMatch = None,
) -> UserOut:
    """Roles fit the kind of the office; the three administrators are three people; nobody changes his or her own."""
    set_roles(session, _held(session, user_id, caller, if_match), frozenset(body.roles), caller)
    return _answer(session, response, user_id, caller)


@router.put(
    f"{_ONE}/absence",
    operation_id="set_user_absence",
    summary="登记离岗的起止日和代理人；都为 null 表示已返回",
    responses=problem_responses(
        AccountNotFound, HandoverRefused, AccountClosed, NotOwnWork, VersionRequired, VersionStale
    ),
)
@permits(Permission.HAND_OVER)
@writes
def put_absence(
    session: Session,
    response: Response,
    caller: CalledBy,
    user_id: UserId,
    body: AbsenceIn,
    if_match: IfMatch = None,
) -> UserOut:
    """One's own; for somebody who cannot, the system administrator does."""
    set_absence(session, _held(session, user_id, caller, if_match), body, caller, today())
    return _answer(session, response, user_id, caller)


@router.post(
    f"{_ONE}/actions/close",
    operation_id="close_user",
    summary="停用账号：登录和密钥随之失效；须先交接工作",
    responses=problem_responses(
        AccountNotFound,
        AccountClosed,
        HandoverRefused,
        WorkNotHandedOver,
        OwnAccount,
        LastAdministrator,
        VersionRequired,
        VersionStale,
    ),
)
@permits(Permission.WRITE_ACCOUNTS)
@writes
def post_close(
    session: Session,
    response: Response,
    caller: CalledBy,
    user_id: UserId,
    body: ClosingIn,
    if_match: IfMatch = None,
) -> UserOut:
    """It stays on record for ever, and nobody else gets its login."""
    close_account(session, _held(session, user_id, caller, if_match), body, caller, now(), today())
    return _answer(session, response, user_id, caller)


@router.post(
    f"{_ONE}/actions/reset-password",
    operation_id="reset_user_password",
    summary="发一个首次登录用的密码，只显示一次；首次登录须另设",
    responses=problem_responses(AccountNotFound, AccountClosed, OwnAccount, VersionRequired, VersionStale),
)
@permits(Permission.GRANT_ROLES)
@writes
def post_reset_password(
    session: Session,
    response: Response,
    settings: Configured,
    caller: CalledBy,
    user_id: UserId,
    if_match: IfMatch = None,
) -> StartPasswordOut:
    """For new people and for those who forgot theirs. All their sessions end."""
    account = _held(session, user_id, caller, if_match)
    check_other(account, caller)
    given = give_start_password(session, account, now(), settings)
    set_etag(response, account.version)
    return StartPasswordOut(user_id=account.id, start_password=given.text, expires_at=given.expires_at)


@router.post(
    f"{_ONE}/actions/reset-second-factor",
    operation_id="reset_user_second_factor",
    summary="取消第二因素（如手机丢失），下次登录时重新设置",
    responses=problem_responses(AccountNotFound, AccountClosed, OwnAccount, VersionRequired, VersionStale),
)
@permits(Permission.GRANT_ROLES)
@writes
def post_reset_second_factor(
    session: Session, response: Response, caller: CalledBy, user_id: UserId, if_match: IfMatch = None
) -> UserOut:
    """All sessions end; the password stays."""
    account = _held(session, user_id, caller, if_match)
    check_other(account, caller)
    take_second_factor(session, account, now())
    return _answer(session, response, user_id, caller)


@router.post(
    f"{_ONE}/actions/unlock",
    operation_id="unlock_user",
    summary="清除登录失败的计数，账号立即可以再试",
    responses=problem_responses(AccountNotFound, AccountClosed, OwnAccount),
)
@permits(Permission.GRANT_ROLES)
@writes
def post_unlock(session: Session, response: Response, caller: CalledBy, user_id: UserId) -> UserOut:
    """Changes nothing of the account itself, so it needs no version."""
    account = lock_account(session, user_id, caller)
    check_other(account, caller)
    forgive(session, account.login)
    return _answer(session, response, user_id, caller)

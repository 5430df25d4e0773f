"""Keys of machines over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.accounts import AccountClosed, OwnAccount
from app.access.caller import CalledBy
from app.access.key_schemas import KeyIn, KeyListOut, KeyOut, NewKeyOut
from app.access.keys import (
    ORDER,
    KeyNotFound,
    KeyNotLive,
    KeyRefused,
    MadeKey,
    TwoKeysLive,
    get_key,
    issue_key,
    own_key,
    revoke_key,
    rotate_key,
    select_keys,
)
from app.access.permissions import Permission, permits
from app.http.clock import now
from app.http.etags import IfMatch, VersionRequired, VersionStale, check_version, set_etag
from app.http.installation import Configured
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes
from app.store.pages import CursorRefused, count_rows
from app.store.tables import Account, ApiKey

router = APIRouter(route_class=StrictRoute, tags=["api-keys"])

KeyId = Annotated[UUID, Path(description="密钥编号（不是密钥本身）")]


def _shown(row: ApiKey, user: Account) -> dict[str, object]:
    shown = {name: getattr(row, name) for name in KeyOut.model_fields if name not in {"user_id", "user_name"}}
    return shown | {"user_id": user.id, "user_name": user.name}


def key_out(row: ApiKey, user: Account) -> KeyOut:
    """A key as it is shown in lists."""
    return KeyOut.model_validate(_shown(row, user))


def _row_out(row: Any) -> KeyOut:
    """A row of `select_keys` as it is shown."""
    return key_out(row[0], row[1])


def _new_key_out(session: Session, made: MadeKey) -> NewKeyOut:
    user = session.get_one(Account, made.row.account_id)
    return NewKeyOut.model_validate(_shown(made.row, user) | {"key": made.text})


@router.post(
    "/api-keys",
    operation_id="issue_key",
    summary="签发密钥；密钥只显示一次",
    status_code=201,
    responses=problem_responses(KeyRefused, TwoKeysLive, AccountClosed, OwnAccount),
)
@permits(Permission.WRITE_KEYS)
@writes
def post_key(session: Session, response: Response, settings: Configured, caller: CalledBy, body: KeyIn) -> NewKeyOut:
    """A machine acts for an account with it. Two keys of one name may live at once."""
    made = issue_key(session, body, caller, now(), settings)
    set_etag(response, made.row.version)
    return _new_key_out(session, made)


@router.get(
    "/api-keys",
    operation_id="list_keys",
    summary="密钥列表，新的在前；不含密钥本身",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.WRITE_KEYS)
@reads
def list_all(
    session: Session,
    caller: CalledBy,
    paging: Paged,
    user_id: Annotated[UUID | None, Query(description="只看一个账号的")] = None,
    live: Annotated[bool, Query(description="只看仍有效的")] = False,
) -> KeyListOut:
    """All of them, unless only those that still work are asked for."""
    query = select_keys(caller, user_id=user_id, live_at=now() if live else None)
    page = paging.pages.take(session, query, ORDER, paging.asked(user_id=user_id, live=live))
    paging.link(page.next_cursor)
    return KeyListOut(
        items=[_row_out(row) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.post(
    "/api-keys/current/actions/rotate",
    operation_id="rotate_own_key",
    summary="密钥自行更换：得到一个新的，旧的到停用或到期为止仍可用",
    status_code=201,
    responses=problem_responses(KeyNotFound, KeyNotLive, TwoKeysLive, AccountClosed, OwnAccount),
)
@permits(Permission.ROTATE_OWN_KEY)
@writes
def post_rotate_own(session: Session, response: Response, settings: Configured, caller: CalledBy) -> NewKeyOut:
    """For the machine itself, with the key that it shows."""
    made = rotate_key(session, own_key(session, caller), caller, now(), settings)
    set_etag(response, made.row.version)
    return _new_key_out(session, made)


@router.post(
    "/api-keys/{key_id}/actions/rotate",
    operation_id="rotate_key",
    summary="更换密钥：得到一个新的，旧的到停用或到期为止仍可用",
    status_code=201,
    responses=problem_responses(KeyNotFound, KeyNotLive, TwoKeysLive, AccountClosed, OwnAccount),
)
@permits(Permission.WRITE_KEYS)
@writes
def post_rotate(
    session: Session, response: Response, settings: Configured, caller: CalledBy, key_id: KeyId
) -> NewKeyOut:
    """Same name, account, permissions and length of life."""
    made = rotate_key(session, get_key(session, key_id, caller), caller, now(), settings)
    set_etag(response, made.row.version)
    return _new_key_out(session, made)


@router.post(
    "/api-keys/{key_id}/actions/revoke",
    operation_id="revoke_key",
    summary="停用密钥，立即生效",
    responses=problem_responses(KeyNotFound, KeyNotLive, VersionRequired, VersionStale),
)
@permits(Permission.WRITE_KEYS)
@writes
def post_revoke(
    session: Session, response: Response, caller: CalledBy, key_id: KeyId, if_match: IfMatch = None
) -> KeyOut:
    """The next request with it is answered 401."""
    row = get_key(session, key_id, caller)
    check_version(if_match, row.version)
    revoke_key(row, now())
    set_etag(response, row.version)
    return key_out(row, session.get_one(Account, row.account_id))

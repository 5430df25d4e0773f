"""Keys of machines: issued by the security administrator, rotated by themselves, revoked; when they were last used."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple, NoReturn
from uuid import UUID

import structlog
from sqlalchemy import Select, func, or_, select, true, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.access.accounts import AccountNotFound, OwnAccount, check_open, get_account, locked, people_in_sight
from app.access.caller import Caller
from app.access.credentials import NewKey, new_key
from app.access.key_schemas import KeyIn
from app.access.permissions import Permission, Role, permissions_of
from app.config import Settings
from app.errors import Conflict, FieldError, Forbidden, NotFound, Unprocessable
from app.http.clock import CHINA
from app.store.engine import Database
from app.store.pages import Key
from app.store.tables import Account, ApiKey, Organisation

ORDER: Final = (Key(ApiKey.id, descending=True),)
# Two, so that a machine can change from one to the other without an hour in which neither works.
MOST_LIVE: Final = 2
# Done by a person who is signed in: a key that made keys or roles would outlive whatever is done against it.
IN_PERSON: Final = frozenset(
    {Permission.SIGNED_IN, Permission.GRANT_ROLES, Permission.WRITE_KEYS, Permission.ROTATE_OWN_KEY}
)
_log: Final = structlog.get_logger(__name__)


class KeyNotFound(NotFound):
    code = "key_not_found"
    title = "没有这个密钥"


class KeyRefused(Unprocessable):
    """It would do more, or live longer, than it may."""

    code = "key_refused"
    title = "密钥申请有误"


class TwoKeysLive(Conflict):
    """One of the two has to be revoked first."""

    code = "two_keys_live"
    title = "已有两个有效的密钥"


class KeyNotLive(Conflict):
    """It has expired or was revoked."""

    code = "key_not_live"
    title = "密钥已失效"


class MadeKey(NamedTuple):
    """A new key: the row, and the text that is shown once."""

    row: ApiKey
    text: str


def select_keys(
    caller: Caller, *, user_id: UUID | None = None, live_at: datetime | None = None
) -> Select[ApiKey, Account]:
    """Keys with the accounts that the caller sees, unordered; `live_at` leaves out those that no longer work."""
    query = select(ApiKey, Account).join(Account, Account.id == ApiKey.account_id)
    query = query.join(Organisation, Organisation.id == Account.organisation_id).where(people_in_sight(caller))
    of = true() if user_id is None else ApiKey.account_id == user_id
    lives = (true(),) if live_at is None else (ApiKey.revoked_at.is_(None), ApiKey.expires_at > live_at)
    return query.where(of, *lives)


def get_key(session: Session, key: UUID, caller: Caller) -> ApiKey:
    """One key, held until the unit of work ends. Raises KeyNotFound."""
    if session.scalar(select_keys(caller).where(ApiKey.id == key)) is None:
        raise KeyNotFound(f"没有编号为 {key} 的密钥")
    query = select(ApiKey).where(ApiKey.id == key).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def own_key(session: Session, caller: Caller) -> ApiKey:
    """The key that the caller shows. Raises KeyNotFound for whoever shows none."""
    public_id = caller.credential.removeprefix("key:")
    row = session.scalar(select(ApiKey).where(ApiKey.public_id == public_id).with_for_update())
    if row is None:
        raise KeyNotFound("此操作须以密钥调用；已登录的人请由安全管理员更换密钥")
    return row


def issue_key(session: Session, body: KeyIn, caller: Caller, at: datetime, settings: Settings) -> MadeKey:
    """A new key of an account. Raises KeyRefused, TwoKeysLive, AccountClosed or OwnAccount."""
    account = _account(session, body.user_id, caller)
    check_open(account)
    if account.id == caller.account_id:
        raise OwnAccount("不能给自己签发密钥，请由另一位安全管理员办理")
    expires_at = datetime.combine(body.expires_on, time(), CHINA).astimezone(UTC)
    errors = [*_permission_errors(account, body.permissions), *_expiry_errors(expires_at, at, settings)]
    if errors:
        raise KeyRefused(errors[0].detail, errors=tuple(errors))
    permissions = sorted({one.value for one in body.permissions})
    return _write(session, account, body.name, permissions, (at, expires_at), _person(caller))


def rotate_key(session: Session, old: ApiKey, caller: Caller, at: datetime, settings: Settings) -> MadeKey:
    """A second key like this one, with as long a life; the old one works until it is revoked or expires.

    Raises KeyNotLive, TwoKeysLive, AccountClosed or OwnAccount.
    """
    account = locked(session, old.account_id)
    check_open(account)
    if account.id == caller.account_id and caller.credential != f"key:{old.public_id}":
        raise OwnAccount("不能给自己的账号更换密钥，请由另一位安全管理员办理")
    if old.revoked_at is not None or old.expires_at <= at:
        raise KeyNotLive("这个密钥已失效，不能更换，请由安全管理员签发新的密钥")
    life = min(old.expires_at - old.created_at, timedelta(days=settings.api_key_days))
    return _write(session, account, old.name, old.permissions, (at, at + life), _person(caller))


def revoke_key(row: ApiKey, at: datetime) -> None:
    """End it at once. Raises KeyNotLive."""
    if row.revoked_at is not None:
        raise KeyNotLive("这个密钥已经停用，无需再次停用")
    row.revoked_at = at
    row.version += 1


def _account(session: Session, key: UUID, caller: Caller) -> Account:
    try:
        get_account(session, key, caller)
    except AccountNotFound as error:
        _refuse("/user_id", error.code, error.detail)
    return locked(session, key)


def _person(caller: Caller) -> UUID:
    if caller.account_id is None:
        raise Forbidden("签发密钥须有账号，请先登录")
    return caller.account_id


def _permission_errors(account: Account, wanted: Sequence[Permission]) -> list[FieldError]:
    allowed = permissions_of(Role(one) for one in account.roles) - IN_PERSON
    return [
        FieldError(f"/permissions/{place}", "beyond_the_account", _beyond(one, account))
        for place, one in enumerate(wanted)
        if one not in allowed
    ]


def _beyond(permission: Permission, account: Account) -> str:
    if permission in IN_PERSON:
        return f"{permission.value} 须本人登录办理，不能写入密钥"
    return f"{account.name}没有 {permission.value} 权限，密钥不能超出其账号的权限"


def _expiry_errors(expires_at: datetime, at: datetime, settings: Settings) -> list[FieldError]:
    last = (at + timedelta(days=settings.api_key_days)).astimezone(CHINA).date()
    if at < expires_at and expires_at.astimezone(CHINA).date() <= last:
        return []
    detail = f"须晚于今天，且不晚于 {last}（密钥最长 {settings.api_key_days} 天）"
    return [FieldError("/expires_on", "expiry_out_of_range", detail)]


def _write(
    session: Session,
    account: Account,
    name: str,
    permissions: Sequence[str],
    life: tuple[datetime, datetime],
    issued_by: UUID,
) -> MadeKey:
    """The account's row is held, so that two that ask at once do not make a third key."""
    same = ApiKey.account_id == account.id, ApiKey.name == name
    live = ApiKey.revoked_at.is_(None), ApiKey.expires_at > life[0]
    if (session.scalar(select(func.count()).where(*same, *live)) or 0) >= MOST_LIVE:
        raise TwoKeysLive(f"“{name}”已有 {MOST_LIVE} 个有效的密钥，请先停用不再使用的一个")
    made = new_key()
    row = _row(made, account.id, name, permissions, life, issued_by)
    session.add(row)
    session.flush()  # The answer names it.
    return MadeKey(row, made.text)


def _row(
    made: NewKey, account_id: UUID, name: str, permissions: Sequence[str], life: tuple[datetime, datetime], by: UUID
) -> ApiKey:
    return ApiKey(
        public_id=made.public_id,
        secret_hash=made.secret_hash,
        name=name,
        account_id=account_id,
        permissions=list(permissions),
        issued_by=by,
        created_at=life[0],
        expires_at=life[1],
        version=1,
    )


def _refuse(pointer: str, code: str, detail: str) -> NoReturn:
    raise KeyRefused(detail, errors=(FieldError(pointer, code, detail),))


class KeyUse:
    """On which day each key was last used; each worker writes it once a day, whatever the number of requests."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._day: date | None = None
        self._noted: set[str] = set()

    def note(self, caller: Caller, day: date) -> None:
        """A request with a valid key came in. That it cannot be written down is no reason to refuse the request."""
        public_id = caller.credential.removeprefix("key:")
        if day != self._day:
            self._day, self._noted = day, set()
        if public_id in self._noted:
            return
        try:
            self._write(public_id, day)
        except DBAPIError as error:
            _log.warning("the use of a key could not be noted", key=public_id, exc_info=error)
        else:
            self._noted.add(public_id)

    def _write(self, public_id: str, day: date) -> None:
        stale = or_(ApiKey.last_used_on.is_(None), ApiKey.last_used_on < day)
        with self._database.writing() as session:
            session.execute(update(ApiKey).where(ApiKey.public_id == public_id, stale).values(last_used_on=day))

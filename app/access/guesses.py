"""Wrong guesses: they slow an account down, and block the pair of account and address. Kept in the database for all.

An attempt counts before its password is looked at and is forgiven when it succeeds, so that a thousand guesses sent at
once are a thousand guesses. A login that does not exist is slowed down like one that does.
"""

import hashlib
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.errors import TooManyRequests
from app.store.tables import FailedSignIn

# People mistype; from the next on each failure doubles the wait.
FREE: Final = 5
LONGEST_SLOWDOWN: Final = timedelta(seconds=30)
# An account is slowed for everybody, its owner among them, so not for long; an address for that account is shut out.
PAIR_FREE: Final = 10
FIRST_BLOCK: Final = timedelta(minutes=15)
LONGEST_BLOCK: Final = timedelta(days=1)
FORGOTTEN_AFTER: Final = timedelta(days=1)
_HALF: Final = 32
_NO_ADDRESS: Final = "0" * _HALF
# One attempt in 256, told by its hash, clears away what is forgotten anyway.
_SWEEPS: Final = "00"
_MOST_DOUBLINGS: Final = 20


class GuessedTooOften(TooManyRequests):
    """Too many wrong passwords or codes."""

    code = "guessed_too_often"
    title = "登录尝试过多"


def count_guess(session: Session, login: str, address: str, at: datetime) -> None:
    """One more attempt. Raises GuessedTooOften; then it is not counted, and nobody looks at the password."""
    account, pair = _names(login, address)
    found = {name: _held(session, name, at) for name in (account, pair)}
    wait = max(row.not_before for row in found.values()) - at
    if wait > timedelta(0):
        seconds = ceil(wait.total_seconds())
        raise GuessedTooOften(
            f"登录失败次数过多，请在 {seconds} 秒后再试；忘记密码请联系安全管理员", retry_after=seconds
        )
    _count(found[account], at, FREE, timedelta(seconds=1), LONGEST_SLOWDOWN)
    _count(found[pair], at, PAIR_FREE, FIRST_BLOCK, LONGEST_BLOCK)
    if pair.endswith(_SWEEPS):
        session.execute(delete(FailedSignIn).where(FailedSignIn.last_at < at - FORGOTTEN_AFTER))


def forgive(session: Session, login: str, address: str | None = None) -> None:
    """Forget the guesses at a login: all of them, or where `address` succeeded its own and the account's slowdown."""
    account, pair = _names(login, address or "")
    if address is not None:
        session.execute(delete(FailedSignIn).where(FailedSignIn.guessed_at.in_((account, pair))))
        return
    prefix = account[:_HALF]
    session.execute(
        delete(FailedSignIn).where(FailedSignIn.guessed_at.between(prefix + _NO_ADDRESS, prefix + "f" * _HALF))
    )


def _names(login: str, address: str) -> tuple[str, str]:
    """Both begin with the hash of the login, so that what is about one login can be found without the addresses."""
    prefix = hashlib.sha256(login.encode()).hexdigest()[:_HALF]
    return prefix + _NO_ADDRESS, prefix + hashlib.sha256(f"{login}\0{address}".encode()).hexdigest()[:_HALF]


def _held(session: Session, name: str, at: datetime) -> FailedSignIn:
    """The row of a name, made if need be, and held: attempts at one login queue here for a moment."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = insert(FailedSignIn).values(guessed_at=name, failures=0, last_at=at, not_before=at)
    session.execute(new.on_conflict_do_nothing())
    return session.get_one(FailedSignIn, name, with_for_update=True, populate_existing=True)


def _count(row: FailedSignIn, at: datetime, free: int, first: timedelta, longest: timedelta) -> None:
    row.failures = 1 if at - row.last_at >= FORGOTTEN_AFTER else row.failures + 1
    row.last_at = at
    over = row.failures - free
    if over > 0:
        row.not_before = at + min(first * 2 ** min(over - 1, _MOST_DOUBLINGS), longest)

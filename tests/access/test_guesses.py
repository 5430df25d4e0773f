"""Wrong guesses: who is slowed down, who is shut out, for how long, and what is forgotten."""

from datetime import datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.guesses import (
    FIRST_BLOCK,
    FREE,
    LONGEST_BLOCK,
    LONGEST_SLOWDOWN,
    PAIR_FREE,
    GuessedTooOften,
    count_guess,
    forgive,
)
from app.store.tables import FailedSignIn
from tests.access.door import START

HERE, THERE = "192.0.2.1", "192.0.2.2"


def wait(session: Session, login: str, address: str, at: datetime) -> int:
    """Seconds until the next guess may be made; 0 if this one was counted."""
    try:
        count_guess(session, login, address, at)
    except GuessedTooOften as refusal:
        return refusal.retry_after
    return 0


def guess_until(session: Session, login: str, address: str, guesses: int) -> datetime:
    """Make so many guesses, each as early as it is allowed; when the last one was made."""
    at = START
    for _ in range(guesses):
        while pause := wait(session, login, address, at):
            at += timedelta(seconds=pause)
    return at


def test_people_may_mistype_a_few_times_before_each_failure_doubles_the_wait(session: Session) -> None:
    assert [wait(session, "li", HERE, START) for _ in range(FREE)] == [0] * FREE
    at, waits = START, []
    for _ in range(7):
        assert wait(session, "li", f"192.0.2.{len(waits)}", at) == 0
        waits.append(wait(session, "li", "198.51.100.1", at))
        at += timedelta(seconds=waits[-1])
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert timedelta(seconds=30) == LONGEST_SLOWDOWN


def test_an_address_is_shut_out_of_one_account_and_nobody_else_is(session: Session) -> None:
    at = guess_until(session, "li", HERE, PAIR_FREE + 1)
    assert wait(session, "li", HERE, at) == FIRST_BLOCK.total_seconds()
    # Others of the account wait half a minute at most; the address has other accounts.
    assert wait(session, "li", THERE, at) <= LONGEST_SLOWDOWN.total_seconds()
    assert wait(session, "li", THERE, at + LONGEST_SLOWDOWN) == 0
    assert wait(session, "wang", HERE, at) == 0


def test_a_block_grows_to_a_day_and_no_further(session: Session) -> None:
    at = guess_until(session, "li", HERE, PAIR_FREE + 8)
    assert wait(session, "li", HERE, at) == LONGEST_BLOCK.total_seconds()


def test_a_refused_attempt_is_not_counted(session: Session) -> None:
    at = guess_until(session, "li", HERE, PAIR_FREE + 1)
    before = wait(session, "li", HERE, at)
    assert [wait(session, "li", HERE, at) for _ in range(3)] == [before] * 3


def test_success_forgives_its_own_address_and_unlocking_all_of_them(session: Session) -> None:
    at = guess_until(session, "li", HERE, PAIR_FREE + 1) + LONGEST_SLOWDOWN
    assert wait(session, "li", THERE, at) == 0
    forgive(session, "li", THERE)
    assert wait(session, "li", THERE, at) == 0
    assert wait(session, "li", HERE, at) > 0
    forgive(session, "li")
    assert wait(session, "li", HERE, at) == 0


def test_a_quiet_day_is_forgotten(session: Session) -> None:
    at = guess_until(session, "li", HERE, PAIR_FREE)
    later = at + timedelta(days=1)
    assert [wait(session, "li", HERE, later) for _ in range(FREE)] == [0] * FREE


def test_what_is_forgotten_is_cleared_away(session: Session) -> None:
    for number in range(5):
        count_guess(session, f"nobody-{number}", HERE, START)
    # One attempt in 256 sweeps, told by the hash under which it is counted.
    sweeper = next(login for login in map(str, range(10_000)) if sha256(f"{login}\0{HERE}".encode()).digest()[15] == 0)
    count_guess(session, sweeper, HERE, START + timedelta(days=1, seconds=1))
    session.flush()
    assert session.scalar(select(func.count()).select_from(FailedSignIn)) == 2


def test_neither_logins_nor_addresses_are_kept(session: Session) -> None:
    count_guess(session, "somebody.known", HERE, START)
    session.flush()
    for name in session.scalars(select(FailedSignIn.guessed_at)):
        assert len(name) == 64
        assert "somebody" not in name


@pytest.mark.parametrize("login", ["", "x" * 80, "虚构"])
def test_any_text_may_be_guessed_at(session: Session, login: str) -> None:
    assert wait(session, login, HERE, START) == 0

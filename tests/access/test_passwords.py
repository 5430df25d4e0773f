"""What a password has to be, and that verifying takes as long for nobody as for somebody."""

from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type
from sqlalchemy.orm import Session

from app.access.blocklist import is_common
from app.access.password_profiles import profile_of
from app.access.passwords import PasswordRefused, check_password, check_unused, hash_password, verify_password
from app.store.tables import Account, PasswordHistory
from tests.access.door import START
from tests.access.people import an_account, an_organisation
from tests.databases import settings_for

QUICK: dict[str, Any] = {"argon2_passes": 1, "argon2_memory_kib": 64}
NIST = settings_for("sqlite:///never-opened.db", **QUICK)
DJBH3 = settings_for("sqlite:///never-opened.db", password_profile="djbh3", **QUICK)


def is_refused(password: str, settings: Any = NIST, about: tuple[str, ...] = ()) -> bool:
    try:
        check_password(password, settings, about)
    except PasswordRefused:
        return True
    return False


def test_passwords_are_hashed_with_argon2id_at_the_configured_cost() -> None:
    stored = hash_password("correct-horse-battery", NIST)
    parameters = extract_parameters(stored)
    assert (parameters.type, parameters.time_cost, parameters.memory_cost) == (Type.ID, 1, 64)
    assert verify_password("correct-horse-battery", stored, NIST)
    assert not verify_password("correct-horse-batterY", stored, NIST)
    assert stored != hash_password("correct-horse-battery", NIST)


def test_the_default_cost_is_what_owasp_asks_for() -> None:
    default = settings_for("sqlite:///never-opened.db")
    assert (default.argon2_passes, default.argon2_memory_kib, default.argon2_lanes) == (2, 19 * 1024, 1)


def test_for_an_unknown_login_a_hash_of_the_same_cost_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    verify = PasswordHasher.verify

    def watched(self: PasswordHasher, stored: str, password: str) -> bool:
        verified.append(stored)
        return bool(verify(self, stored, password))

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    assert not verify_password("correct-horse-battery", None, NIST)
    verify_password("wrong", hash_password("correct-horse-battery", NIST), NIST)
    nobodys, somebodys = (extract_parameters(one) for one in verified)
    assert nobodys == somebodys


@pytest.mark.parametrize(("length", "refused"), [(11, True), (12, False), (200, False), (201, True)])
def test_length_decides_and_no_composition(length: int, refused: bool) -> None:
    assert is_refused(("lanternwhiskerorbitmapledusk" * 8)[:length]) is refused


@pytest.mark.parametrize(
    "password",
    [
        *("password1234", "PassWord!!2026", "p@ssw0rd12345", "iloveyou1314520", "woaini5201314", "Woaini1314520"),
        *("zhongguo123456", "mima12345678", "minzheng@2026", "yinqiao123456", "guanliyuan123"),
        *(
            "123456789012",
            "aaaaaaaaaaaa",
            "abababababab",
            "qwertyuiopas",
            "zxcvbnmzxcvbnm",
            "woainiwoaini",
            "1qaz2wsx3edc",
        ),
    ],
)
def test_what_others_try_first_is_refused(password: str) -> None:
    assert is_refused(password)


def test_words_about_the_owner_do_not_make_a_password() -> None:
    about = ("xugou.zhang", "虚构张某")
    assert is_refused("xugou.zhang99", about=about)
    assert is_refused("XugouZhangMou1", about=about)
    assert not is_refused("lantern whisker orbit", about=about)
    assert not is_common("xugou.zhang likes whiskers", NIST, about)


@pytest.mark.parametrize(
    ("password", "refused"),
    [("lanternwhisker", True), ("lanternWhisker", True), ("lanternWhisker7", False), ("灯笼-lantern-7", False)],
)
def test_the_profile_of_classified_protection_wants_three_kinds_of_characters(password: str, refused: bool) -> None:
    assert is_refused(password, DJBH3) is refused
    assert not is_refused("lanternwhisker")


@pytest.mark.parametrize(("settings", "remembered"), [(NIST, 1), (DJBH3, 5)])
def test_as_many_earlier_passwords_as_the_profile_says_do_not_come_back(
    session: Session, settings: Any, remembered: int
) -> None:
    words = [f"lantern-whisker-{number}" for number in range(7)]
    account: Account = an_account(session, an_organisation(session), password_hash=hash_password(words[0], settings))
    for age, word in enumerate(words[1:]):
        replaced = START.replace(day=20 - age)
        row = PasswordHistory(account_id=account.id, password_hash=hash_password(word, settings), replaced_at=replaced)
        session.add(row)
    session.flush()
    assert profile_of(settings).history == remembered
    for number, word in enumerate(words):
        if number <= remembered:
            with pytest.raises(PasswordRefused, match="最近用过"):
                check_unused(session, account, word, settings, "/new_password")
        else:
            check_unused(session, account, word, settings, "/new_password")

"""Fictional people for trying the service out: one for each role, all with one documented password, and their keys.

Whoever has read the documentation can sign in as any of them, so they are made only where `Settings.demo` says so.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.access.bootstrap import OPERATOR_CODE, add_operator
from app.access.bureaux import add_bureaux
from app.access.credentials import hashed, new_key
from app.access.keys import IN_PERSON
from app.access.offices import OfficeKind
from app.access.passwords import hash_password
from app.access.permissions import GRANTS, Role
from app.config import Settings
from app.demo.models import SampleBank
from app.errors import AppError
from app.regions import PROVINCE, regions
from app.store.tables import Account, ApiKey, Bank, Institution, Organisation
from app.store.types import new_key as new_id

PASSWORD: Final = "yinqiao-demo-only"  # noqa: S105  it is documented, and lets in nobody but here
PREFIX: Final = "demo-"
KEY_NAME: Final = "演示密钥（虚构）"
_OWNER_ONLY: Final = 0o600
_LARGE: Final = "state_owned"
# What its office is called by those who act for a bank, and by the others.
_BANK_OFFICES: Final = (("bank", "虚构银行总部"), ("other_bank", "虚构另一银行总部"))


class NoDemonstration(AppError):
    """Demonstration people, whose password everybody knows, and a service that is none."""

    code = "no_demonstration"
    title = "不是演示环境"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A login without its prefix, a name, a role, the office that the person belongs to, and what is special there."""

    login: str
    name: str
    role: Role
    office: str
    about: str = ""

    @property
    def variable(self) -> str:
        """What the person's key is called in a shell."""
        return f"{self.login.upper().replace('-', '_')}_KEY"


PEOPLE: Final = (
    DemoPerson("county", "虚构县经办甲", Role.CIVIL_AFFAIRS, "county"),
    DemoPerson("county-checker", "虚构县复核乙", Role.CIVIL_AFFAIRS, "county"),
    DemoPerson("city", "虚构市民政丙", Role.CIVIL_AFFAIRS, "city"),
    DemoPerson("province", "虚构省民政丁", Role.CIVIL_AFFAIRS, "province"),
    DemoPerson("province-checker", "虚构省民政复核卯", Role.CIVIL_AFFAIRS, "province"),
    DemoPerson("pboc", "虚构人行戊", Role.PBOC, "pboc"),
    DemoPerson("bank", "虚构银行客户经理己", Role.BANK, "bank"),
    DemoPerson("bank-checker", "虚构银行复核庚", Role.BANK, "bank"),
    DemoPerson("other-bank", "虚构另一银行客户经理辰", Role.BANK, "other_bank", "另一家银行"),
    DemoPerson("institution", "虚构院长辛", Role.INSTITUTION, "institution", "还没有列入名单"),
    DemoPerson("listed-institution", "虚构院长未", Role.INSTITUTION, "listed_institution", "已在名单上"),
    DemoPerson("finance", "虚构财政壬", Role.FINANCE, "finance"),
    DemoPerson("auditor", "虚构审计癸", Role.AUDITOR, "audit"),
    DemoPerson("system-admin", "虚构系统管理员子", Role.SYSTEM_ADMIN, "operator"),
    DemoPerson("security-admin", "虚构安全管理员丑", Role.SECURITY_ADMIN, "operator"),
    DemoPerson("audit-admin", "虚构审计管理员寅", Role.AUDIT_ADMIN, "operator"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the people act: institutions and two banks of the sample, if it has any, else a county alone.

    `institution_id` is the one that is shown, `listed_id` one that stands on the white list.
    """

    institution_id: UUID | None
    listed_id: UUID | None
    bank_codes: tuple[str, ...]
    county: str = "140105"


def stage_of(session: Session, banks: Sequence[SampleBank], institution_id: UUID | None) -> Stage:
    """The first two of the large banks and the first listed institution, if they are there, beside the one shown."""
    there = set(session.scalars(select(Bank.code)))
    large = sorted((bank for bank in banks if bank.code in there), key=lambda bank: bank.kind != _LARGE)
    listed = select(Institution.id).where(Institution.list_status == "listed").order_by(Institution.id)
    return Stage(
        institution_id, session.scalar(listed.limit(1)), tuple(bank.code for bank in large[: len(_BANK_OFFICES)])
    )


def holds_people(session: Session) -> bool:
    """Whether the demonstration's people are in a database."""
    return bool(session.scalar(select(exists().where(Account.login.startswith(PREFIX), Account.closed_at.is_(None)))))


def load_people(session: Session, stage: Stage, at: datetime, settings: Settings) -> int:
    """Add those who are not there yet; how many were added. Raises NoDemonstration."""
    if not (settings.demo and settings.database_url.startswith("sqlite:")):
        raise NoDemonstration("演示人员的密码是公开的，只能由 yinqiao demo 装入它自己的 SQLite 库")
    add_bureaux(session, at)
    offices = _offices(session, stage, at)
    known = set(session.scalars(select(Account.login).where(Account.login.startswith(PREFIX))))
    new = [one for one in PEOPLE if PREFIX + one.login not in known and one.office in offices]
    # One hash for all of them: it is the same password, and each hash is meant to take its time.
    password_hash = hash_password(PASSWORD, settings) if new else ""
    session.add_all(_account(one, offices[one.office], password_hash, at) for one in new)
    session.flush()  # Their keys name them.
    return len(new)


def _account(person: DemoPerson, office: UUID, password_hash: str, at: datetime) -> Account:
    return Account(
        id=new_id(),
        organisation_id=office,
        login=PREFIX + person.login,
        name=person.name,
        roles=(person.role.value,),
        role_stamp=1,
        password_hash=password_hash,
        password_changed_at=at,
        must_change_password=False,
        version=1,
        created_at=at,
    )


def _offices(session: Session, stage: Stage, at: datetime) -> Mapping[str, UUID]:
    """The office of each person, made where it is not there yet."""
    county = stage.county
    if stage.institution_id is not None:
        county = session.get_one(Institution, stage.institution_id).region_code
    operator = session.scalar(select(Organisation.id).where(Organisation.code == OPERATOR_CODE))
    offices = {
        **dict(_bureaux(session, county)),
        "operator": operator or add_operator(session, "虚构运行单位", at).id,
        "pboc": _office(session, OfficeKind.PBOC, "虚构人民银行省分行", at),
        "finance": _office(session, OfficeKind.FINANCE, "虚构财政厅", at),
        "audit": _office(session, OfficeKind.AUDIT, "虚构审计厅", at),
    }
    for (office, name), code in zip(_BANK_OFFICES, stage.bank_codes, strict=False):
        bank_id = session.scalars(select(Bank.id).where(Bank.code == code)).one()
        offices[office] = _office(session, OfficeKind.BANK, name, at, office=office, bank_id=bank_id)
    if stage.institution_id is not None:
        offices["institution"] = _institution(session, "虚构机构", at, stage.institution_id)
    if stage.listed_id is not None:
        name = "虚构在册机构"
        offices["listed_institution"] = _institution(session, name, at, stage.listed_id, "listed_institution")
    return offices


def _institution(session: Session, name: str, at: datetime, institution_id: UUID, office: str = "") -> UUID:
    region = session.get_one(Institution, institution_id).region_code
    kind = OfficeKind.INSTITUTION
    return _office(session, kind, name, at, office=office, institution_id=institution_id, region=region)


def _bureaux(session: Session, county: str) -> Iterator[tuple[str, UUID]]:
    # A development zone has no bureau of its own; its institutions belong to the city's.
    city = regions()[county].parent if regions()[county].parent != PROVINCE else county
    query = select(Organisation.region_code, Organisation.id).where(Organisation.kind == OfficeKind.CIVIL_AFFAIRS)
    bureaux = {row.region_code: row.id for row in session.execute(query)}
    yield "county", bureaux[county]
    yield "city", bureaux[city or PROVINCE]
    yield "province", bureaux[PROVINCE]


def _office(
    session: Session,
    kind: OfficeKind,
    name: str,
    at: datetime,
    *,
    office: str = "",
    region: str = PROVINCE,
    bank_id: UUID | None = None,
    institution_id: UUID | None = None,
) -> UUID:
    code = f"{PREFIX}{(office or kind.value).replace('_', '-')}"
    found = session.scalar(select(Organisation.id).where(Organisation.code == code))
    if found is not None:
        return found
    made = Organisation(
        id=new_id(),
        code=code,
        name=name,
        kind=kind.value,
        region_code=region,
        bank_id=bank_id,
        institution_id=institution_id,
        version=1,
        created_at=at,
    )
    session.add(made)
    session.flush()  # The accounts name it.
    return made.id


def renew_keys(session: Session, file: Path, at: datetime, settings: Settings) -> bool:
    """Write a key of each person to `file`, to be read by a shell; False where those in it still work.

    Of a key only its hash is in the database, so a file that is lost means new keys and an end to the old ones.
    """
    accounts = {one.login: one for one in session.scalars(select(Account).where(Account.login.startswith(PREFIX)))}
    people = [one for one in PEOPLE if PREFIX + one.login in accounts]
    live = select(ApiKey).where(ApiKey.name == KEY_NAME, ApiKey.revoked_at.is_(None))
    rows = session.scalars(live).all()
    working = {row.secret_hash for row in rows if row.expires_at > at}
    if len(working) == len(people) and _secrets(file) == working:
        return False
    for row in rows:
        row.revoked_at = at
    lines = ["# 虚构人员的密钥，只在演示库中有效：. var/demo-keys.env"]
    lines += [f"{one.variable}={_key(session, accounts[PREFIX + one.login], at, settings)}" for one in people]
    _write(file, "\n".join(lines) + "\n")
    return True


def _key(session: Session, account: Account, at: datetime, settings: Settings) -> str:
    made = new_key()
    permissions = frozenset().union(*(GRANTS[Role(one)] for one in account.roles)) - IN_PERSON
    row = ApiKey(
        public_id=made.public_id,
        secret_hash=made.secret_hash,
        name=KEY_NAME,
        account_id=account.id,
        permissions=sorted(one.value for one in permissions),
        issued_by=account.id,
        created_at=at,
        expires_at=at + timedelta(days=settings.api_key_days),
        version=1,
    )
    session.add(row)
    return made.text


def _secrets(file: Path) -> set[str]:
    """The hashes of the keys in a file that `renew_keys` wrote; none where there is no file."""
    if not file.exists():
        return set()
    keys = (line.partition("=")[2] for line in file.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {hashed(key.split("_", 2)[2]) for key in keys if key.count("_") > 1}


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Its owner's alone from the first byte on; one that is there keeps its mode.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY), "w", encoding="utf-8") as opened:
        opened.write(text)

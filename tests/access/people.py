"""Offices, people and keys for the tests, made as rows; what a request proves itself with comes out of them.

clerk = somebody(session, Role.CIVIL_AFFAIRS, "140105")
client.get("/api/v1/institutions", headers=clerk.headers)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from app.access.credentials import NewKey, new_key
from app.access.permissions import Permission, Role
from app.store.tables import Account, ApiKey, Consent, ConsentField, Organisation

SINCE: Final = datetime(2026, 1, 1, tzinfo=UTC)
EXPIRES: Final = datetime(2099, 1, 1, tzinfo=UTC)
PROVINCE: Final = "140000"
_SERIALS = count(1)
KIND: Final = {
    Role.CIVIL_AFFAIRS: "civil_affairs",
    Role.PBOC: "pboc",
    Role.BANK: "bank",
    Role.INSTITUTION: "institution",
    Role.FINANCE: "finance",
    Role.AUDITOR: "audit",
    Role.SYSTEM_ADMIN: "operator",
    Role.SECURITY_ADMIN: "operator",
    Role.AUDIT_ADMIN: "operator",
}


@dataclass(frozen=True)
class Person:
    """Somebody with a key."""

    account_id: UUID
    organisation_id: UUID
    key: NewKey

    @property
    def headers(self) -> dict[str, str]:
        """What his or her requests carry."""
        return {"Authorization": f"Bearer {self.key.text}"}


def an_organisation(session: Session, kind: str = "civil_affairs", region: str = PROVINCE, **row: Any) -> Organisation:
    """An office; a bank's needs `bank_id`, an institution's `institution_id`."""
    code = f"xugou-office-{next(_SERIALS)}"
    defaults: dict[str, Any] = {
        "code": code,
        "name": f"虚构单位{code}",
        "kind": kind,
        "region_code": region,
        "created_at": SINCE,
    }
    made = Organisation(**defaults | row)
    session.add(made)
    session.flush()
    return made


def an_account(session: Session, organisation: Organisation, *roles: Role, **row: Any) -> Account:
    """A person of an office, without a password."""
    login = f"xugou-person-{next(_SERIALS)}"
    defaults: dict[str, Any] = {
        "organisation_id": organisation.id,
        "login": login,
        "name": f"虚构人员{login}",
        "roles": tuple(role.value for role in roles),
        "must_change_password": False,
        "created_at": SINCE,
    }
    made = Account(**defaults | row)
    session.add(made)
    session.flush()
    return made


def a_key(
    session: Session, account_id: UUID, permissions: Iterable[Permission] = tuple(Permission), **row: Any
) -> NewKey:
    """A key of a machine that may do all that its account may, or only these things."""
    key = new_key()
    defaults: dict[str, Any] = {
        "public_id": key.public_id,
        "secret_hash": key.secret_hash,
        "name": "虚构密钥",
        "account_id": account_id,
        "permissions": [one.value for one in permissions],
        "issued_by": account_id,
        "created_at": SINCE,
        "expires_at": EXPIRES,
    }
    session.add(ApiKey(**defaults | row))
    session.flush()
    return key


def somebody(
    session: Session,
    role: Role,
    region: str = PROVINCE,
    *,
    bank_id: UUID | None = None,
    institution_id: UUID | None = None,
    organisation: Organisation | None = None,
) -> Person:
    """One person of a role at an office of its own, or at the one that is given."""
    office = organisation or an_organisation(
        session, KIND[role], region, bank_id=bank_id, institution_id=institution_id
    )
    account = an_account(session, office, role)
    return Person(account.id, office.id, a_key(session, account.id))


def colleague(session: Session, of: Person, role: Role) -> Person:
    """Another person of the same office."""
    return somebody(session, role, organisation=session.get_one(Organisation, of.organisation_id))


def a_consent(
    session: Session, institution_id: UUID, bank_id: UUID, granted_by: UUID, *fields: str, **row: Any
) -> Consent:
    """A consent that is live from 2026 on, for these fields."""
    defaults: dict[str, Any] = {
        "region_code": "140105",
        "institution_id": institution_id,
        "bank_id": bank_id,
        "purpose": "loan_application",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2099, 1, 1),
        "evidence": "虚构授权书",
        "granted_by": granted_by,
        "granted_at": SINCE,
    }
    made = Consent(**defaults | row)
    session.add(made)
    session.flush()
    session.add_all(ConsentField(consent_id=made.id, fact=field) for field in fields)
    session.flush()
    return made

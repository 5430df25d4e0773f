"""The small province with one of everything in it, for tests that ask each operation on behalf of each caller.

Nothing that is asked lasts: the service works on a database whose writing transactions are rolled back, so that no
question depends on one before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.access.row_security import APP_ROLE
from app.http.clock import now, today
from app.http.idempotency import HEADER
from app.inbox.messages import Recipient, send
from app.main import create_app
from app.programmes.draft_schemas import EXAMPLE_DRAFT
from app.programmes.seeds import Seeds
from app.referrals.outbox import append
from app.referrals.webhook_schemas import EXAMPLE_ENDPOINT
from app.store.engine import Database, make_engine
from app.store.tables import ApiKey, Attestation, AuditEvent, Delivery, Message, Referral
from app.whitelist.objections import object_to
from tests.access.people import Person, colleague, somebody
from tests.access.town import CITY, FAR, HOME, REVENUE, SIBLING, Town, a_town, offer
from tests.databases import Databases, settings_for
from tests.inbox.letters import a_letter
from tests.institutions.imports.clerks import Clerk, a_row
from tests.whitelist.desk import Reviewers, an_institution
from tests.whitelist.listing import announce, clerk

PDF: Final = b"%PDF-1.4\nstartxref\n0\n%%EOF\n"
SLUG: Final = "kangyang-interest-subsidy"


class Rehearsing(Database):
    """A database in which nothing that is written lasts."""

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self._write() as session, session.begin() as transaction:
            yield session
            session.flush()
            transaction.rollback()


@dataclass(frozen=True)
class Rehearsal:
    """The service on that database, who calls it, and the ids of what belongs to the home county."""

    client: TestClient
    callers: dict[str, Person | None]
    ids: dict[str, str]
    is_postgresql: bool


@contextmanager
def a_rehearsal(databases: Databases, seeds: Seeds, folder: Path) -> Iterator[Rehearsal]:
    """Build the province with the real service, then go on with one whose writes do not last."""
    with a_town(databases, seeds, folder) as town:
        ids = written_down(town)
        callers = the_callers(town)
        url = town.house.owner.engine.url.render_as_string(hide_password=False)
        settings = settings_for(url, attachments_path=folder, secret_key="k" * 32)
        database = Rehearsing(make_engine(settings, APP_ROLE))
        with TestClient(create_app(settings, database), raise_server_exceptions=False) as client:
            yield Rehearsal(client, callers, ids, database.engine.dialect.name == "postgresql")
        database.dispose()


def the_callers(town: Town) -> dict[str, Person | None]:
    """Each role from where it stands to what is asked for: its own county's, the next one's, from the city above."""
    house, people = town.house, town.people
    found: dict[str, Person | None] = {"nobody": None}
    places = {"own": HOME, "sibling": SIBLING, "city": CITY, "province": "140000"}
    for role in (Role.CIVIL_AFFAIRS, Role.PBOC, Role.FINANCE, Role.AUDITOR):
        found |= {f"{role}.{place}": house.somebody(role, region) for place, region in places.items()}
    # A colleague of the home county's clerks, so that their office is the caller's own.
    found["civil_affairs.own"] = people.county
    found["bank.own"] = people.bank_checker
    found["bank.branch elsewhere"] = house.somebody(Role.BANK, FAR, bank_id=town.bank_id)
    found["bank.other"] = people.other_bank
    found["institution.own"] = people.home
    found["institution.other"] = people.neighbour
    for role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN):
        found[role.value] = house.somebody(role)
    return found


def written_down(town: Town) -> dict[str, str]:
    """The ids that stand in addresses, each of something that is the home county's, its institution's or its bank's."""
    house, people = town.house, town.people
    home = f"/institutions/{town.home}"
    product = offer(town, "rehearsed")
    house.post(people.bank, f"/products/{product}/versions", {})
    draft = house.post(people.province, f"/programmes/{SLUG}/drafts", EXAMPLE_DRAFT)
    kept = house.call(people.county, "POST", f"{home}/attachments", params={"name": "虚构.pdf"}, content=PDF).json()
    assessed = house.post(people.county, "/assessments", {"institution": str(town.home)})
    consent = house.post(people.home, "/consents", consent_to("xugou-bank"))
    code = house.post(people.county, f"{home}/codes")
    with house.owner.writing() as session:
        mate = colleague(session, people.county, Role.CIVIL_AFFAIRS)
        other = somebody(session, Role.CIVIL_AFFAIRS, HOME)
        key = session.scalars(select(ApiKey.id).where(ApiKey.account_id == other.account_id)).one()
        attested = session.scalars(select(Attestation.id).where(Attestation.institution_id == town.home)).first()
        event = session.scalars(select(AuditEvent.id).where(AuditEvent.account_id == people.county.account_id)).first()
        send(session, [Recipient(HOME, organisation_id=people.county.organisation_id)], a_letter(), now())
        message = session.scalars(select(Message.id)).one()
    nominated = house.post(
        people.home, "/whitelist/nominations", {"subject_kind": "project", "subject_id": str(town.project)}
    )
    imported = Clerk(house, people.county).bring([a_row("虚构待导入养老院")])
    between = {"from_user_id": str(people.county.account_id), "to_user_id": str(mate.account_id)}
    handed = house.post(people.county, "/handovers", between | {"starts_on": "2099-01-01", "reason": "虚构的休假"})
    endpoint = house.post(people.bank, "/webhook-endpoints", EXAMPLE_ENDPOINT)
    tested = house.post(people.bank, f"/webhook-endpoints/{endpoint['id']}/actions/send-test", status=200, version=1)
    with house.owner.writing() as session:
        told = append(session, town.bank_id, "cn.yinqiao.push.delivered", str(town.home), {}, now())
        keeping = on_the_list(session, town)
    request = house.post(people.bank, "/consents/requests", request_of(str(town.home)), headers={HEADER: "rehearsed"})
    return keeping | {
        "endpoint_id": endpoint["id"],
        "webhook_delivery_id": tested["id"],
        "told_id": str(told),
        "request_id": request["id"],
        "institution_id": str(town.home),
        "project_id": str(town.project),
        "need_id": str(town.need),
        "loan_id": str(town.loan),
        "attestation_id": str(attested),
        "attachment_id": kept["id"],
        "assessment_id": assessed["id"],
        "product_id": product,
        "number": "2",
        "slug": SLUG,
        "draft_id": draft["id"],
        "consent_id": consent["id"],
        "organisation_id": str(people.county.organisation_id),
        "user_id": str(mate.account_id),
        "handover_id": handed["id"],
        "import_id": imported["id"],
        "operation_id": imported["operation"]["id"],
        "message_id": str(message),
        "nomination_id": nominated["id"],
        "key_id": str(key),
        "code_id": code["id"],
        "event_id": str(event),
        "session_id": str(UUID(int=0)),
        "series": "lpr_1y",
        "action": "meet",
    }


def on_the_list(session: Session, town: Town) -> dict[str, str]:
    """The home's entry and what became of it at its bank; a batch on notice, with an objection to what it announces."""
    people, reviewers = town.people, Reviewers.made(session)
    maker = clerk(people.province.account_id, people.province.organisation_id)
    mine = Referral.bank_id == town.bank_id, Referral.institution_id == town.home
    referral = session.scalars(select(Referral).where(*mine)).one()
    delivery = session.get_one(Delivery, referral.first_delivery_id)
    other = reviewers.approve(session, an_institution(session, HOME, None), HOME, None, now())
    batch = announce(session, other, maker, today())
    objection = object_to(session, other, "虚构的李先生", "虚构的理由", maker, now(), today())
    return {
        "entry_id": str(referral.entry_id),
        "referral_id": str(referral.id),
        "delivery_id": str(delivery.id),
        "push_id": str(delivery.push_id),
        "batch_id": str(batch.id),
        "objection_id": str(objection.id),
    }


def consent_to(bank: str) -> dict[str, Any]:
    """What an institution says to let a bank see its revenue."""
    return {
        "bank": bank,
        "purpose": "loan_application",
        "fields": [REVENUE],
        "valid_from": today().isoformat(),
        "valid_to": (today() + timedelta(days=90)).isoformat(),
        "evidence": "虚构授权书",
    }


def request_of(institution: str) -> dict[str, Any]:
    """What a bank asks an institution to let it see."""
    asked = {name: value for name, value in consent_to("").items() if name not in {"bank", "evidence"}}
    return {"institution_id": institution, **asked, "reason": "虚构的事由"}

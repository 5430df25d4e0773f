"""A town with belongings of several owners, and callers for whom some of them are foreign."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.credentials import NewKey, hashed, new_token
from app.access.permissions import Permission, Role, permissions_of
from app.http.clock import now, today
from app.referrals.webhook_schemas import EXAMPLE_ENDPOINT
from app.store.tables import (
    Account,
    ApiKey,
    Assessment,
    Attachment,
    Attestation,
    AuditEvent,
    ConsentRequest,
    Delivery,
    Handover,
    ImportJob,
    InstitutionCode,
    Message,
    Operation,
    Referral,
    SignInSession,
    WhitelistEntry,
)
from app.whitelist import batches_service
from app.whitelist.objections import object_to
from tests.access.people import SINCE, Person, a_consent, a_key, an_account, an_organisation, colleague, somebody
from tests.access.town import HOME, SIBLING, Town, terms
from tests.matching.factories import Registry
from tests.whitelist.desk import Reviewers, an_institution
from tests.whitelist.listing import announce, clerk

DAY: Final = date(2026, 1, 1)
REVENUE: Final = "institution.annual_revenue_yuan"
Ids = dict[str, object]


@dataclass(frozen=True)
class View:
    """A caller, rows that he or she may touch, and rows of others, by the parameter that names them."""

    name: str
    caller: Person
    roles: frozenset[Role]
    own: Ids
    foreign: Ids

    def may(self, permission: str | None) -> bool:
        return permission is None or Permission(permission) in permissions_of(self.roles)


@dataclass(frozen=True)
class Scene:
    """The town, those who look at it, and one account that has every role."""

    town: Town
    views: tuple[View, ...]
    everything: Person


def belongings(session: Session, institution: UUID, region: str, owner: UUID, bank: UUID | None) -> Ids:
    """One row of everything that an institution can have."""
    registry = Registry(session)
    project = registry.project(institution, region=region)
    need = registry.need(institution, project)
    loan = registry.loan(institution)
    row = {"institution_id": institution}
    attachment = Attachment(
        **row, name="虚构.pdf", media_type="application/pdf", size=1, sha256="0" * 64, created_at=SINCE
    )
    attestation = Attestation(
        **row,
        subject_id=institution,
        fact="institution.stable_cash_flow",
        programme="xugou-scene",
        granted=True,
        office="虚构局",
        person="虚构人",
        attested_on=DAY,
        recorded_from=SINCE,
    )
    code = InstitutionCode(
        **row,
        code_hash=hashed(str(institution)),
        issued_by=owner,
        issued_at=SINCE,
        expires_at=datetime(2099, 1, 1, tzinfo=UTC),
    )
    assessment = Assessment(
        **row,
        region_code=region,
        kind="institution",
        case_id=institution,
        name="虚构",
        as_of=DAY,
        assessed_at=SINCE,
        frozen={},
        results=[],
    )
    session.add_all((attachment, attestation, code, assessment))
    session.flush()
    owned: Ids = {
        "institution_id": institution,
        "project_id": project,
        "need_id": need,
        "loan_id": loan,
        "attachment_id": attachment.id,
        "attestation_id": attestation.id,
        "code_id": code.id,
        "assessment_id": assessment.id,
    }
    if bank is not None:
        owned["consent_id"] = a_consent(session, institution, bank, owner, REVENUE, region_code=region).id
    return owned


def office(session: Session, region: str) -> Ids:
    """An office, two of its people, a key, work that was handed over, and an entry of its trail."""
    giver = somebody(session, Role.CIVIL_AFFAIRS, region)
    taker = colleague(session, giver, Role.CIVIL_AFFAIRS)
    handover = Handover(
        from_account_id=giver.account_id,
        to_account_id=taker.account_id,
        starts_on=DAY,
        ends_on=None,
        reason="虚构",
        made_by=giver.account_id,
        created_at=SINCE,
    )
    # A key of its own: that of a person is not named by an id.
    key_row = a_key_row(session, giver.account_id)
    event = AuditEvent(
        chain=region,
        day=DAY,
        number=1,
        at=SINCE,
        action="虚构",
        outcome="done",
        region_code=region,
        credential="test",
        request_id="虚构",
        address="local",
        previous_hash="0" * 64,
        hash="0" * 64,
    )
    message = Message(
        region_code=region,
        organisation_id=giver.organisation_id,
        kind="reminder.list",
        title="虚构",
        body="虚构",
        subject_kind="institution",
        subject_id=giver.account_id,
        key="虚构",
        created_at=SINCE,
    )
    session.add_all((handover, event, message))
    session.flush()
    return {
        **an_import(session, giver, region),
        "message_id": message.id,
        "organisation_id": giver.organisation_id,
        "user_id": giver.account_id,
        "handover_id": handover.id,
        "key_id": key_row,
        "event_id": event.id,
    }


def an_import(session: Session, clerk: Person, region: str) -> Ids:
    """A workbook that was checked, and the work of checking it."""
    job = ImportJob(
        region_code=region,
        organisation_id=clerk.organisation_id,
        account_id=clerk.account_id,
        file_name="虚构.xlsx",
        sha256="0" * 64,
        size=1,
        state="checked",
        dry_run=True,
        mode="atomic",
        duplicates="hold",
        created_at=SINCE,
    )
    session.add(job)
    session.flush()
    work = Operation(
        kind="check_import",
        region_code=region,
        account_id=clerk.account_id,
        credential="test",
        request_id="虚构",
        address="local",
        import_id=job.id,
        state="done",
        created_at=SINCE,
        finished_at=SINCE,
    )
    session.add(work)
    session.flush()
    return {"import_id": job.id, "operation_id": work.id}


def a_key_row(session: Session, account: UUID) -> UUID:
    """The id of a new key's row."""
    made = a_key(session, account)
    return session.scalars(select(ApiKey.id).where(ApiKey.public_id == made.public_id)).one()


def a_session(session: Session, person: Person) -> tuple[Person, UUID]:
    """The same person, signed in."""
    token = new_token()
    row = SignInSession(
        token_hash=hashed(token),
        carrier="bearer",
        account_id=person.account_id,
        role_stamp=session.get_one(Account, person.account_id).role_stamp,
        is_complete=True,
        address="192.0.2.1",
        user_agent="虚构",
        created_at=now(),
        seen_at=now(),
    )
    session.add(row)
    session.flush()
    return Person(person.account_id, person.organisation_id, NewKey("", "", token)), row.id


def a_scene(town: Town) -> Scene:
    """Three who may and may not for each kind of reach: region, institution, bank, office, oneself."""
    with town.house.owner.writing() as session:
        people = town.people
        own = belongings(session, town.home, HOME, people.home.account_id, town.bank_id)
        other = belongings(session, town.neighbour, SIBLING, people.neighbour.account_id, town.bank_id)
        hidden = belongings(session, town.hermit, HOME, people.home.account_id, None)
        here, there = office(session, HOME), office(session, SIBLING)
        one, _own_session = a_session(session, people.county)
        _another, session_id = a_session(session, people.sibling)
        everything = an_account(session, an_organisation(session, "operator"), *Role)
        admins = [somebody(session, role, HOME) for role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR)]
        whole = Person(everything.id, everything.organisation_id, a_key(session, everything.id))
        own |= on_the_list(session, town, town.home, HOME)
        other |= on_the_list(session, town, town.neighbour, SIBLING) | {"batch_id": a_draft_of_a_batch(session, town)}
        lender, stranger = people.bank, people.other_bank
        got = follow_up(session, town.bank_id, town.home, lender)
        elsewhere = follow_up(session, town.bank_id, town.neighbour, lender)
        not_got = follow_up(session, town.other_bank_id, town.home, stranger)
    mate, stranger_there = {"user_id": people.bank_checker.account_id}, {"user_id": stranger.account_id}
    seen, unseen = (only(one, "referral_id", "request_id") for one in (got, elsewhere))
    consent = {"consent_id": other["consent_id"]}
    draft = programme_draft(town)
    views = (
        View("county", people.county, frozenset({Role.CIVIL_AFFAIRS}), own | here | seen, other | there | unseen),
        View("institution", people.home, frozenset({Role.INSTITUTION}), own | seen, other | unseen),
        View("bank", people.bank, frozenset({Role.BANK}), own | got | mate, hidden | not_got | stranger_there),
        View(
            "other bank",
            people.other_bank,
            frozenset({Role.BANK}),
            webhook(town, people.other_bank),
            consent | product_draft(town) | webhook(town, people.bank),
        ),
        View("system admin", admins[0], frozenset({Role.SYSTEM_ADMIN}), here, there),
        View("security admin", admins[1], frozenset({Role.SECURITY_ADMIN}), here, there),
        View("auditor", admins[2], frozenset({Role.AUDITOR}), own | here | seen, other | there | unseen),
        View("province", people.province, frozenset({Role.CIVIL_AFFAIRS}), {}, draft),
        View("signed in", one, frozenset({Role.CIVIL_AFFAIRS}), {}, {"session_id": session_id}),
    )
    return Scene(town, views, whole)


def only(ids: Ids, *names: str) -> Ids:
    return {name: ids[name] for name in names}


def the_keepers(session: Session, town: Town) -> tuple[Caller, Caller]:
    """Two of the province."""
    mate = colleague(session, town.people.province, Role.CIVIL_AFFAIRS)
    return clerk(town.people.province.account_id, mate.organisation_id), clerk(mate.account_id, mate.organisation_id)


def on_the_list(session: Session, town: Town, institution: UUID, region: str) -> Ids:
    """An institution's entry, and a nomination on notice against which somebody objected."""
    (maker, _checker), reviewers = the_keepers(session, town), Reviewers.made(session)
    entry = session.scalars(select(WhitelistEntry).where(WhitelistEntry.institution_id == institution)).one()
    other = reviewers.approve(session, an_institution(session, region, None), region, None, now())
    announce(session, other, maker, today())
    objection = object_to(session, other, "虚构的李先生", "虚构的理由", maker, now(), today())
    return {"entry_id": entry.id, "nomination_id": other, "objection_id": objection.id}


def follow_up(session: Session, bank: UUID, institution: UUID, person: Person) -> Ids:
    """What a bank got of an institution, and what it asked it for."""
    mine = Referral.bank_id == bank, Referral.institution_id == institution
    referral = session.scalars(select(Referral).where(*mine)).one()
    delivery = session.get_one(Delivery, referral.first_delivery_id)
    request = ConsentRequest(
        region_code=referral.region_code,
        institution_id=institution,
        bank_id=bank,
        purpose="loan_application",
        reason="虚构的事由",
        valid_from=today(),
        valid_to=today() + timedelta(days=30),
        requested_by=person.account_id,
        requested_at=now(),
    )
    session.add(request)
    session.flush()
    return {
        "referral_id": referral.id,
        "delivery_id": delivery.id,
        "push_id": delivery.push_id,
        "request_id": request.id,
    }


def a_draft_of_a_batch(session: Session, town: Town) -> UUID:
    """It is the province's alone."""
    return batches_service.draft(session, "虚构草稿", [], the_keepers(session, town)[0], now()).id


def product_draft(town: Town) -> Ids:
    """A product that its bank has not published."""
    body = {"slug": "xugou-scene", "bank": "xugou-bank", **terms()}
    return {"product_id": town.house.post(town.people.bank, "/products", body)["id"]}


def webhook(town: Town, person: Person) -> Ids:
    """An endpoint of somebody's bank, and a delivery to it."""
    made = town.house.post(person, "/webhook-endpoints", EXAMPLE_ENDPOINT)
    path = f"/webhook-endpoints/{made['id']}/actions/send-test"
    sent = town.house.post(person, path, status=200, version=1)
    return {"endpoint_id": made["id"], "webhook_delivery_id": sent["id"]}


def programme_draft(town: Town) -> Ids:
    """A draft of another programme than the one that addresses name where nothing is said."""
    body = {"author": "虚构省民政厅", "programme": {"window_note": "虚构说明"}}
    found = town.house.get(None, "/programmes")["items"]
    other = next(one["slug"] for one in found if one["slug"] != "kangyang-interest-subsidy")
    made = town.house.post(town.people.province, f"/programmes/{other}/drafts", body)
    return {"draft_id": made["id"]}

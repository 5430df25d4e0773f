"""What a bank does about an entry: contact, investigate, grant, disburse, decline, assign. Each act is one step."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.permissions import Role
from app.errors import FieldError, Forbidden
from app.http.etags import VersionStale, check_version
from app.inbox.messages import Letter, Recipient, send
from app.referrals.reasons import REASON_LABELS, DeclineReason
from app.referrals.referral_loan import disburse_loan
from app.referrals.referral_moves import By, Step, allowed, last_day_of, move, stale
from app.referrals.referral_queries import get_referral
from app.referrals.referral_schemas import DisburseIn
from app.referrals.refusals import refused
from app.referrals.states import ReferralAction
from app.store.tables import Account, Bank, Institution, Organisation, Referral
from app.store.types import overlaps


def open_referral(
    session: Session, referral_id: UUID, action: ReferralAction, if_match: str | None, caller: Caller
) -> Referral:
    """A referral of the caller's bank on which the action may be done now.

    Raises ReferralNotFound, VersionRequired, VersionStale with the present state, or ReferralStands.
    """
    one: Referral = get_referral(session, referral_id, caller.scope)[0]
    by_of(one, caller)
    try:
        check_version(if_match, one.version)
    except VersionStale:
        raise stale(one) from None
    allowed(one, action)
    return one


def by_of(one: Referral, caller: Caller) -> By:
    """The caller as whoever takes a step. Raises Forbidden for whoever does not work for the bank."""
    if caller.account_id is None or caller.organisation_id is None or caller.bank_id != one.bank_id:
        raise Forbidden("对接由收到推送的银行办理，请用该银行的个人账号登录")
    return By(caller.account_id, caller.organisation_id)


def check_day(session: Session, one: Referral, day: date, today: date, pointer: str) -> None:
    """What is reported has happened: since the delivery, not before what was done last, and not after today."""
    if day > today:
        raise refused(FieldError(pointer, "in_future", f"日期不能晚于今天 {today}"))
    earliest = last_day_of(session, one)
    if day < earliest:
        raise refused(FieldError(pointer, "too_early", f"日期不能早于上一步的 {earliest}"))


def take(session: Session, one: Referral, step: Step, caller: Caller, now: datetime, **values: Any) -> Referral:
    """Write a step of the caller's bank, with what else changes of the referral."""
    return move(session, one, step, by_of(one, caller), now, values)


def contact(session: Session, one: Referral, step: Step, caller: Caller, now: datetime) -> Referral:
    """The institution was contacted."""
    return take(session, one, step, caller, now, contacted_on=step.happened_on)


def grant(session: Session, one: Referral, step: Step, caller: Caller, now: datetime) -> Referral:
    """Credit was granted; the institution is told."""
    take(session, one, step, caller, now, granted_yuan=step.amount_yuan, granted_on=step.happened_on)
    body = f"授信 {step.amount_yuan:,.2f} 元，日期 {step.happened_on}。合同和放款请与该行联系。"
    tell_institution(session, one, "referral.granted", "已授信", body, now)
    return one


def decline(session: Session, one: Referral, step: Step, caller: Caller, now: datetime) -> Referral:
    """The bank does not lend; the institution is told the reason."""
    take(session, one, step, caller, now, declined_on=step.happened_on, reason_code=step.reason_code)
    label = REASON_LABELS[DeclineReason(step.reason_code or "")]
    body = f"不予办理，日期 {step.happened_on}，理由：{label}。其他银行的办理不受影响。"
    tell_institution(session, one, "referral.declined", "答复不予办理", body, now)
    return one


def disburse(session: Session, one: Referral, body: DisburseIn, caller: Caller, now: datetime, today: date) -> Referral:
    """The loan was paid out: it becomes a loan of the institution, which is told the subsidy that it may have."""
    if one.granted_yuan is not None and body.amount_yuan > one.granted_yuan:
        detail = f"放款金额不能超过授信的 {one.granted_yuan:,.2f} 元"
        raise refused(FieldError("/amount_yuan", "above_granted", detail))
    bank = session.get_one(Bank, one.bank_id)
    made = disburse_loan(session, one, body, bank, caller, now, today)
    step = Step(
        ReferralAction.DISBURSE,
        body.disbursed_on,
        amount_yuan=body.amount_yuan,
        rate_percent=body.rate_percent,
        internal_note=body.note,
    )
    values = {"disbursed_yuan": body.amount_yuan, "disbursed_on": body.disbursed_on, "rate_percent": body.rate_percent}
    estimate = {"subsidy_programme": made.programme, "subsidy_yuan": made.subsidy_yuan}
    take(session, one, step, caller, now, **values, loan_id=made.loan_id, **estimate)
    tell_institution(session, one, "referral.disbursed", "已放款", made.sentence, now, ("loan", made.loan_id))
    return one


def assign(session: Session, one: Referral, step: Step, caller: Caller, now: datetime) -> Referral:
    """Another person of the bank looks after it from now on. Raises ReferralRefused for whoever is none."""
    manager = managers_of(session, one.bank_id, [step.manager_id] if step.manager_id else [])
    if not manager:
        detail = "客户经理须是本行在用的账号，并有银行工作人员的角色"
        raise refused(FieldError("/manager_id", "not_of_this_bank", detail))
    return take(session, one, step, caller, now, manager_id=step.manager_id)


def managers_of(session: Session, bank_id: UUID, accounts: Sequence[UUID]) -> dict[UUID, str]:
    """Those of some accounts that may look after follow-up of a bank, by name."""
    query = select(Account.id, Account.name).join(Organisation, Organisation.id == Account.organisation_id)
    working = Account.closed_at.is_(None), Organisation.closed_at.is_(None)
    ours = Organisation.bank_id == bank_id, overlaps(Account.roles, (Role.BANK.value,))
    rows = session.execute(query.where(Account.id.in_(accounts), *working, *ours))
    return {row[0]: row[1] for row in rows}


def tell_institution(
    session: Session,
    one: Referral,
    kind: str,
    what: str,
    body: str,
    now: datetime,
    subject: tuple[str, UUID] | None = None,
) -> None:
    """A message to the institution: what its bank has decided."""
    bank = session.get_one(Bank, one.bank_id)
    region = session.scalar(select(Institution.region_code).where(Institution.id == one.institution_id))
    subject_kind, subject_id = subject or ("referral", one.id)
    letter = Letter(
        kind=kind,
        title=f"{bank.name}{what}：{one.name}",
        body=f"{bank.name}对“{one.name}”{body}",
        subject_kind=subject_kind,
        subject_id=subject_id,
        key=f"{kind}:{one.id}",
    )
    recipient = Recipient(region or one.region_code, institution_id=one.institution_id)
    send(session, [recipient], letter, now)

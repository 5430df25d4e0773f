"""A bank asks an institution for a consent; the institution grants one (POST /consents), or refuses.

Whether it was granted, the consents say: the first one of the same institution for the same bank and purpose, given
since the request, that opens at least one of the fields that were asked for. Nothing has to be told twice.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, literal, select, update
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.consent_fields import FIELDS
from app.access.scope import Scope
from app.errors import FieldError, Forbidden
from app.http.etags import check_version
from app.http.etags import stale as stale_version
from app.inbox.messages import Letter, Recipient, send
from app.institutions.queries import get_institution
from app.referrals.bank_offices import offices_of
from app.referrals.consent_request_schemas import ConsentRequestIn
from app.referrals.refusals import ConsentRequestNotFound, RequestAnswered, RequestOpen, RequestRefused
from app.store.pages import Key
from app.store.tables import (
    Bank,
    Consent,
    ConsentField,
    ConsentRequest,
    ConsentRequestField,
    Institution,
)
from app.store.types import new_key

ORDER: Final = (Key(ConsentRequest.id, descending=True),)


class RequestState(StrEnum):
    """Where a request stands."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


STATE_LABELS: Final = {
    RequestState.OPEN: "待机构答复",
    RequestState.GRANTED: "机构已授权",
    RequestState.REFUSED: "机构已拒绝",
    RequestState.CANCELLED: "银行已取消",
    RequestState.LAPSED: "所请求的期限已过",
}


class FoundRequest(NamedTuple):
    """A request with the names of both sides, its state, the consent that answered it, and its fields."""

    request: ConsentRequest
    institution_name: str
    bank: str
    bank_name: str
    state: RequestState
    consent_id: UUID | None
    fields: Sequence[str]


def _answering() -> ColumnElement[Any]:
    """SQL over ConsentRequest: the first consent that answers it."""
    asked = select(ConsentRequestField.fact).where(ConsentRequestField.request_id == ConsentRequest.id)
    given = select(ConsentField.consent_id).where(ConsentField.fact.in_(asked.correlate(ConsentRequest)))
    query = select(Consent.id).where(
        Consent.institution_id == ConsentRequest.institution_id,
        Consent.bank_id == ConsentRequest.bank_id,
        Consent.purpose == ConsentRequest.purpose,
        Consent.granted_at >= ConsentRequest.requested_at,
        Consent.id.in_(given.correlate(ConsentRequest)),
    )
    return query.order_by(Consent.id).limit(1).correlate(ConsentRequest).scalar_subquery()


def _state(today: date) -> ColumnElement[str]:
    """SQL over ConsentRequest."""
    return case(
        (ConsentRequest.refused_at.is_not(None), literal(RequestState.REFUSED.value)),
        (ConsentRequest.cancelled_at.is_not(None), literal(RequestState.CANCELLED.value)),
        (_answering().is_not(None), literal(RequestState.GRANTED.value)),
        (ConsentRequest.valid_to <= today, literal(RequestState.LAPSED.value)),
        else_=literal(RequestState.OPEN.value),
    )


def select_requests(
    scope: Scope, today: date, state: RequestState | None = None, institution: UUID | None = None
) -> Select[Any]:
    """The requests that concern the caller: an institution's own, those of a bank, those of an office's region."""
    query: Select[Any] = select(
        ConsentRequest,
        Institution.name.label("institution_name"),
        Bank.code.label("bank"),
        Bank.name.label("bank_name"),
        _state(today).label("state"),
        _answering().label("consent_id"),
    )
    # A bank may have lost sight of the institution since; that it asked stays its own.
    query = query.outerjoin(Institution, Institution.id == ConsentRequest.institution_id)
    query = query.join(Bank, Bank.id == ConsentRequest.bank_id)
    seen = [scope.regions(ConsentRequest.region_code), scope.banks(ConsentRequest.bank_id)]
    if scope.institution_id is not None:
        seen.append(ConsentRequest.institution_id == scope.institution_id)
    if state is not None:
        seen.append(_state(today) == state.value)
    if institution is not None:
        seen.append(ConsentRequest.institution_id == institution)
    return query.where(*seen)


def with_fields(session: Session, rows: Sequence[Any]) -> list[FoundRequest]:
    """Rows of `select_requests` with their fields, read at once."""
    fields: defaultdict[UUID, list[str]] = defaultdict(list)
    wanted = ConsentRequestField.request_id.in_([row[0].id for row in rows])
    for one in session.scalars(select(ConsentRequestField).where(wanted).order_by(ConsentRequestField.fact)):
        fields[one.request_id].append(one.fact)
    return [
        FoundRequest(
            row[0],
            row.institution_name or "",
            row.bank,
            row.bank_name,
            RequestState(row.state),
            row.consent_id,
            fields[row[0].id],
        )
        for row in rows
    ]


def get_request(session: Session, request_id: UUID, scope: Scope, today: date) -> FoundRequest:
    """One request. Raises ConsentRequestNotFound."""
    rows = session.execute(select_requests(scope, today).where(ConsentRequest.id == request_id)).all()
    if not rows:
        raise ConsentRequestNotFound(f"没有编号为 {request_id} 的授权请求")
    return with_fields(session, rows)[0]


def ask(session: Session, body: ConsentRequestIn, caller: Caller, now: datetime, today: date) -> UUID:
    """Ask an institution within the bank's reach. Raises InstitutionNotFound, RequestRefused or RequestOpen."""
    if caller.bank_id is None or caller.account_id is None:
        raise Forbidden("只有银行可以请求授权，请由银行的个人账号办理")
    owner = get_institution(session, body.institution_id, caller.scope)
    errors = tuple(_errors(body, today))
    if errors:
        raise RequestRefused(errors[0].detail, errors=errors)
    _check_none_open(session, body, caller, today)
    one = ConsentRequest(
        id=new_key(),
        region_code=owner.header["region_code"],
        institution_id=owner.id,
        bank_id=caller.bank_id,
        purpose=body.purpose.value,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        reason=body.reason,
        requested_by=caller.account_id,
        requested_at=now,
        version=1,
    )
    session.add(one)
    session.flush()  # The fields name the request by its key.
    session.add_all(ConsentRequestField(request_id=one.id, fact=field) for field in sorted(set(body.fields)))
    session.flush()  # The answer reads them back.
    _tell_institution(session, one, body.fields, now)
    return one.id


def _errors(body: ConsentRequestIn, today: date) -> Iterator[FieldError]:
    for place, field in enumerate(body.fields):
        if field not in FIELDS:
            detail = f"“{field}”不需要授权，或不在事实目录中；可写：{'、'.join(FIELDS)}"
            yield FieldError(f"/fields/{place}", "no_consent_field", detail)
    if body.valid_from < today:
        yield FieldError("/valid_from", "begins_too_early", f"授权从今天 {today} 或以后开始")
    if body.valid_to <= body.valid_from:
        yield FieldError("/valid_to", "ends_before_it_begins", f"止日（不含当日）应晚于开始日 {body.valid_from}")


def _check_none_open(session: Session, body: ConsentRequestIn, caller: Caller, today: date) -> None:
    query = select_requests(caller.scope, today, RequestState.OPEN)
    mine = and_(
        ConsentRequest.bank_id == caller.bank_id,
        ConsentRequest.institution_id == body.institution_id,
        ConsentRequest.purpose == body.purpose.value,
    )
    if session.execute(query.where(mine).limit(1)).first() is not None:
        raise RequestOpen("本行对这家机构的同一用途已有待答复的授权请求；要改内容，请先取消原请求")


def refuse(
    session: Session,
    request_id: UUID,
    note: str | None,
    if_match: str | None,
    caller: Caller,
    now: datetime,
    today: date,
) -> None:
    """The institution says no; the bank is told. Raises ConsentRequestNotFound, RequestAnswered or VersionStale."""
    found = get_request(session, request_id, caller.scope, today)
    if caller.institution_id is None or caller.account_id is None:
        raise Forbidden("只有机构本身可以答复授权请求，请由该机构的账号办理")
    _answer(session, found, if_match, refused_at=now, refused_by=caller.account_id, refusal=note)
    _tell_bank(session, found, note, now)


def cancel(
    session: Session, request_id: UUID, if_match: str | None, caller: Caller, now: datetime, today: date
) -> None:
    """The bank takes it back. Raises ConsentRequestNotFound, RequestAnswered or VersionStale."""
    found = get_request(session, request_id, caller.scope, today)
    if caller.bank_id is None or caller.account_id is None:
        raise Forbidden("只有提出请求的银行可以取消")
    _answer(session, found, if_match, cancelled_at=now, cancelled_by=caller.account_id)


def _answer(session: Session, found: FoundRequest, if_match: str | None, **values: Any) -> None:
    one = found.request
    check_version(if_match, one.version)
    if found.state is not RequestState.OPEN:
        raise RequestAnswered(f"这份授权请求现在是“{STATE_LABELS[found.state]}”，不能再答复或取消")
    # The version in the condition is the lock: of two that answer at once, one is told so.
    mine = (ConsentRequest.id == one.id) & (ConsentRequest.version == one.version)
    changed = update(ConsentRequest).where(mine).values(version=one.version + 1, **values)
    written = session.execute(
        changed.returning(ConsentRequest.version).execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    session.expire(one)
    if written is None:
        raise stale_version()


def _tell_institution(session: Session, one: ConsentRequest, fields: Sequence[str], now: datetime) -> None:
    bank = session.get_one(Bank, one.bank_id)
    named = "、".join(FIELDS[field] for field in dict.fromkeys(fields))
    letter = Letter(
        kind="consent.requested",
        title=f"{bank.name}请求授权查看贵机构的信息",
        body=f"{bank.name}请求在 {one.valid_from} 至 {one.valid_to}（不含当日）查看：{named}。事由：{one.reason}。"
        "同意的请办理授权（POST /api/v1/consents），不同意的请拒绝；不答复即为不同意，授权后可随时撤回。",
        subject_kind="consent_request",
        subject_id=one.id,
        key=f"consent.requested:{one.id}",
    )
    send(session, [Recipient(one.region_code, institution_id=one.institution_id)], letter, now)


def _tell_bank(session: Session, found: FoundRequest, note: str | None, now: datetime) -> None:
    one = found.request
    said = "" if note is None else f"说明：{note}。"
    letter = Letter(
        kind="consent.refused",
        title=f"{found.institution_name}没有同意授权请求",
        body=f"{found.institution_name}没有同意贵行 {one.requested_at.date()} 的授权请求。{said}",
        subject_kind="consent_request",
        subject_id=one.id,
        key=f"consent.refused:{one.id}",
    )
    offices = offices_of(session, [one.bank_id]).get(one.bank_id, [])
    send(session, [office.recipient for office in offices if office.covers(one.region_code)], letter, now)

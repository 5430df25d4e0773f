"""Consents over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.caller import CalledBy
from app.access.consent_fields import FIELDS
from app.access.consent_schemas import (
    PURPOSE_LABELS,
    STATE_LABELS,
    ConsentFieldOut,
    ConsentIn,
    ConsentListOut,
    ConsentOut,
    ConsentState,
    Purpose,
)
from app.access.consents import (
    ConsentNotFound,
    ConsentRefused,
    ConsentWithdrawn,
    FoundConsent,
    get_consent,
    grant,
    select_consents,
    with_fields,
    withdraw,
)
from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.http.clock import now, today
from app.http.etags import IfMatch, VersionRequired, VersionStale, set_etag
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes, writes_once
from app.store.pages import CursorRefused, Key, count_rows
from app.store.tables import Consent

router = APIRouter(route_class=StrictRoute, tags=["consents"])

ConsentId = Annotated[UUID, Path(description="授权编号")]


@router.post(
    "/consents",
    operation_id="grant_consent",
    summary="机构授权一家银行在一段时间内查看其若干信息",
    status_code=201,
    responses=problem_responses(ConsentRefused),
)
@permits(Permission.GRANT_CONSENT)
@writes
def grant_consent(session: Session, response: Response, caller: CalledBy, body: ConsentIn) -> ConsentOut:
    """The institution is the caller's own. The bank sees the fields on the days of the period, until withdrawn."""
    key = grant(session, body, caller, now(), today())
    response.headers["Location"] = f"/api/v1/consents/{key}"
    return _answer(response, get_consent(session, key, caller.scope))


@router.get(
    "/consents",
    operation_id="list_consents",
    summary="授权列表：机构看自己的，银行看给本行的，主管部门看辖区内的",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_CONSENTS)
@reads
def list_consents(
    session: Session,
    scope: InScope,
    paging: Paged,
    institution: Annotated[UUID | None, Query(description="只看一家机构的")] = None,
) -> ConsentListOut:
    """Newest first, those that have ended or were withdrawn included."""
    query = select_consents(scope, institution)
    asked = paging.asked(institution=None if institution is None else str(institution))
    page = paging.pages.take(session, query, (Key(Consent.id, descending=True),), asked)
    paging.link(page.next_cursor)
    return ConsentListOut(
        items=[_consent_out(one, today()) for one in with_fields(session, page.rows)],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    "/consents/{consent_id:uuid}",
    operation_id="get_consent",
    summary="一份授权",
    responses=problem_responses(ConsentNotFound),
)
@permits(Permission.READ_CONSENTS)
@reads
def read_consent(session: Session, response: Response, scope: InScope, consent_id: ConsentId) -> ConsentOut:
    """Its ETag is what a withdrawal has to name."""
    return _answer(response, get_consent(session, consent_id, scope))


@router.post(
    "/consents/{consent_id:uuid}/actions/withdraw",
    operation_id="withdraw_consent",
    summary="机构撤回授权，立即生效",
    responses=problem_responses(ConsentNotFound, ConsentWithdrawn, VersionRequired, VersionStale),
)
@permits(Permission.GRANT_CONSENT)
@writes_once
def withdraw_consent(
    session: Session, response: Response, caller: CalledBy, consent_id: ConsentId, if_match: IfMatch = None
) -> ConsentOut:
    """From this instant the bank sees nothing by it. What it saw before stays on record."""
    withdraw(session, consent_id, caller, if_match, now())
    return _answer(response, get_consent(session, consent_id, caller.scope))


def _answer(response: Response, found: FoundConsent) -> ConsentOut:
    set_etag(response, found.consent.version)
    return _consent_out(found, today())


def _consent_out(found: FoundConsent, day: date) -> ConsentOut:
    consent = found.consent
    state, purpose = _state(consent, day), Purpose(consent.purpose)
    return ConsentOut(
        id=consent.id,
        version=consent.version,
        institution_id=consent.institution_id,
        institution_name=found.institution_name,
        bank=found.bank,
        bank_name=found.bank_name,
        purpose=purpose,
        purpose_label=PURPOSE_LABELS[purpose],
        fields=[ConsentFieldOut(field=field, label=FIELDS.get(field, field)) for field in found.fields],
        valid_from=consent.valid_from,
        valid_to=consent.valid_to,
        state=state,
        state_label=STATE_LABELS[state],
        evidence=consent.evidence or None,
        attachment_id=consent.attachment_id,
        granted_at=consent.granted_at,
        withdrawn_at=consent.withdrawn_at,
    )


def _state(consent: Consent, day: date) -> ConsentState:
    if consent.withdrawn_at is not None:
        return ConsentState.WITHDRAWN
    if day < consent.valid_from:
        return ConsentState.UPCOMING
    return ConsentState.LIVE if day < consent.valid_to else ConsentState.EXPIRED

"""Follow-up over HTTP: the list, one row with its steps, and one address for each action."""

from collections.abc import Callable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.caller import CalledBy, Caller
from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.errors import AppError
from app.http.clock import now, today
from app.http.etags import IfMatch, VersionRequired, VersionStale, set_etag
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.schemas import IsoDate
from app.http.unit_of_work import reads, writes_once
from app.referrals import referral_service as service
from app.referrals.clock import STEPS
from app.referrals.pushes_schemas import BankCode
from app.referrals.referral_answers import referral_out, row_out
from app.referrals.referral_moves import Step
from app.referrals.referral_queries import LIST_ORDER, Filters, get_referral, select_referrals, steps_of
from app.referrals.referral_schemas import (
    AssignIn,
    ContactIn,
    DeclineIn,
    DisburseIn,
    GrantIn,
    InvestigateIn,
    ReferralListOut,
    ReferralOut,
)
from app.referrals.refusals import ReferralNotFound, ReferralRefused, ReferralStands
from app.referrals.states import ReferralAction, ReferralState
from app.store.pages import CursorRefused, count_rows
from app.store.tables import Referral
from app.whitelist.parameters import whole_number

router = APIRouter(route_class=StrictRoute, tags=["referrals"])

ReferralId = Annotated[UUID, Path(description="对接编号")]
_ONE: Final = "/referrals/{referral_id:uuid}"
_REFUSALS: Final[tuple[type[AppError], ...]] = (
    *(ReferralNotFound, VersionRequired, VersionStale, ReferralStands, ReferralRefused),
)
_A: Final = ReferralAction


@router.get(
    "/referrals",
    operation_id="list_referrals",
    summary="对接列表，期限近的在前：银行看本行的，人民银行和民政看辖区内的，机构看自己的",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_REFERRALS)
@reads
def list_all(
    session: Session,
    caller: CalledBy,
    scope: InScope,
    paging: Paged,
    state: Annotated[list[ReferralState] | None, Query(max_length=6, description="状态，可写多个")] = None,
    due_by: Annotated[IsoDate | None, Query(description="还没有结果、期限不晚于这一天的")] = None,
    overdue: Annotated[bool, Query(description="只看已超期、还没有结果的")] = False,
    manager: Annotated[UUID | None, Query(description="客户经理的账号编号（只对本行有效）")] = None,
    unassigned: Annotated[bool, Query(description="只看还没有指定客户经理的（只对本行有效）")] = False,
    region: Annotated[
        str | None, Query(pattern="^[1-9][0-9]([0-9]{2}([0-9]{2})?)?$", description="区划代码或其前 2、4 位")
    ] = None,
    bank: Annotated[BankCode | None, Query(description="银行代码")] = None,
    institution: Annotated[list[UUID] | None, Query(max_length=200, description="机构编号，可写多个")] = None,
    q: Annotated[str | None, Query(min_length=1, max_length=50, pattern=r"^[^\x00]*$", description="名称")] = None,
) -> ReferralListOut:
    """The earliest deadline first. Who looks after what is the bank's own: these filters find nothing for others."""
    of_a_bank = caller.bank_id is not None
    filters = Filters(
        states=tuple(sorted(one.value for one in set(state or ()))),
        due_by=due_by,
        overdue_on=today() if overdue else None,
        manager=manager if of_a_bank else None,
        unassigned=unassigned and of_a_bank,
        region=region,
        bank=bank,
        institutions=tuple(sorted(set(institution or ()))),
        q=q,
    )
    query = select_referrals(scope, filters)
    bound = {name: getattr(filters, name) for name in Filters.__slots__}
    page = paging.pages.take(session, query, LIST_ORDER, paging.asked(**bound))
    paging.link(page.next_cursor)
    soon = _soon_days(session)
    return ReferralListOut(
        items=[row_out(row, caller, today(), soon) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query.with_only_columns(Referral.id)) if paging.total else None,
    )


@router.get(
    _ONE,
    operation_id="get_referral",
    summary="一条对接：办到哪一步、期限、金额和经过",
    responses=problem_responses(ReferralNotFound),
)
@permits(Permission.READ_REFERRALS)
@reads
def get_one(
    session: Session, response: Response, caller: CalledBy, scope: InScope, referral_id: ReferralId
) -> ReferralOut:
    """Its ETag is what an action has to name."""
    return _shown(session, response, referral_id, caller)


def _soon_days(session: Session) -> int:
    return whole_number(session, STEPS[0], today())


def _shown(session: Session, response: Response, referral_id: UUID, caller: Caller) -> ReferralOut:
    row = get_referral(session, referral_id, caller.scope)
    set_etag(response, row[0].version)
    return referral_out(row, steps_of(session, [referral_id])[referral_id], caller, today(), _soon_days(session))


def _act(
    session: Session,
    response: Response,
    referral_id: UUID,
    step: Step,
    pointer: str | None,
    caller: Caller,
    if_match: str | None,
    act: Callable[..., Referral],
) -> ReferralOut:
    one = service.open_referral(session, referral_id, step.action, if_match, caller)
    if pointer is not None:
        service.check_day(session, one, step.happened_on, today(), pointer)
    act(session, one, step, caller, now())
    return _shown(session, response, referral_id, caller)


def _action(action: ReferralAction, summary: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The address of an action."""

    def declare(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        made = permits(Permission.FOLLOW_UP)(writes_once(endpoint))
        name = f"{action}_referral"
        return router.post(
            f"{_ONE}/actions/{action}", operation_id=name, summary=summary, responses=problem_responses(*_REFUSALS)
        )(made)

    return declare


@_action(_A.CONTACT, "登记已与机构联系")
def contact(
    session: Session,
    response: Response,
    caller: CalledBy,
    referral_id: ReferralId,
    body: ContactIn,
    if_match: IfMatch = None,
) -> ReferralOut:
    """On a day since the delivery."""
    step = Step(_A.CONTACT, body.contacted_on, internal_note=body.note)
    return _act(session, response, referral_id, step, "/contacted_on", caller, if_match, service.contact)


@_action(_A.INVESTIGATE, "登记开始尽职调查")
def investigate(
    session: Session,
    response: Response,
    caller: CalledBy,
    referral_id: ReferralId,
    body: InvestigateIn,
    if_match: IfMatch = None,
) -> ReferralOut:
    """After the institution was contacted."""
    step = Step(_A.INVESTIGATE, body.began_on, internal_note=body.note)
    return _act(session, response, referral_id, step, "/began_on", caller, if_match, service.take)


@_action(_A.GRANT, "登记授信金额，并告知机构")
def grant(
    session: Session,
    response: Response,
    caller: CalledBy,
    referral_id: ReferralId,
    body: GrantIn,
    if_match: IfMatch = None,
) -> ReferralOut:
    """It stops the clock."""
    step = Step(_A.GRANT, body.granted_on, amount_yuan=body.amount_yuan, internal_note=body.note)
    return _act(session, response, referral_id, step, "/granted_on", caller, if_match, service.grant)


@_action(_A.DISBURSE, "登记放款：成为机构的一笔贷款，随即测算贴息并告知机构")
def disburse(
    session: Session,
    response: Response,
    caller: CalledBy,
    referral_id: ReferralId,
    body: DisburseIn,
    if_match: IfMatch = None,
) -> ReferralOut:
    """What was granted may be paid out in part, never above it."""
    one = service.open_referral(session, referral_id, _A.DISBURSE, if_match, caller)
    service.check_day(session, one, body.disbursed_on, today(), "/disbursed_on")
    service.disburse(session, one, body, caller, now(), today())
    return _shown(session, response, referral_id, caller)


@_action(_A.DECLINE, "登记不予办理的理由，并告知机构")
def decline(
    session: Session,
    response: Response,
    caller: CalledBy,
    referral_id: ReferralId,
    body: DeclineIn,
    if_match: IfMatch = None,
) -> ReferralOut:
    """It stops the clock for good."""
    step = Step(_A.DECLINE, body.declined_on, reason_code=body.reason_code.value, internal_note=body.note)
    return _act(session, response, referral_id, step, "/declined_on", caller, if_match, service.decline)


@_action(_A.ASSIGN, "指定客户经理")
def assign(
    session: Session,
    response: Response,
    caller: CalledBy,
    referral_id: ReferralId,
    body: AssignIn,
    if_match: IfMatch = None,
) -> ReferralOut:
    """Somebody of the same bank; the state stays."""
    step = Step(_A.ASSIGN, today(), manager_id=body.manager_id, internal_note=body.note)
    return _act(session, response, referral_id, step, None, caller, if_match, service.assign)

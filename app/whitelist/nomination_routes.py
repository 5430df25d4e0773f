"""Nominations over HTTP: draft, list, read, what waits for the caller, and one address for each step."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.caller import CalledBy, Caller
from app.access.permissions import Permission, permits
from app.access.scope import InScope, Scope
from app.errors import AppError
from app.http.clock import now, today
from app.http.etags import IfMatch, VersionRequired, VersionStale, set_etag
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.schemas import IsoDate
from app.http.unit_of_work import reads, writes, writes_once
from app.institutions.refusals import InstitutionNotFound, ProjectNotFound
from app.store.pages import CursorRefused, count_rows
from app.store.tables import Nomination
from app.whitelist.criteria import assess
from app.whitelist.moves import ActedAtAnotherLevel, ActionNotAllowed, Said
from app.whitelist.nomination_answers import (
    criteria_out,
    day_of_step,
    deadline_of,
    nomination_row_out,
    row_of,
    steps_out,
)
from app.whitelist.nomination_schemas import (
    GroundsIn,
    NominationIn,
    NominationListOut,
    NominationOut,
    ReasonedIn,
    ReasonOut,
    ReasonsOut,
    RemarkIn,
    SubjectKind,
    ToDoListOut,
    ToDoOut,
)
from app.whitelist.nominations import (
    AlreadyListed,
    AlreadyNominated,
    AppealTooLate,
    CriteriaNotMet,
    ReasonRefused,
    act,
    draft,
)
from app.whitelist.queries import (
    LIST_ORDER,
    TO_DO_ORDER,
    Filters,
    NominationNotFound,
    get_nomination,
    last_step_days,
    list_nominations,
    list_to_do,
    names_of,
    reasons_on,
    steps_of,
)
from app.whitelist.rights import NoAccount, WrongLevel, steps_open_to
from app.whitelist.states import Action, State

router = APIRouter(route_class=StrictRoute, tags=["whitelist"])

NominationId = Annotated[UUID, Path(description="推荐编号")]
States = Annotated[list[State] | None, Query(max_length=20, description="状态，可写多个")]
Region = Annotated[
    str | None, Query(pattern="^[1-9][0-9]([0-9]{2}([0-9]{2})?)?$", description="区划代码或其前 2、4 位")
]
Kind = Annotated[SubjectKind | None, Query(description="机构或项目")]
DueBy = Annotated[IsoDate | None, Query(description="期限不晚于这一天")]
_ONE: Final = "/whitelist/nominations/{nomination_id}"
_STEP_REFUSALS: Final[tuple[type[AppError], ...]] = (
    *(NominationNotFound, VersionRequired, VersionStale, ActionNotAllowed, NoAccount, WrongLevel, ActedAtAnotherLevel),
)


@router.post(
    "/whitelist/nominations",
    operation_id="add_nomination",
    summary="起草推荐：机构本身或其项目，由机构或所在县（市、区）民政部门提出",
    status_code=201,
    responses=problem_responses(
        InstitutionNotFound, ProjectNotFound, NoAccount, WrongLevel, AlreadyNominated, AlreadyListed
    ),
)
@permits(Permission.NOMINATE)
@writes
def add(session: Session, response: Response, caller: CalledBy, scope: InScope, body: NominationIn) -> NominationOut:
    """A draft with its number; a subject has one open nomination at most."""
    one = draft(session, body.subject_kind, body.subject_id, caller, scope, now())
    response.headers["Location"] = f"/api/v1/whitelist/nominations/{one.id}"
    return _shown(session, response, one, caller, scope)


@router.get(
    "/whitelist/nominations",
    operation_id="list_nominations",
    summary="推荐列表，按状态、地区、对象和期限筛选",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_WHITELIST)
@reads
def list_all(
    session: Session,
    scope: InScope,
    paging: Paged,
    state: States = None,
    region: Region = None,
    kind: Kind = None,
    due_by: DueBy = None,
    institution: Annotated[UUID | None, Query(description="只看这个机构和它的项目")] = None,
    batched: Annotated[bool | None, Query(description="true 只看已编入批次的，false 只看还没有编入的")] = None,
) -> NominationListOut:
    """The latest first."""
    filters = Filters(tuple(one.value for one in state or ()), region, kind, due_by, institution, batched)
    query = list_nominations(filters, scope)
    page = paging.pages.take(session, query, LIST_ORDER, paging.asked(**_bound(filters)))
    paging.link(page.next_cursor)
    return NominationListOut(
        items=[nomination_row_out(row[0], row.institution_name, row.project_name, today()) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query.with_only_columns(Nomination.id)) if paging.total else None,
    )


@router.get(
    "/whitelist/to-do",
    operation_id="list_nominations_to_do",
    summary="待办：现在轮到您办理的推荐，期限近的在前，逾期的有标记",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.NOMINATE)
@reads
def list_due(
    session: Session,
    caller: CalledBy,
    scope: InScope,
    paging: Paged,
    state: States = None,
    region: Region = None,
    kind: Kind = None,
    due_by: DueBy = None,
) -> ToDoListOut:
    """What the caller can act on now, by level and person; the earliest deadline first."""
    day = today()
    filters = Filters(tuple(one.value for one in state or ()), region, kind, due_by)
    query = list_to_do(caller, scope, day, filters)
    asked = paging.asked(day=day.isoformat(), **_bound(filters))
    page = paging.pages.take(session, query, TO_DO_ORDER, asked)
    paging.link(page.next_cursor)
    since = last_step_days(session, [row[0].id for row in page.rows])
    return ToDoListOut(
        items=[
            ToDoOut(
                **row_of(row[0], row.institution_name, row.project_name, day),
                **deadline_of(row[0].due_on, since[row[0].id], day),
                actions=steps_open_to(session, row[0], caller),
            )
            for row in page.rows
        ],
        next_cursor=page.next_cursor,
        total=count_rows(session, query.with_only_columns(Nomination.id)) if paging.total else None,
    )


def _bound(filters: Filters) -> dict[str, object]:
    """The filters as a cursor is bound to them."""
    return {name: getattr(filters, name) for name in Filters.__slots__}


@router.get("/whitelist/reasons", operation_id="get_whitelist_reasons", summary="退回和不予通过的理由代码")
@permits(Permission.READ_WHITELIST)
@reads
def get_reasons(session: Session) -> ReasonsOut:
    """The reasons in use today, each with the actions that it is for."""
    found = reasons_on(session, today())
    return ReasonsOut(items=[ReasonOut(code=one.code, label=one.label, used_for=one.used_for) for one in found])


@router.get(
    _ONE,
    operation_id="get_nomination",
    summary="一份推荐：经办过程、逐条准入条件和您现在可以办的事",
    responses=problem_responses(NominationNotFound),
)
@permits(Permission.READ_WHITELIST)
@reads
def get_one(
    session: Session, response: Response, caller: CalledBy, scope: InScope, nomination_id: NominationId
) -> NominationOut:
    """With every condition as it stands today, and as it stood at each step."""
    return _shown(session, response, get_nomination(session, nomination_id, scope), caller, scope)


def _shown(session: Session, response: Response, one: Nomination, caller: Caller, scope: Scope) -> NominationOut:
    day = today()
    steps = steps_of(session, one.id)
    set_etag(response, one.version)
    return NominationOut(
        **row_of(one, *names_of(session, one), day),
        **deadline_of(one.due_on, day_of_step(steps), day),
        actions=_open_actions(session, one, caller, day),
        steps=steps_out(steps, caller),
        criteria=criteria_out(session, assess(session, one, scope, day)),
    )


def _open_actions(session: Session, one: Nomination, caller: Caller, day: date) -> list[Action]:
    late = one.due_on is not None and day > one.due_on
    return [action for action in steps_open_to(session, one, caller) if not (late and action is Action.APPEAL)]


def _add_step(
    action: Action, summary: str, permission: Permission, endpoint: Callable[..., Any], *refusals: type[AppError]
) -> None:
    router.add_api_route(
        f"{_ONE}/actions/{action}",
        permits(permission)(writes_once(endpoint)),
        methods=["POST"],
        operation_id=f"{action}_nomination",
        name=f"{action}_nomination",
        summary=summary,
        responses=problem_responses(*_STEP_REFUSALS, *refusals),
    )


def _remarked(action: Action) -> Callable[..., NominationOut]:
    """The endpoint of a step that needs no reason."""

    def step(
        session: Session,
        response: Response,
        caller: CalledBy,
        scope: InScope,
        nomination_id: NominationId,
        body: RemarkIn,
        if_match: IfMatch = None,
    ) -> NominationOut:
        """The next state, with every condition as it was seen."""
        one = act(session, nomination_id, action, caller, scope, if_match, Said(note=body.note), now())
        return _shown(session, response, one, caller, scope)

    return step


def _reasoned(action: Action) -> Callable[..., NominationOut]:
    """The endpoint of a step that says why."""

    def step(
        session: Session,
        response: Response,
        caller: CalledBy,
        scope: InScope,
        nomination_id: NominationId,
        body: ReasonedIn,
        if_match: IfMatch = None,
    ) -> NominationOut:
        """The next state; reason and text stand in the step for good."""
        said = Said(body.reason_code, body.note)
        one = act(session, nomination_id, action, caller, scope, if_match, said, now())
        return _shown(session, response, one, caller, scope)

    return step


@router.post(
    f"{_ONE}/actions/appeal",
    operation_id="appeal_nomination",
    summary="对不予通过的结论申诉，由上一级处理（省级由另一人），每个结论只处理一次",
    responses=problem_responses(*_STEP_REFUSALS, AppealTooLate, AlreadyNominated),
)
@permits(Permission.NOMINATE)
@writes_once
def appeal(
    session: Session,
    response: Response,
    caller: CalledBy,
    scope: InScope,
    nomination_id: NominationId,
    body: GroundsIn,
    if_match: IfMatch = None,
) -> NominationOut:
    """Within the working days that count from the refusal."""
    said = Said(note=body.note)
    one = act(session, nomination_id, Action.APPEAL, caller, scope, if_match, said, now())
    return _shown(session, response, one, caller, scope)


_NOMINATE, _REVIEW = Permission.NOMINATE, Permission.REVIEW_NOMINATIONS
_add_step(Action.SUBMIT, "申报：交县级民政部门推荐", _NOMINATE, _remarked(Action.SUBMIT))
_add_step(Action.WITHDRAW, "列入名单前撤回", _NOMINATE, _remarked(Action.WITHDRAW))
_add_step(Action.RECOMMEND, "县级推荐；县级空缺时由市级代为办理", _REVIEW, _remarked(Action.RECOMMEND), CriteriaNotMet)
_add_step(Action.REVIEW, "市级审核通过", _REVIEW, _remarked(Action.REVIEW), CriteriaNotMet)
_add_step(Action.APPROVE, "省级批准，待编入批次", _REVIEW, _remarked(Action.APPROVE), CriteriaNotMet)
_add_step(Action.ALLOW, "申诉成立：原结论撤销，转下一步", _REVIEW, _remarked(Action.ALLOW), CriteriaNotMet)
_add_step(Action.RETURN, "退回补正，写明理由", _REVIEW, _reasoned(Action.RETURN), ReasonRefused)
_add_step(Action.REJECT, "不予通过，写明理由", _REVIEW, _reasoned(Action.REJECT), ReasonRefused)
_add_step(Action.DISMISS, "驳回申诉，写明理由", _REVIEW, _reasoned(Action.DISMISS), ReasonRefused)

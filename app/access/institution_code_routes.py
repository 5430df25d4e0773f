"""Over HTTP: codes that a bureau issues for an institution, and how their holder gets an account."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy.orm import Session

from app.access.accounts import LoginTaken
from app.access.audit.events import put_refused, source_of
from app.access.audit.record import record
from app.access.caller import CalledBy
from app.access.guesses import GuessedTooOften, count_guess, forgive
from app.access.institution_code_schemas import (
    InstitutionCodeListOut,
    InstitutionCodeOut,
    NewInstitutionCodeOut,
    RedeemedOut,
    RedeemIn,
)
from app.access.institution_codes import (
    ORDER,
    CodeNotLive,
    CodeRefused,
    InstitutionCodeNotFound,
    OwnerNotFound,
    Spokesperson,
    check_code,
    issue_code,
    redeem,
    revoke_code,
    select_codes,
)
from app.access.organisations import OrganisationClosed
from app.access.passwords import PasswordRefused, check_password, hash_password
from app.access.permissions import Permission, permits
from app.access.row_security import bind
from app.access.scope import FULL, InScope
from app.config import Settings
from app.http.clock import now
from app.http.installation import Configured
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import database_of, reads, writes, writing
from app.store.engine import Database
from app.store.pages import CursorRefused, count_rows
from app.store.tables import InstitutionCode

router = APIRouter(route_class=StrictRoute, tags=["institution-codes"])

_LIST = "/institutions/{institution_id}/codes"
InstitutionId = Annotated[UUID, Path(description="机构编号")]
# What is guessed at is one of all codes; guesses are counted by address, under a name that no login can be.
_GUESSER = "institution code"


def code_out(row: InstitutionCode) -> InstitutionCodeOut:
    """A code as it is shown in lists."""
    return InstitutionCodeOut.model_validate({name: getattr(row, name) for name in InstitutionCodeOut.model_fields})


@router.post(
    _LIST,
    operation_id="issue_institution_code",
    summary="给机构发一个代码，凭它开通该机构的账号；只显示一次",
    status_code=201,
    responses=problem_responses(OwnerNotFound),
)
@permits(Permission.ISSUE_CODES)
@writes
def post_code(
    session: Session, settings: Configured, caller: CalledBy, institution_id: InstitutionId
) -> NewInstitutionCodeOut:
    """To be handed over in person or on paper, once it is known who speaks for the institution."""
    made = issue_code(session, institution_id, caller, now(), settings.institution_code_days)
    return NewInstitutionCodeOut(**code_out(made.row).model_dump(), code=made.text)


@router.get(
    _LIST,
    operation_id="list_institution_codes",
    summary="发给一个机构的代码，新的在前；不含代码本身",
    responses=problem_responses(OwnerNotFound, CursorRefused),
)
@permits(Permission.ISSUE_CODES)
@reads
def list_all(session: Session, scope: InScope, paging: Paged, institution_id: InstitutionId) -> InstitutionCodeListOut:
    """Used and ended ones too."""
    query = select_codes(session, institution_id, scope)
    page = paging.pages.take(session, query, ORDER, paging.asked())
    paging.link(page.next_cursor)
    return InstitutionCodeListOut(
        items=[code_out(row[0]) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.post(
    f"{_LIST}/{{code_id}}/actions/revoke",
    operation_id="revoke_institution_code",
    summary="停用一个尚未使用的代码",
    responses=problem_responses(OwnerNotFound, InstitutionCodeNotFound, CodeNotLive),
)
@permits(Permission.ISSUE_CODES)
@writes
def post_revoke(
    session: Session,
    scope: InScope,
    institution_id: InstitutionId,
    code_id: Annotated[UUID, Path(description="代码的编号（不是代码本身）")],
) -> InstitutionCodeOut:
    """For one that was handed to the wrong person. A code has one change in its life, so it needs no version."""
    return code_out(revoke_code(session, institution_id, code_id, scope, now()))


@router.post(
    "/institution-codes/actions/redeem",
    operation_id="redeem_institution_code",
    summary="凭代码开通机构账号；无须登录",
    status_code=201,
    responses=problem_responses(CodeRefused, PasswordRefused, LoginTaken, OrganisationClosed, GuessedTooOften),
)
def post_redeem(
    request: Request,
    response: Response,
    database: Annotated[Database, Depends(database_of)],
    settings: Configured,
    body: RedeemIn,
) -> RedeemedOut:
    """Login, name and password are the holder's own choice; nobody else learns the password.

    Wrong codes slow their address down. A code is spent by the first who redeems it.
    """
    made = _redeemed(request, database, settings, body)
    response.headers["Location"] = f"/api/v1/users/{made.user_id}"
    return made


def _redeemed(request: Request, database: Database, settings: Settings, body: RedeemIn) -> RedeemedOut:
    """The password is hashed between two transactions: it takes long, and a writer would make all others wait.

    Raises GuessedTooOften, CodeRefused, PasswordRefused and what `redeem` raises.
    """
    check_password(body.password, settings, about=(body.login, body.name))
    guesser = f"{_GUESSER} {source_of(request).address}"
    with database.writing() as session:
        count_guess(session, guesser, guesser, now())
    try:
        with database.writing() as session:
            check_code(session, body.code, now())
            forgive(session, guesser)
        password_hash = hash_password(body.password, settings)
        with writing(database, request) as session:
            # Nobody has signed in, so that the transaction would see no institution; the code says which one it may.
            bind(session, FULL)
            return _opened(session, redeem(session, body, password_hash, now()))
    except CodeRefused as error:
        put_refused(database, request, error)
        raise


def _opened(session: Session, made: Spokesperson) -> RedeemedOut:
    record(session, object_type="account", object_id=made.account.id)
    return RedeemedOut(
        user_id=made.account.id,
        login=made.account.login,
        organisation_id=made.account.organisation_id,
        institution_id=made.institution_id,
        institution_name=made.institution_name,
    )

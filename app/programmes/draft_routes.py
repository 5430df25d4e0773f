"""Drafts of programmes: write, change, publish, withdraw."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import Session

from app.access.caller import CalledBy
from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.access.two_people import OwnDraft
from app.http.clock import now, today
from app.http.etags import IfMatch, VersionRequired, VersionStale, set_etag
from app.http.openapi import problem_responses
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes, writes_once
from app.programmes import answers, drafts, queries
from app.programmes.draft_schemas import (
    ProgrammeDraftChanges,
    ProgrammeDraftIn,
    ProgrammeDraftListOut,
    ProgrammeDraftOut,
    PublishedProgrammeOut,
)
from app.programmes.drafts import (
    DraftClosed,
    DraftNotFound,
    DraftStatus,
    NothingChanged,
    ProgrammeDraftExists,
    UnusableProgramme,
)
from app.store.tables import ProgrammeDraft, ProgrammeVersion

router = APIRouter(route_class=StrictRoute, tags=["programmes"])

ProgrammeSlug = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="政策代码，小写字母、数字和连字符，最多 64 个字符")
]
DraftId = Annotated[UUID, Path(description="草稿编号")]
_STALE = (DraftNotFound, DraftClosed, VersionRequired, VersionStale)


@router.get(
    "/programmes/{slug}/drafts",
    operation_id="list_programme_drafts",
    summary="一项扶持政策的草稿，含已发布和已撤回的",
)
@permits(Permission.READ_DRAFTS)
@reads
def list_programme_drafts(session: Session, scope: InScope, slug: ProgrammeSlug) -> ProgrammeDraftListOut:
    """Newest first; empty for a programme that nobody has written about."""
    drafts.check_province(scope)
    held = drafts.open_version(session, slug)
    return ProgrammeDraftListOut(items=[_draft_out(session, one, held) for one in drafts.list_drafts(session, slug)])


@router.post(
    "/programmes/{slug}/drafts",
    operation_id="add_programme_draft",
    summary="起草一项政策的新版本，或一项新政策",
    status_code=201,
    responses=problem_responses(ProgrammeDraftExists, UnusableProgramme),
)
@permits(Permission.WRITE_PROGRAMMES)
@writes
def add_programme_draft(
    session: Session, response: Response, caller: CalledBy, slug: ProgrammeSlug, asked: ProgrammeDraftIn
) -> ProgrammeDraftOut:
    """Checked like the seeds: rules by the fact catalogue, clauses, parameters and programmes by the library."""
    drafts.check_province(caller.scope)
    draft = drafts.add_draft(session, slug, asked.author, asked.document, asked.programme, caller, now())
    response.headers["Location"] = f"/api/v1/programmes/{slug}/drafts/{draft.id}"
    return _answer(session, response, draft)


@router.get(
    "/programmes/{slug}/drafts/{draft_id:uuid}",
    operation_id="get_programme_draft",
    summary="一份草稿",
    responses=problem_responses(DraftNotFound),
)
@permits(Permission.READ_DRAFTS)
@reads
def get_programme_draft(
    session: Session, response: Response, scope: InScope, slug: ProgrammeSlug, draft_id: DraftId
) -> ProgrammeDraftOut:
    """Its ETag is what a change of it has to name."""
    drafts.check_province(scope)
    return _answer(session, response, drafts.get_draft(session, slug, draft_id))


@router.patch(
    "/programmes/{slug}/drafts/{draft_id:uuid}",
    operation_id="change_programme_draft",
    summary="修改草稿",
    responses=problem_responses(*_STALE, UnusableProgramme),
)
@permits(Permission.WRITE_PROGRAMMES)
@writes
def change_programme_draft(
    session: Session,
    response: Response,
    caller: CalledBy,
    slug: ProgrammeSlug,
    draft_id: DraftId,
    asked: ProgrammeDraftChanges,
    if_match: IfMatch = None,
) -> ProgrammeDraftOut:
    """Replace some fields of an open draft."""
    drafts.check_province(caller.scope)
    draft = drafts.open_draft(session, slug, draft_id, if_match)
    drafts.change_draft(session, draft, asked.author, asked.document, asked.programme, caller, now())
    return _answer(session, response, draft)


@router.post(
    "/programmes/{slug}/drafts/{draft_id:uuid}/actions/publish",
    operation_id="publish_programme_draft",
    summary="发布草稿，取代现行版本",
    responses=problem_responses(*_STALE, NothingChanged, OwnDraft, UnusableProgramme),
)
@permits(Permission.WRITE_PROGRAMMES)
@writes_once
def publish_programme_draft(
    session: Session,
    response: Response,
    caller: CalledBy,
    slug: ProgrammeSlug,
    draft_id: DraftId,
    if_match: IfMatch = None,
) -> PublishedProgrammeOut:
    """From this instant the new version is on record; what was decided before can still be replayed."""
    drafts.check_province(caller.scope)
    draft = drafts.open_draft(session, slug, draft_id, if_match)
    drafts.publish_draft(session, draft, caller, now())
    day = today()
    detail = answers.programme_detail_out(
        queries.get_programme(session, slug),
        queries.read_parameters(session),
        day,
        queries.department_names(session, day),
    )
    return PublishedProgrammeOut(draft=_answer(session, response, draft), programme=detail)


@router.post(
    "/programmes/{slug}/drafts/{draft_id:uuid}/actions/withdraw",
    operation_id="withdraw_programme_draft",
    summary="撤回草稿",
    responses=problem_responses(*_STALE),
)
@permits(Permission.WRITE_PROGRAMMES)
@writes_once
def withdraw_programme_draft(
    session: Session,
    response: Response,
    scope: InScope,
    slug: ProgrammeSlug,
    draft_id: DraftId,
    if_match: IfMatch = None,
) -> ProgrammeDraftOut:
    """The draft is kept as it was, and another one may be written."""
    drafts.check_province(scope)
    draft = drafts.open_draft(session, slug, draft_id, if_match)
    drafts.withdraw_draft(draft, now())
    return _answer(session, response, draft)


def _answer(session: Session, response: Response, draft: ProgrammeDraft) -> ProgrammeDraftOut:
    set_etag(response, draft.revision)
    return _draft_out(session, draft, drafts.open_version(session, draft.slug))


def _draft_out(session: Session, draft: ProgrammeDraft, held: ProgrammeVersion | None) -> ProgrammeDraftOut:
    content = {name: value for name, value in draft.body.items() if name not in {"document", "slug"}}
    became = drafts.version_of(session, draft)
    before = {} if held is None else held.body
    changed = [name for name, value in draft.body.items() if name != "slug" and value != before.get(name)]
    return ProgrammeDraftOut(
        id=draft.id,
        slug=draft.slug,
        author=draft.author,
        status=DraftStatus(draft.status),
        revision=draft.revision,
        document=draft.body["document"],
        programme=content,
        changed=changed,
        in_force=None if held is None else held.version,
        version=None if became is None else became.version,
        created_at=draft.created_at,
        changed_at=draft.changed_at,
    )

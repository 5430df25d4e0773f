"""Attachments over HTTP: the body of the request is the file itself."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from app.access.permissions import Permission, permits
from app.access.scope import InScope
from app.errors import UnsupportedMediaType
from app.http.clock import now
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.unit_of_work import reads, writes
from app.institutions.answers import attachment_out
from app.institutions.attachments import attach, disposition, get_attachment, list_attachments
from app.institutions.files import KINDS
from app.institutions.refusals import AttachmentNotFound, AttachmentRefused, InstitutionNotFound
from app.institutions.routes import InstitutionId
from app.institutions.schemas import AttachmentListOut, AttachmentOut
from app.institutions.storage import Draft, Storage, chunks_of, draft_file, received
from app.store.pages import CursorRefused, Key, count_rows
from app.store.tables import Attachment

router = APIRouter(route_class=StrictRoute, tags=["institutions"])

_LIST: Final = "/institutions/{institution_id}/attachments"
_ORDER: Final = (Key(Attachment.id),)
_BINARY: Final[dict[str, Any]] = {kind.media_type: {"schema": {"type": "string", "format": "binary"}} for kind in KINDS}
# One entry for all: the type that a caller declares does not matter.
_ANY_BINARY: Final = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_CONTENT: Final[dict[int | str, dict[str, Any]]] = {200: {"description": "文件内容", "content": _BINARY}}
AttachmentId = Annotated[UUID, Path(description="附件编号")]
# No folder, no control sign, no blank at the ends, and an ending.
FileName = Annotated[
    str,
    Query(
        min_length=5,
        max_length=120,
        pattern=r'^[^\x00-\x20\x7f/\\:*?"<>|]([^\x00-\x1f\x7f/\\:*?"<>|]*)\.[A-Za-z]{3,4}$',
        description="文件名，以 .pdf、.jpg、.jpeg 或 .png 结尾",
        examples=["消防验收意见书.pdf"],
    ),
]


def use_storage(app: FastAPI, storage: Storage) -> None:
    """Let the attachments of `app` lie in `storage`."""
    app.state.storage = storage


async def _storage_of(request: Request) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


Stored = Annotated[Storage, Depends(_storage_of)]


async def _draft_of(request: Request, storage: Stored) -> AsyncIterator[Draft]:
    """The body on the disk, before a connection is taken; gone again unless it was kept."""
    if request.headers.get("content-type", "").startswith("multipart/"):
        raise UnsupportedMediaType("请直接以文件内容作为请求体，不要用表单（multipart）")
    with draft_file(storage) as file:
        yield await received(request.stream(), file)


Arrived = Annotated[Draft, Depends(_draft_of)]


@router.post(
    _LIST,
    operation_id="add_attachment",
    summary="上传附件：请求体就是文件内容（PDF、JPEG、PNG，最多 20 MB）",
    status_code=201,
    responses=problem_responses(InstitutionNotFound, AttachmentRefused),
    openapi_extra={"requestBody": {"required": True, "content": _ANY_BINARY}},
)
@permits(Permission.AMEND_REGISTRY)
@writes
def add(
    session: Session,
    response: Response,
    scope: InScope,
    institution_id: InstitutionId,
    name: FileName,
    storage: Stored,
    draft: Arrived,
) -> AttachmentOut:
    """The type is told from the content; the declared one does not matter."""
    key = attach(session, institution_id, name, draft, storage, scope, now())
    response.headers["Location"] = f"/api/v1/institutions/{institution_id}/attachments/{key}"
    return attachment_out(get_attachment(session, institution_id, key, scope))


@router.get(
    _LIST,
    operation_id="list_attachments",
    summary="一个机构的附件",
    responses=problem_responses(InstitutionNotFound, CursorRefused),
)
@permits(Permission.READ_FILES)
@reads
def list_all(session: Session, scope: InScope, paging: Paged, institution_id: InstitutionId) -> AttachmentListOut:
    """In the order in which they came."""
    query = list_attachments(session, institution_id, scope)
    page = paging.pages.take(session, query, _ORDER, paging.asked())
    paging.link(page.next_cursor)
    return AttachmentListOut(
        items=[attachment_out(row._mapping) for row in page.rows],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    _LIST + "/{attachment_id}",
    operation_id="get_attachment",
    summary="附件的说明",
    responses=problem_responses(InstitutionNotFound, AttachmentNotFound),
)
@permits(Permission.READ_FILES)
@reads
def get_one(
    session: Session, scope: InScope, institution_id: InstitutionId, attachment_id: AttachmentId
) -> AttachmentOut:
    """Name, type, size and hash."""
    return attachment_out(get_attachment(session, institution_id, attachment_id, scope))


@router.get(
    _LIST + "/{attachment_id}/content",
    operation_id="get_attachment_content",
    summary="下载附件",
    responses=_CONTENT | problem_responses(InstitutionNotFound, AttachmentNotFound),
    response_class=StreamingResponse,
)
@permits(Permission.READ_FILES)
@reads
def get_content(
    session: Session, scope: InScope, institution_id: InstitutionId, attachment_id: AttachmentId, storage: Stored
) -> StreamingResponse:
    """Always a download: nothing that somebody uploaded is shown inside the service's own pages."""
    row = get_attachment(session, institution_id, attachment_id, scope)
    headers = {
        "Content-Disposition": disposition(row["name"]),
        "Content-Length": str(row["size"]),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return StreamingResponse(chunks_of(storage.open(row["sha256"])), media_type=row["media_type"], headers=headers)

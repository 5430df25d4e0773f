"""Attachments: files of an institution, taken for what they are and served only through its scope."""

import re
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from app.access.scope import Scope
from app.errors import FieldError
from app.http.limits import LargerBody
from app.institutions.files import KINDS, FileKind
from app.institutions.queries import get_institution
from app.institutions.refusals import AttachmentNotFound, AttachmentRefused
from app.institutions.storage import Draft, Storage
from app.store.tables import Attachment
from app.store.types import new_key

MAX_BYTES: Final = 20 * 1024 * 1024
LARGER_BODY: Final = LargerBody("POST", re.compile(r".*/institutions/[^/]+/attachments"), MAX_BYTES)
_TABLE: Final = Attachment.__table__


def attach(
    session: Session, institution_id: UUID, name: str, draft: Draft, storage: Storage, scope: Scope, now: datetime
) -> UUID:
    """Keep a file and its description. Raises InstitutionNotFound or AttachmentRefused."""
    get_institution(session, institution_id, scope)
    kind = _checked_kind(name, draft)
    key = new_key()
    row = {
        "id": key,
        "institution_id": institution_id,
        "name": name,
        "media_type": kind.media_type,
        "size": draft.size,
        "sha256": draft.sha256,
        "created_at": now,
    }
    session.execute(insert(Attachment).values(row))
    # Before the commit: content that no row knows is harmless, a row without content is not.
    storage.keep(draft.path, draft.sha256)
    return key


def _checked_kind(name: str, draft: Draft) -> FileKind:
    if draft.kind is None:
        detail = "只接受完整的 PDF、JPEG 或 PNG 文件（按内容判断，与扩展名无关），请核对文件是否损坏或未传完"
        raise AttachmentRefused(detail, errors=(FieldError("", "unknown_content", detail),))
    if not name.lower().endswith(draft.kind.endings):
        detail = f"文件内容是 {draft.kind.media_type}，文件名应以 {' 或 '.join(draft.kind.endings)} 结尾"
        raise AttachmentRefused(detail, errors=(FieldError("/query/name", "wrong_ending", detail),))
    return draft.kind


def list_attachments(session: Session, institution_id: UUID, scope: Scope) -> Select[Any]:
    """The descriptions of an institution's files."""
    get_institution(session, institution_id, scope)
    return select(_TABLE).where(Attachment.institution_id == institution_id)


def get_attachment(session: Session, institution_id: UUID, key: UUID, scope: Scope) -> dict[str, Any]:
    """One description. Raises InstitutionNotFound or AttachmentNotFound."""
    query = list_attachments(session, institution_id, scope).where(Attachment.id == key)
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise AttachmentNotFound(f"该机构没有编号为 {key} 的附件")
    return dict(row)


def disposition(name: str) -> str:
    """Content-Disposition that saves the file under its name and never shows it in the page's origin (RFC 6266)."""
    ending = name[name.rfind(".") :].lower()
    plain = ending if ending in {one for kind in KINDS for one in kind.endings} else ""
    return f"attachment; filename=\"attachment{plain}\"; filename*=UTF-8''{quote(name, safe='')}"

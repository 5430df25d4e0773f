"""Programmes written over the API: a draft, and the version that it becomes. A new rule needs no developer.

A draft starts from the version in force, with some fields replaced, or from nothing where the programme is new.
It is checked whenever it is written, as the seeds are, and once more as it is published.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.caller import Caller
from app.access.scope import Scope, require_province
from app.access.two_people import check_second_person
from app.errors import Conflict, FieldError, NotFound, Unprocessable
from app.http.etags import check_version
from app.http.refusals import field_errors
from app.http.schemas import FIRST_DAY, LAST_DAY
from app.programmes.crosscheck import programme_complaints
from app.programmes.load import API, content_hash
from app.programmes.models import ProgrammeRecord
from app.programmes.queries import clause_labels, read_parameters
from app.store.tables import PolicyDocument, Programme, ProgrammeDraft, ProgrammeVersion

_AT: Final = "/programme"
_OWN: Final = ("slug", "document")


class DraftStatus(StrEnum):
    """Where a draft stands."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class DraftNotFound(NotFound):
    code = "draft_not_found"
    title = "没有这份草稿"


class ProgrammeDraftExists(Conflict):
    """A programme has at most one open draft."""

    code = "draft_exists"
    title = "已有一份草稿"


class DraftClosed(Conflict):
    """It was published or withdrawn."""

    code = "draft_closed"
    title = "草稿已发布或撤回"


class NothingChanged(Conflict):
    """The draft says what the version in force says."""

    code = "nothing_changed"
    title = "与现行版本相同"


class UnusableProgramme(Unprocessable):
    """A field or a rule that cannot be written down, or that the library does not know."""

    code = "programme_refused"
    title = "政策内容有误"


def check_province(scope: Scope) -> None:
    """Programmes hold in the whole province, and so their drafts are its own business. Raises Forbidden."""
    require_province(scope, "政策草稿由省级部门拟定和查看；如需修改政策，请报省级主管部门")


def list_drafts(session: Session, slug: str) -> Sequence[ProgrammeDraft]:
    """All drafts of a programme, newest first."""
    query = select(ProgrammeDraft).where(ProgrammeDraft.slug == slug)
    return session.scalars(query.order_by(ProgrammeDraft.id.desc())).all()


def get_draft(session: Session, slug: str, draft_id: UUID, *, lock: bool = False) -> ProgrammeDraft:
    """One draft; with `lock` nobody else changes it meanwhile. Raises DraftNotFound."""
    query = select(ProgrammeDraft).where(ProgrammeDraft.slug == slug, ProgrammeDraft.id == draft_id)
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise DraftNotFound("没有这份草稿，请核对政策代码和草稿编号")
    return found


def open_version(session: Session, slug: str) -> ProgrammeVersion | None:
    """The version in force of a programme, if it has one."""
    query = select(ProgrammeVersion).join(Programme).where(Programme.slug == slug)
    return session.scalars(query.where(ProgrammeVersion.recorded_to.is_(None))).one_or_none()


def version_of(session: Session, draft: ProgrammeDraft) -> ProgrammeVersion | None:
    """The version that a draft became."""
    return None if draft.version_id is None else session.get_one(ProgrammeVersion, draft.version_id)


def add_draft(
    session: Session,
    slug: str,
    author: str,
    document: str | None,
    changes: Mapping[str, Any],
    caller: Caller,
    now: datetime,
) -> ProgrammeDraft:
    """A new draft. Raises ProgrammeDraftExists or UnusableProgramme."""
    held = open_version(session, slug)
    body = _checked(session, slug, document, {} if held is None else held.body, changes)
    draft = ProgrammeDraft(slug=slug, author=author, status=DraftStatus.DRAFT.value, revision=1, body=body)
    draft.created_at = draft.changed_at = now
    draft.drafted_by = caller.account_id
    try:
        with session.begin_nested():
            session.add(draft)
    except IntegrityError:
        raise ProgrammeDraftExists("这项政策已有一份草稿，请修改它、发布它或先撤回它") from None
    return draft


def change_draft(
    session: Session,
    draft: ProgrammeDraft,
    author: str | None,
    document: str | None,
    changes: Mapping[str, Any],
    caller: Caller,
    now: datetime,
) -> None:
    """Replace some fields of an open draft. Raises UnusableProgramme."""
    draft.body = _checked(session, draft.slug, document, draft.body, changes)
    draft.author = author or draft.author
    # Whoever wrote last is the one that somebody else has to check.
    draft.drafted_by = caller.account_id
    _touch(draft, now)


def open_draft(session: Session, slug: str, draft_id: UUID, if_match: str | None) -> ProgrammeDraft:
    """A draft under a lock, at the revision that the caller knows. Raises DraftNotFound or DraftClosed."""
    draft = get_draft(session, slug, draft_id, lock=True)
    check_version(if_match, draft.revision)
    if draft.status != DraftStatus.DRAFT:
        raise DraftClosed("这份草稿已发布或撤回，不再改变；请另起一份草稿")
    return draft


def withdraw_draft(draft: ProgrammeDraft, now: datetime) -> None:
    """Give an open draft up."""
    draft.status = DraftStatus.WITHDRAWN.value
    _touch(draft, now)


def publish_draft(session: Session, draft: ProgrammeDraft, caller: Caller, now: datetime) -> ProgrammeVersion:
    """The draft becomes the version in force from `now`; the one before is closed and kept for replays.

    Raises OwnDraft, UnusableProgramme where the library has changed so that it no longer fits, or NothingChanged.
    """
    check_second_person(draft.drafted_by, caller)
    body = _checked(session, draft.slug, None, draft.body, {})
    record = _record(draft.slug, body)
    programme = _programme(session, draft.slug)
    latest = _latest(session, programme)
    if latest is not None and latest.recorded_to is None:
        if latest.content_hash == content_hash(body):
            raise NothingChanged("草稿与现行版本内容相同，无需发布；请修改后再发布，或撤回草稿")
        latest.recorded_to = now
        session.flush()  # At most one version is open; the new one must not meet the old one before it is closed.
    version = ProgrammeVersion(
        programme_id=programme.id,
        version=latest.version + 1 if latest else 1,
        recorded_from=now,
        content_hash=content_hash(body),
        territory=record.territory,
        force=record.force.value,
        confidence=record.confidence.value,
        valid_from=record.valid_from,
        valid_to=record.valid_to,
        body=body,
        origin=API,
    )
    session.add(version)
    session.flush()  # The draft names the version by its key.
    draft.body, draft.status, draft.version_id = body, DraftStatus.PUBLISHED.value, version.id
    draft.published_by = caller.account_id
    _touch(draft, now)
    return version


def _touch(draft: ProgrammeDraft, now: datetime) -> None:
    draft.changed_at = now
    draft.revision += 1


def _programme(session: Session, slug: str) -> Programme:
    """The programme under a lock; made where it is new. Two that make it at once are told apart by its slug."""
    query = select(Programme).where(Programme.slug == slug).with_for_update()
    found = session.scalars(query).one_or_none()
    if found is None:
        found = Programme(slug=slug)
        try:
            with session.begin_nested():
                session.add(found)
        except IntegrityError:
            return session.scalars(query).one()
    return found


def _latest(session: Session, programme: Programme) -> ProgrammeVersion | None:
    query = select(ProgrammeVersion).where(ProgrammeVersion.programme_id == programme.id)
    return session.scalars(query.order_by(ProgrammeVersion.version.desc()).limit(1)).one_or_none()


def _checked(
    session: Session, slug: str, document: str | None, base: Mapping[str, Any], changes: Mapping[str, Any]
) -> dict[str, Any]:
    """The body with the changes, as it is stored. Raises UnusableProgramme with a pointer to every complaint."""
    named = document or base.get("document")
    if named is None or session.scalar(select(PolicyDocument.id).where(PolicyDocument.slug == named)) is None:
        raise _refused([FieldError("/document", "unknown_document", "要写明所属文件的代码，可先查看政策文件列表")])
    if own := [name for name in _OWN if name in changes]:
        raise _refused([FieldError(f"{_AT}/{name}", "not_here", "代码和所属文件不写在这里") for name in own])
    record = _record(slug, {**base, **changes})
    if far := [name for name, day in _days(record) if day is not None and not FIRST_DAY <= day <= LAST_DAY]:
        raise _refused([FieldError(f"{_AT}/{name}", "date_range", _range()) for name in far])
    slugs = {*session.scalars(select(Programme.slug)), slug}
    complaints = programme_complaints(record, named, set(clause_labels(session)), slugs, read_parameters(session))
    found = [FieldError("/".join((_AT, *map(str, steps))), "does_not_fit", reason) for steps, reason in complaints]
    if found:
        raise _refused(found)
    return {**record.model_dump(mode="json", by_alias=True), "document": named}


def _record(slug: str, body: Mapping[str, Any]) -> ProgrammeRecord:
    """Strictly as JSON: a day is an ISO text, a flag is true or false, a decimal is exact."""
    content = {**{name: value for name, value in body.items() if name != "document"}, "slug": slug}
    try:
        # The reader of requests hands decimals over as Decimal, which are written as text.
        return ProgrammeRecord.model_validate_json(json.dumps(content, default=str), strict=True)
    except ValidationError as error:
        problems = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        found = field_errors(problems, content)
        raise _refused([FieldError(_AT + one.pointer, one.code, one.detail) for one in found]) from None


def _days(record: ProgrammeRecord) -> list[tuple[str, date | None]]:
    return [
        ("valid_from", record.valid_from),
        ("valid_to", record.valid_to),
        ("unconfirmed_from", record.unconfirmed_from),
        ("relations/superseded_on", record.relations.superseded_on),
    ]


def _range() -> str:
    return f"日期须在 {FIRST_DAY} 到 {LAST_DAY} 之间"


def _refused(errors: Sequence[FieldError]) -> UnusableProgramme:
    return UnusableProgramme(errors[0].detail, errors=tuple(errors))

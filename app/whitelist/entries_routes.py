"""The list over HTTP: as it stood on a day, one entry, what is done to it, what changed, and what anybody may see."""

from collections.abc import Callable
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.orm import Session

from app.access.caller import CalledBy
from app.access.permissions import Permission, permits
from app.access.scope import InScope, Scope
from app.access.sight import sight_of
from app.errors import NotSeeded
from app.http.clock import now, today
from app.http.etags import IfMatch, VersionRequired, VersionStale, set_etag
from app.http.instants import Instant
from app.http.openapi import problem_responses
from app.http.paging import Paged
from app.http.routing import StrictRoute
from app.http.schemas import IsoDate
from app.http.unit_of_work import reads, writes_once
from app.store.pages import CursorRefused, count_rows
from app.store.tables import WhitelistEntry
from app.whitelist import entries_queries as queries
from app.whitelist.entries_answers import change_out, entry_row_out, event_out, public_entry_out, seen_snapshot
from app.whitelist.entries_schemas import (
    ActIn,
    ChangesOut,
    EntryListOut,
    EntryOut,
    Kind,
    PublicBatchOut,
    PublicListOut,
    SubjectKind,
)
from app.whitelist.entries_service import Act, act_on
from app.whitelist.entry_states import EntryAction, EntryState
from app.whitelist.nominations import ReasonRefused
from app.whitelist.printing.content import NOTICE
from app.whitelist.refusals import EntryNotFound, EntryStands, SamePerson, TooEarlyToRenew

router = APIRouter(route_class=StrictRoute, tags=["whitelist"])

EntryId = Annotated[UUID, Path(description="名单条目编号")]
_ONE: Final = "/whitelist/entries/{entry_id}"
Region = Annotated[
    str | None, Query(pattern="^[1-9][0-9]([0-9]{2}([0-9]{2})?)?$", description="区划代码或其前 2、4 位")
]
Subject = Annotated[SubjectKind | None, Query(description="只看机构或只看项目")]
Kinds = Annotated[list[Kind] | None, Query(max_length=20, description="机构类别，可写多个，符合其一即可")]
Search = Annotated[
    str | None, Query(min_length=2, max_length=60, description="名称中的字、拼音、拼音首字母，或信用代码")
]


@router.get(
    "/whitelist/entries",
    operation_id="list_entries",
    summary="任何一天的名单；缺省为今天在册的",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_ENTRIES)
@reads
def list_all(
    session: Session,
    scope: InScope,
    paging: Paged,
    as_of: Annotated[IsoDate | None, Query(description="哪一天的名单，缺省为今天")] = None,
    known_at: Annotated[Instant | None, Query(description="按当时已有的记录，带时区；缺省为现在")] = None,
    state: Annotated[
        list[EntryState] | None, Query(max_length=4, description="当天的状态，可写多个；缺省为 listed")
    ] = None,
    region: Region = None,
    subject: Subject = None,
    kind: Kinds = None,
    q: Search = None,
) -> EntryListOut:
    """An act takes effect on the day on which it is done, so that the list of a past day stays what it was."""
    day = as_of or today()
    states = tuple(one.value for one in (state or [EntryState.LISTED]))
    filters = queries.Filters(region, subject, tuple(kind or ()), q)
    query = queries.select_entries(scope, day, known_at, states, filters)
    asked = paging.asked(as_of=day, known_at=known_at, state=states, region=region, subject=subject, kind=kind, q=q)
    page = paging.pages.take(session, query, queries.LIST_ORDER, asked)
    paging.link(page.next_cursor)
    return EntryListOut(
        as_of=day,
        items=[entry_row_out(entry, number, then, until) for entry, number, then, until, *_ in map(tuple, page.rows)],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


@router.get(
    _ONE,
    operation_id="get_entry",
    summary="一个条目：经过和列入时的事实",
    responses=problem_responses(EntryNotFound),
)
@permits(Permission.READ_ENTRIES)
@reads
def get_one(session: Session, response: Response, scope: InScope, entry_id: EntryId) -> EntryOut:
    """Today's state; from banks the facts that need a consent are kept back without one."""
    return _shown(session, response, queries.get_entry(session, entry_id, scope), scope)


_SUMMARIES: Final = {
    EntryAction.SUSPEND: "暂停，立即生效",
    EntryAction.REINSTATE: "恢复，由暂停人以外的人办理",
    EntryAction.REMOVE: "移出已暂停的，由暂停人以外的人办理",
    EntryAction.RENEW: "到期前续期，由上次办理人以外的人办理",
}


def _acting(action: EntryAction) -> Callable[..., EntryOut]:
    @permits(Permission.KEEP_LIST)
    @writes_once
    def act(
        session: Session,
        response: Response,
        caller: CalledBy,
        entry_id: EntryId,
        body: ActIn,
        if_match: IfMatch = None,
    ) -> EntryOut:
        """It takes effect today. A removal begins with a suspension, so that two people stand behind it."""
        wanted = Act(action, body.reason_code, body.document_number, body.note)
        entry = act_on(session, entry_id, wanted, if_match, caller, now(), today())
        return _shown(session, response, entry, caller.scope)

    return act


for _action, _summary in _SUMMARIES.items():
    router.post(
        f"{_ONE}/actions/{_action}",
        operation_id=f"{_action}_entry",
        summary=_summary,
        responses=problem_responses(
            *(EntryNotFound, EntryStands, SamePerson, TooEarlyToRenew, ReasonRefused),
            *(VersionRequired, VersionStale, NotSeeded),
        ),
    )(_acting(_action))


@router.get(
    "/whitelist/changes",
    operation_id="list_changes",
    summary="名单的增量，按发生的次序",
    responses=problem_responses(CursorRefused),
)
@permits(Permission.READ_ENTRIES)
@reads
def list_changes(session: Session, scope: InScope, paging: Paged) -> ChangesOut:
    """Numbered in the order of the commits: whoever goes on from the cursor misses nothing and sees nothing twice."""
    asked = paging.asked(scope=scope.region_prefix)
    page = paging.pages.take(session, queries.select_changes(scope), queries.CHANGES_ORDER, asked)
    paging.link(page.next_cursor)
    changes = [change_out(event, entry) for event, entry, *_ in map(tuple, page.rows)]
    last = page.rows[-1][0].sequence if page.rows else None
    start = paging.pages.after([0], asked.bound)
    cursor = paging.pages.after([last], asked.bound) if last is not None else asked.cursor or start
    return ChangesOut(items=changes, cursor=cursor, more=page.next_cursor is not None)


@router.get(
    "/whitelist/public",
    operation_id="list_public_entries",
    summary="公众查询：今天在册的名单，只含公布的内容",
    responses=problem_responses(CursorRefused),
)
@reads
def list_public(
    session: Session,
    paging: Paged,
    region: Region = None,
    subject: Subject = None,
    kind: Kinds = None,
    q: Search = None,
    batch: Annotated[str | None, Query(max_length=60, description="只看一批，批次的文号")] = None,
) -> PublicListOut:
    """What the published batches print, without the money that is wanted, of those that stand on the list today."""
    day = today()
    query = queries.select_public(day, queries.Filters(region, subject, tuple(kind or ()), q, batch))
    asked = paging.asked(region=region, subject=subject, kind=kind, q=q, batch=batch)
    page = paging.pages.take(session, query, queries.LIST_ORDER, asked)
    paging.link(page.next_cursor)
    return PublicListOut(
        as_of=day,
        notice=NOTICE,
        batches=[
            PublicBatchOut(number=number, published_on=on) for number, on in queries.list_public_batches(session, day)
        ],
        items=[public_entry_out(entry, number) for entry, number, *_ in map(tuple, page.rows)],
        next_cursor=page.next_cursor,
        total=count_rows(session, query) if paging.total else None,
    )


def _shown(session: Session, response: Response, entry: WhitelistEntry, scope: Scope) -> EntryOut:
    set_etag(response, entry.version)
    # Whether or not it was marked yet, what has ended has ended.
    ended = entry.state in {EntryState.LISTED, EntryState.SUSPENDED} and entry.valid_to <= today()
    state = EntryState.EXPIRED.value if ended else entry.state
    frozen = queries.find_snapshot(session, entry, scope)
    sight = sight_of(session, entry.institution_id, scope)
    snapshot, shown, masked = (None, [], []) if frozen is None else seen_snapshot(frozen, sight)
    sight.note(session, entry.institution_id, shown)
    return EntryOut(
        **entry_row_out(entry, queries.batch_number(session, entry), state, entry.valid_to).model_dump(),
        nomination_id=entry.nomination_id,
        batch_id=entry.batch_id,
        events=[event_out(one) for one in queries.list_events(session, entry)],
        snapshot=snapshot,
        masked=masked,
    )

"""From requests to events: one for each unit of work that wrote, for each thing shown that counts, for each refusal."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from fastapi import Request
from sqlalchemy.orm import Session

from app.access.audit.capture import Changes, changes_of, shown, watch
from app.access.audit.record import Happening, happenings
from app.access.audit.trail import DONE, REFUSED, Deed, Source, append
from app.access.caller import NOBODY, Caller
from app.access.credentials import CredentialInAddress, CredentialRefused, key_named_by
from app.access.row_security import bind
from app.errors import AppError
from app.http.tracing import trace_id_of
from app.store.engine import Database
from app.store.types import new_key

# What an event is about: its kind and its id.
Object = tuple[str | None, str | None]
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORBIDDEN: Final = 403
_REFUSALS_OF_WRITES: Final = frozenset({404, 409, 412, 422, 428})


def source_of(request: Request) -> Source:
    """Who sends the request, and from where."""
    caller: Caller = getattr(request.state, "caller", NOBODY)
    address = request.client.host if request.client else "unknown"
    return _source(caller, trace_id_of(request.scope), address)


def _source(caller: Caller, request_id: str, address: str) -> Source:
    return Source(
        account_id=caller.account_id,
        account_name=caller.account_name,
        organisation_id=caller.organisation_id,
        organisation_name=caller.organisation_name,
        region_code=caller.region_code,
        credential=caller.credential,
        request_id=request_id,
        address=address,
    )


def put_done(session: Session, request: Request) -> None:
    """The one event of a unit of work that wrote: its first happening, or its operation, with all that it changed."""
    session.flush()  # What is still to be written is to be seen, and to be refused, before the trail is.
    append(session, source_of(request), _deed(session, _operation(request), _addressed(request)))


def put_shown(database: Database, session: Session, request: Request) -> None:
    """What a unit of work that read has said of itself: an event each, committed before the answer leaves."""
    said = happenings(session)
    if not said:
        return
    source, address = source_of(request), _addressed(request)
    with database.writing() as writing:
        for one in said:
            kind, key = _named(one, address)
            append(writing, source, Deed(one.action or _operation(request), DONE, kind, key, detail=shown_detail(one)))


def put_refused(database: Database, request: Request, error: AppError) -> None:
    """A refused attempt, in a transaction of its own. A key that was not let in is named by its public part."""
    said: dict[str, Any] = {"code": error.code, "status": error.status}
    if isinstance(error, CredentialRefused) and (key := key_named_by(request)) is not None:
        said["key"] = key
    with database.writing() as session:
        append(session, source_of(request), Deed(_operation(request), REFUSED, *_addressed(request), detail=said))


def is_recorded(request: Request, error: AppError) -> bool:
    """Whether a refusal is an event: whoever may not do it, and every refused write of somebody known.

    A failed sign-in records itself; a question about something that is not there is no attempt at anything.
    """
    if error.status == _FORBIDDEN or isinstance(error, CredentialInAddress):
        return True
    known = getattr(request.state, "caller", NOBODY).account_id is not None
    return known and error.status in _REFUSALS_OF_WRITES and request.method not in _SAFE


@contextmanager
def writing_as_service(database: Database, action: str, address: str = "local") -> Iterator[Session]:
    """A transaction of the command line, which is one event of the service itself."""
    watch(database)
    source = _source(replace(NOBODY, credential="command-line"), new_key().hex, address)
    with database.writing() as session:
        yield session
        session.flush()  # As above.
        append(session, source, _deed(session, action, (None, None)))


@contextmanager
def writing_for(database: Database, caller: Caller, action: str, request_id: str, address: str) -> Iterator[Session]:
    """A transaction of work that goes on after its request: bound to whoever asked for it, and one event of theirs."""
    watch(database)
    with database.writing() as session:
        bind(session, caller.scope)
        yield session
        session.flush()  # As above.
        append(session, _source(caller, request_id, address), _deed(session, action, (None, None)))


def _deed(session: Session, operation: str, address: Object) -> Deed:
    changes = changes_of(session)
    first, *others = happenings(session) or [Happening()]
    detail = shown_detail(first)
    if changes.unlisted:
        detail["unlisted_rows"] = changes.unlisted
    if others:
        detail["also"] = [_told(one) for one in others]
    named = _named(first, _changed(changes) or address)
    return Deed(first.action or operation, DONE, *named, changes=changes.rows, detail=detail)


def _named(said: Happening, otherwise: Object) -> Object:
    """The object of an event: as it was said, else the first row that changed, else what the address names."""
    if said.object_type is not None or said.object_id is not None:
        return said.object_type, said.object_id
    return otherwise


def _changed(changes: Changes) -> tuple[str, str] | None:
    return next(((row["table"], row["key"]) for row in changes.rows), None)


def _addressed(request: Request) -> Object:
    """The last thing that the address names: /institutions/{institution_id}/needs/{need_id}/actions/… a need."""
    named: Mapping[str, Any] = request.scope.get("path_params") or {}
    ids = [(name.removesuffix("_id"), str(value)) for name, value in named.items() if name.endswith("_id")]
    others = [(name, str(value)) for name, value in named.items()]
    return [(None, None), *others[:1], *ids][-1]


def _told(said: Happening) -> dict[str, Any]:
    told = {"action": said.action, "object_type": said.object_type, "object_id": said.object_id}
    return {**told, "detail": shown_detail(said)}


def shown_detail(said: Happening) -> dict[str, Any]:
    """The detail in terms of JSON, without floats."""
    return {str(name): shown(value) for name, value in said.detail.items()}


def _operation(request: Request) -> str:
    """The operation id, which is stable; a page of the console has its method and path."""
    route = request.scope.get("route")
    named: str | None = getattr(route, "operation_id", None)
    return named or f"{request.method} {getattr(route, 'path', request.url.path)}"

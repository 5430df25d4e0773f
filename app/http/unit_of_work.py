"""One unit of work wraps the endpoint call: opened, used, committed and closed in the endpoint's own thread.

    @router.get("/policies", operation_id="list_policies")
    @reads
    def list_policies(session: Session, …) -> PolicyListOut: ...

The answer is built inside and serialised after the commit, so no failed commit follows a 200. FastAPI's `yield`
dependencies do neither: their exits run in other threads and, by default, after the response was sent.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar, cast

import anyio.to_thread
from fastapi import Depends, FastAPI, Request, Response
from sqlalchemy.orm import Session

from app.errors import AppError, Forbidden
from app.http.clock import now
from app.http.gate import gate_of
from app.http.idempotency import Keyed, earlier_answer, keep, key_missing
from app.store.engine import Database

P = ParamSpec("P")
R = TypeVar("R")

_SESSION = "session"
# Only FastAPI sees these parameters; they cannot meet an endpoint's own.
_DATABASE = "_unit_of_work_database"
_REQUEST = "_unit_of_work_request"
_REPLAYS = "replays"
# How the OpenAPI document knows which operations take a key, and which need one.
NEEDS_KEY = "__yinqiao_needs_key__"


def use_database(app: FastAPI, database: Database) -> None:
    """Let the endpoints of `app` work on `database`."""
    app.state.database = database


async def database_of(request: Request) -> Database:
    """The database of the running app. Async, so that FastAPI resolves it without a thread hop of its own."""
    database: Database = request.app.state.database
    return database


def limit_threads(threads: int) -> None:
    """Bound the threads that run endpoints to `threads`; to be called in the event loop, as the app starts."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = threads


@contextmanager
def reading(database: Database, request: Request) -> Iterator[Session]:
    """A read-only transaction of a request, bound to its caller. For endpoints that stream; others are `@reads`."""
    gate = gate_of(request)
    try:
        with database.reading() as session:
            if gate is not None:
                gate.enter(session, request)
            yield session
        if gate is not None:
            gate.left_reading(session, request)
    except Forbidden as error:
        if gate is not None:
            gate.refused(request, error)
        raise


@contextmanager
def writing(database: Database, request: Request) -> Iterator[Session]:
    """A transaction of a request, bound to its caller, which commits unless the block raises."""
    gate = gate_of(request)
    try:
        with database.writing() as session:
            if gate is not None:
                gate.enter(session, request)
            yield session
            # An answer that is given again was put on record the first time.
            if gate is not None and _REPLAYS not in session.info:
                gate.leave(session, request)
    except AppError as error:
        if gate is not None:
            gate.refused(request, error)
        raise


def reads(endpoint: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Give the endpoint's first parameter, `session`, a read-only transaction."""

    def unit_of_work(database: Database, request: Request, *args: P.args, **kwargs: P.kwargs) -> R:
        with reading(database, request) as session:
            return endpoint(session, *args, **kwargs)

    return _seen_by_fastapi(endpoint, unit_of_work)


def writes(endpoint: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Give the endpoint's first parameter, `session`, a transaction that commits unless the endpoint raises.

    A request with an Idempotency-Key is done once and answered as often as it is sent.
    """
    return _writes(endpoint, needs_key=False)


def writes_once(endpoint: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """The same for an action that moves state or money: without an Idempotency-Key it is refused."""
    return _writes(endpoint, needs_key=True)


def _writes(endpoint: Callable[Concatenate[Session, P], R], *, needs_key: bool) -> Callable[P, R]:
    def unit_of_work(database: Database, request: Request, *args: P.args, **kwargs: P.kwargs) -> R:
        keyed: Keyed | None = getattr(request.state, "keyed", None)
        if needs_key and keyed is None:
            raise key_missing()
        with writing(database, request) as session:
            if keyed is None:
                return endpoint(session, *args, **kwargs)
            earlier = earlier_answer(session, keyed)
            if earlier is not None:
                session.info[_REPLAYS] = True
                return cast(R, earlier)
            answer = endpoint(session, *args, **kwargs)
            return cast(R, keep(session, keyed, answer, cast(Response | None, kwargs.get("response")), now()))

    wrapped = _seen_by_fastapi(endpoint, unit_of_work)
    setattr(wrapped, NEEDS_KEY, needs_key)
    return wrapped


def _seen_by_fastapi(endpoint: Callable[Concatenate[Session, P], R], work: Callable[..., R]) -> Callable[P, R]:
    @wraps(endpoint)
    def unit_of_work(*args: P.args, **kwargs: P.kwargs) -> R:
        return work(kwargs.pop(_DATABASE), kwargs.pop(_REQUEST), *args, **kwargs)

    # FastAPI asks inspect.signature what to pass: the database and the request in place of the session.
    unit_of_work.__signature__ = _signature_for_fastapi(endpoint)  # type: ignore[attr-defined]
    return unit_of_work


def _signature_for_fastapi(endpoint: Callable[..., Any]) -> inspect.Signature:
    signature = inspect.signature(endpoint, eval_str=True)
    first, *others = signature.parameters.values()
    if first.name != _SESSION or inspect.iscoroutinefunction(endpoint):
        raise TypeError(f"{endpoint.__name__} must be a plain def whose first parameter is `session`")
    keyword_only = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in others]
    database = inspect.Parameter(
        _DATABASE, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[Database, Depends(database_of)]
    )
    request = inspect.Parameter(_REQUEST, inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    return signature.replace(parameters=[*keyword_only, database, request])

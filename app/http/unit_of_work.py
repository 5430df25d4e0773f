"""One unit of work wraps the endpoint call: opened, used, committed and closed in the endpoint's own thread.

    @router.get("/policies", operation_id="list_policies")
    @reads
    def list_policies(session: Session, …) -> PolicyListOut: ...

The answer is built inside and serialised after the commit, so no failed commit follows a 200. FastAPI's `yield`
dependencies do neither: their exits run in other threads and, by default, after the response was sent.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar, cast

import anyio.to_thread
from fastapi import Depends, FastAPI, Request
from sqlalchemy.orm import Session

from app.errors import AppError
from app.http.gate import gate_of
from app.store.engine import Database

P = ParamSpec("P")
R = TypeVar("R")

_SESSION = "session"
# Only FastAPI sees these parameters; they cannot meet an endpoint's own.
_DATABASE = "_unit_of_work_database"
_REQUEST = "_unit_of_work_request"


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
    with database.reading() as session:
        if gate is not None:
            gate.enter(session, request)
        yield session
    if gate is not None:
        gate.left_reading(session, request)


@contextmanager
def writing(database: Database, request: Request) -> Iterator[Session]:
    """A transaction of a request, bound to its caller, which commits unless the block raises."""
    gate = gate_of(request)
    try:
        with database.writing() as session:
            if gate is not None:
                gate.enter(session, request)
            yield session
            if gate is not None:
                gate.leave(session, request)
    except AppError as error:
        if gate is not None:
            gate.refused(request, error)
        raise


def reads(endpoint: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Give the endpoint's first parameter, `session`, a read-only transaction."""
    return _wrapped(endpoint, reading)


def writes(endpoint: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Give the endpoint's first parameter, `session`, a transaction that commits unless the endpoint raises."""
    return _wrapped(endpoint, writing)


def _wrapped(
    endpoint: Callable[Concatenate[Session, P], R],
    begin: Callable[[Database, Request], AbstractContextManager[Session]],
) -> Callable[P, R]:
    @wraps(endpoint)
    def unit_of_work(*args: P.args, **kwargs: P.kwargs) -> R:
        database, request = cast(Database, kwargs.pop(_DATABASE)), cast(Request, kwargs.pop(_REQUEST))
        with begin(database, request) as session:
            return endpoint(session, *args, **kwargs)

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

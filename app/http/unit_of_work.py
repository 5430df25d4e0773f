"""One unit of work wraps the endpoint call: opened, used, committed and closed in the endpoint's own thread.

    @router.get("/policies", operation_id="list_policies")
    @reads
    def list_policies(session: Session, …) -> PolicyListOut: ...

The answer is built inside and serialised after the commit, so no failed commit follows a 200. FastAPI's `yield`
dependencies do neither: their exits run in other threads and, by default, after the response was sent.
"""

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar, cast

import anyio.to_thread
from fastapi import Depends, FastAPI, Request
from sqlalchemy.orm import Session

from app.store.engine import Database

P = ParamSpec("P")
R = TypeVar("R")

_SESSION = "session"
# Only FastAPI sees this parameter; it cannot meet an endpoint's own.
_DATABASE = "_unit_of_work_database"


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


def reads(endpoint: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Give the endpoint's first parameter, `session`, a read-only transaction."""
    return _wrapped(endpoint, Database.reading)


def writes(endpoint: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Give the endpoint's first parameter, `session`, a transaction that commits unless the endpoint raises."""
    return _wrapped(endpoint, Database.writing)


def _wrapped(
    endpoint: Callable[Concatenate[Session, P], R], begin: Callable[[Database], AbstractContextManager[Session]]
) -> Callable[P, R]:
    @wraps(endpoint)
    def unit_of_work(*args: P.args, **kwargs: P.kwargs) -> R:
        with begin(cast(Database, kwargs.pop(_DATABASE))) as session:
            return endpoint(session, *args, **kwargs)

    # FastAPI asks inspect.signature what to pass: the database in place of the session.
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
    return signature.replace(parameters=[*keyword_only, database])

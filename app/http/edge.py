"""All of the edge in one call, in the one order that works."""

from collections.abc import Sequence

from fastapi import FastAPI

from app.http.head import HeadMiddleware
from app.http.limits import BodyLimitMiddleware, LargerBody
from app.http.openapi import declare_problems
from app.http.problems import install_problem_handlers
from app.http.tracing import TraceMiddleware


def install_edge(app: FastAPI, *, body_limit: int, larger: Sequence[LargerBody] = ()) -> None:
    """Give `app` trace ids, HEAD, the body limit, problems for every error and their declaration in its OpenAPI."""
    install_problem_handlers(app)
    # The last one added is the outermost: a refused body has a trace id too, and none where HEAD was asked.
    app.add_middleware(BodyLimitMiddleware, limit=body_limit, larger=larger)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(TraceMiddleware)
    declare_problems(app)

"""All of the edge in one call, in the one order that works."""

from collections.abc import Sequence

from fastapi import FastAPI

from app.http.access_log import AccessLogMiddleware
from app.http.head import HeadMiddleware
from app.http.limits import BodyLimitMiddleware, LargerBody
from app.http.metrics import Metrics, MetricsMiddleware, use_metrics
from app.http.openapi import declare_problems
from app.http.problems import install_problem_handlers
from app.http.tracing import TraceMiddleware


def install_edge(app: FastAPI, *, body_limit: int, larger: Sequence[LargerBody] = (), body_seconds: float = 60) -> None:
    """Give `app` trace ids, HEAD, limits of the body, metrics, a log, and problems for every error and in OpenAPI."""
    install_problem_handlers(app)
    metrics = Metrics()
    use_metrics(app, metrics)
    # The last one added is the outermost: a refused body has a trace id too, and is counted and logged with it; it has
    # none where HEAD was asked.
    app.add_middleware(BodyLimitMiddleware, limit=body_limit, larger=larger, seconds=body_seconds)
    app.add_middleware(HeadMiddleware)
    app.add_middleware(AccessLogMiddleware)
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    app.add_middleware(TraceMiddleware)
    declare_problems(app)

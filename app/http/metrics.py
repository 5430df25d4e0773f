"""What the service counts about itself, for Prometheus: by operation and status, never by address, key or value."""

import time
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.store.engine import Database

router = APIRouter(tags=["health"])

_UNKNOWN: Final = "none"
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The counters of one application, in a registry of their own, so that two applications do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ["operation", "status"]
        self.requests = Counter("yinqiao_requests_total", "请求数", names, registry=self.registry)
        self.seconds = Histogram(
            "yinqiao_request_seconds", "请求用时（秒）", ["operation"], buckets=_BUCKETS, registry=self.registry
        )
        self.under_way = Gauge("yinqiao_requests_under_way", "正在处理的请求数", registry=self.registry)
        self.connections = Gauge("yinqiao_database_connections_in_use", "在用的数据库连接数", registry=self.registry)


class MetricsMiddleware:
    """Counts every request by the operation that answered it; an address that is none of ours is `none`."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, started = "500", time.perf_counter()

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        with self.metrics.under_way.track_inprogress():
            try:
                await self.app(scope, receive, send_counted)
            finally:
                operation = operation_of(scope)
                self.metrics.requests.labels(operation, status).inc()
                self.metrics.seconds.labels(operation).observe(time.perf_counter() - started)


def operation_of(scope: Scope) -> str:
    """The operation that answered a request, by its fixed id."""
    return str(getattr(scope.get("route"), "operation_id", None) or _UNKNOWN)


def use_metrics(app: FastAPI, metrics: Metrics) -> None:
    """Let `/metrics` of `app` tell `metrics`."""
    app.state.metrics = metrics


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="运行指标（Prometheus 文本格式）；请只对内网开放",
    response_class=Response,
    responses={200: {"description": "运行指标", "content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def get_metrics(request: Request) -> Response:
    """Counts since the process started."""
    metrics: Metrics = request.app.state.metrics
    database: Database = request.app.state.database
    metrics.connections.set(database.connections_in_use())
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

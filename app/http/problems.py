"""Errors as RFC 9457 problem documents in Chinese: application/problem+json, one shape for every non-2xx answer."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match
from starlette.types import Scope

from app.errors import (
    AppError,
    BadRequest,
    MethodNotAllowed,
    NotFound,
    NotMigrated,
    PayloadTooLarge,
    RequestTimeout,
    StoreUnavailable,
    TooManyRequests,
    Unauthenticated,
    Unprocessable,
    UnsupportedMediaType,
)
from app.http.refusals import REFUSED, field_errors
from app.http.tracing import mark, trace_id_of
from app.store.engine import is_transient, is_unmigrated

PROBLEM_MEDIA_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:yinqiao:problem:"
_RETRY_AFTER_SECONDS = "1"

_log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One refused value and what to write instead."""

    model_config = ConfigDict(extra="forbid")

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """The body of every non-2xx answer. `code` is stable; `title` and `detail` are for people."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldProblem]
    trace_id: str


def problem_response(error: AppError, scope: Scope, *, status: int | None = None) -> Response:
    """The answer to `error`; `status` differs from the error's own only for plain HTTP statuses without a fact."""
    problem = Problem(
        type=_TYPE_PREFIX + error.code,
        title=error.title,
        status=status or error.status,
        detail=error.detail,
        code=error.code,
        errors=[FieldProblem(pointer=e.pointer, code=e.code, detail=e.detail) for e in error.errors],
        trace_id=trace_id_of(scope),
    )
    return JSONResponse(problem.model_dump(), status_code=problem.status, media_type=PROBLEM_MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every exception of `app` with a problem."""
    for kind in (AppError, RequestValidationError, HTTPException, OperationalError, ProgrammingError, PoolTimeout):
        app.add_exception_handler(kind, _on_known)
    app.add_exception_handler(Exception, _on_unexpected)


async def _on_known(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        return _on_http_exception(request, error)
    if isinstance(error, RequestValidationError):
        refused = field_errors(error.errors(), error.body)
        return problem_response(Unprocessable(REFUSED, errors=refused), request.scope)
    if isinstance(error, AppError):
        return _refusal(error, request.scope)
    if isinstance(error, DBAPIError) and is_unmigrated(error):
        return _with_retry(
            problem_response(NotMigrated("数据库结构不是当前版本，请先运行 yinqiao migrate"), request.scope)
        )
    if isinstance(error, DBAPIError) and not is_transient(error):
        return await _on_unexpected(request, error)
    return _on_store_unavailable(request, error)


def _with_retry(response: Response) -> Response:
    """Whoever is told that the service is not ready is told when to ask again."""
    if response.status_code == StoreUnavailable.status:
        response.headers["Retry-After"] = _RETRY_AFTER_SECONDS
    return response


def _refusal(error: AppError, scope: Scope) -> Response:
    response = _with_retry(problem_response(error, scope))
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = 'Bearer realm="yinqiao"'
    return response


def _on_http_exception(request: Request, error: HTTPException) -> Response:
    response = problem_response(_fact_of(error), request.scope, status=error.status_code)
    response.headers.update(error.headers or {})
    if error.status_code == MethodNotAllowed.status:
        response.headers["Allow"] = ", ".join(sorted(allowed_methods(request)))
    return response


def _on_store_unavailable(request: Request, error: Exception) -> Response:
    _log.error("store unavailable", trace_id=trace_id_of(request.scope), exc_info=error)
    return _with_retry(problem_response(StoreUnavailable("数据库繁忙或无法连接，请稍后重试"), request.scope))


async def _on_unexpected(request: Request, error: Exception) -> Response:
    """The caller learns the trace id and nothing else; the log has the rest."""
    trace_id = trace_id_of(request.scope)
    _log.error("unexpected error", trace_id=trace_id, exc_info=error)
    response = problem_response(AppError(f"服务出现意外错误，请凭编号 {trace_id} 联系管理员"), request.scope)
    # Starlette answers this one outside of every other middleware.
    mark(MutableHeaders(raw=response.raw_headers), trace_id)
    return response


def _fact_of(error: HTTPException) -> AppError:
    """Starlette knows a status only; the English text it carries is not for our readers."""
    match error.status_code:
        case 400:
            return BadRequest("请求无法读取，请检查请求体的格式")
        case 404:
            return NotFound("没有这个地址，请核对路径")
        case 405:
            return MethodNotAllowed("此地址不支持该方法，可用的方法见 Allow 响应头")
        case 408:
            return RequestTimeout(error.detail)
        case 413:
            return PayloadTooLarge(error.detail)
        case 415:
            return UnsupportedMediaType("请求体须为 JSON，请将 Content-Type 设为 application/json")
        case status:
            return _PlainStatus(status)


class _PlainStatus(AppError):
    """A status that the framework chose and for which we have no fact."""

    code = "http_error"
    title = "请求未能完成"

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status} {HTTPStatus(status).phrase}")


def allowed_methods(request: Request) -> set[str]:
    """The methods of all routes that share the request's path; the framework names only those of the first."""
    allowed: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            allowed |= route.methods or set()
    return allowed | {"HEAD"} if "GET" in allowed else allowed

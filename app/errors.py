"""What can go wrong, as typed facts that any floor may raise and the edge turns into an answer.

AppError                     500  internal_error
├── BadRequest               400  bad_request             the request cannot be read
│   └── UnreadableJson       400  unreadable_json         … because its body is not acceptable JSON
├── Unauthenticated          401  unauthenticated         nobody, or not who they say
├── Forbidden                403  forbidden               somebody, but not allowed to do this
├── NotFound                 404  not_found               no such thing, or not for this caller
├── MethodNotAllowed         405  method_not_allowed
├── Conflict                 409  conflict                the state does not allow the action
├── RequestTimeout           408  request_timeout         the body did not arrive in time
├── PayloadTooLarge          413  payload_too_large
├── UnsupportedMediaType     415  unsupported_media_type
├── TooManyRequests          429  too_many_requests       … and when to come again
├── Unprocessable            422  refused_values          readable, but a value is refused
└── StoreUnavailable         503  store_unavailable       the database is busy or away
    ├── NotMigrated          503  not_migrated            … or its tables are not those of this program
    └── NotSeeded            503  not_seeded              … or they are, and hold no policies yet

A room names its own facts below these (`class PolicyNotFound(NotFound): code = "policy_not_found"`).
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One refused value: RFC 6901 pointer into the request, stable snake_case code, Chinese advice on what to write."""

    pointer: str
    code: str
    detail: str


class AppError(Exception):
    """A refusal with a stable `code`, an HTTP `status`, a short Chinese `title` and a Chinese `detail`."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "服务内部错误"

    def __init__(self, detail: str, *, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class BadRequest(AppError):
    """The request cannot be read."""

    status = 400
    code = "bad_request"
    title = "请求无法读取"


class UnreadableJson(BadRequest):
    """The body is not JSON that we are willing to read."""

    code = "unreadable_json"
    title = "请求体不是可读的 JSON"


class Unauthenticated(AppError):
    """Nobody has signed in, or what was shown is not (or no longer) valid."""

    status = 401
    code = "unauthenticated"
    title = "需要登录"


class Forbidden(AppError):
    """The caller is known, and may not do this."""

    status = 403
    code = "forbidden"
    title = "没有权限"


class NotFound(AppError):
    """No such thing, or none that this caller may know of."""

    status = 404
    code = "not_found"
    title = "未找到"


class MethodNotAllowed(AppError):
    """The address exists; the method does not."""

    status = 405
    code = "method_not_allowed"
    title = "不支持的请求方法"


class Conflict(AppError):
    """The present state does not allow the action."""

    status = 409
    code = "conflict"
    title = "当前状态不允许此操作"


class RequestTimeout(AppError):
    """The body did not arrive in time."""

    status = 408
    code = "request_timeout"
    title = "请求超时"


class PayloadTooLarge(AppError):
    """The body is longer than the configured limit."""

    status = 413
    code = "payload_too_large"
    title = "请求体过大"


class UnsupportedMediaType(AppError):
    """The body is of a kind that the address does not read."""

    status = 415
    code = "unsupported_media_type"
    title = "不支持的内容类型"


class TooManyRequests(AppError):
    """Too often; `retry_after` says in how many seconds it is worth asking again."""

    status = 429
    code = "too_many_requests"
    title = "请求过于频繁"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Unprocessable(AppError):
    """The request is readable, but a value is refused; `errors` says which."""

    status = 422
    code = "refused_values"
    title = "内容未通过校验"


class StoreUnavailable(AppError):
    """The database is busy or away; the same request may succeed later."""

    status = 503
    code = "store_unavailable"
    title = "数据库暂不可用"


class NotMigrated(StoreUnavailable):
    """The database is reachable, but its tables are not those of this program."""

    code = "not_migrated"
    title = "数据库结构不是当前版本"


class NotSeeded(StoreUnavailable):
    """The tables are there and empty: whoever asks would learn that no programme exists."""

    code = "not_seeded"
    title = "数据库尚未装入政策"

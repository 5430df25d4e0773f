"""A request with an Idempotency-Key is done once, however often it is sent: the first answer is kept and given again.

The answer is written in the transaction of the change, so that after a crash either both are there or neither is.
Same key and same request: the first answer, marked `Idempotent-Replayed`; same key and another request: 422; the first
one still under way: 409 on PostgreSQL, while SQLite, which has one writer at a time, waits for it and gives its answer.
A refusal changes nothing and is not kept: whoever mends the cause may use the same key.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import Request, Response
from pydantic import BaseModel, PlainSerializer, SerializationInfo
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.errors import BadRequest, Conflict, FieldError, Unprocessable
from app.store.tables import IdempotentAnswer

HEADER: Final = "Idempotency-Key"
# What changes something. A PATCH whose answer was lost would otherwise be told that somebody else had changed it.
CHANGES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
REPLAYED: Final = "Idempotent-Replayed"
# Retries come within minutes; two days let a weekend's queue drain.
KEPT_FOR: Final = timedelta(days=2)
_WELL_FORMED: Final = re.compile(r"[\x21-\x7e]{1,255}")
_LOCK_BYTES: Final = 8
_JSON: Final = "application/json"
_KEPT: Final = "kept"


def _unless_kept(secret: str, info: SerializationInfo) -> str | None:
    return None if info.context == _KEPT else secret


# A new key or password in an answer. It leaves once and is nowhere kept: an answer that is given again has null.
ShownOnce = Annotated[str, PlainSerializer(_unless_kept, return_type=str | None)]


class KeyMissing(BadRequest):
    """This action moves state or money, and a connection may break before its answer arrives."""

    code = "idempotency_key_required"
    title = "缺少幂等键"


class KeyMalformed(BadRequest):
    """The key is empty, too long, or not visible ASCII."""

    code = "idempotency_key_malformed"
    title = "幂等键格式不对"


class KeyReused(Unprocessable):
    """The key belongs to an earlier request that was another one."""

    code = "idempotency_key_reused"
    title = "幂等键已用于另一请求"


class RequestInFlight(Conflict):
    """The first request with this key is still being done."""

    code = "request_in_flight"
    title = "同一请求正在处理"


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request with its key: whose it is (opaque here), what it asks, and the status that success would have."""

    caller: str
    key: str
    fingerprint: str
    status: int

    @property
    def lock(self) -> int:
        """A number for PostgreSQL's advisory locks."""
        digest = hashlib.sha256(f"{self.caller}\0{self.key}".encode()).digest()
        return int.from_bytes(digest[:_LOCK_BYTES], signed=True)


async def keyed_request(request: Request, status: int, *, has_json: bool) -> Keyed | None:
    """The key of a request that changes something, if it has one. Raises KeyMalformed.

    An upload is streamed to its disk and told apart by its length; every other body by its bytes.
    """
    key = request.headers.get(HEADER)
    if request.method not in CHANGES or key is None:
        return None
    if _WELL_FORMED.fullmatch(key) is None:
        raise KeyMalformed(f"{HEADER} 须为 1 到 255 个可见的 ASCII 字符，如一个 UUID；每个新操作用一个新的键")
    body = await request.body() if has_json else request.headers.get("content-length", "").encode()
    asked = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    asked.update(body)
    return Keyed(getattr(request.state, "caller_key", ""), key, asked.hexdigest(), status)


def key_missing() -> KeyMissing:
    """The refusal of an action without a key."""
    return KeyMissing(
        f"此操作须带请求头 {HEADER}：为每次操作生成一个新值（如 UUID），断线重发时用同一个值，以免办理两次"
    )


def earlier_answer(session: Session, keyed: Keyed) -> Response | None:
    """The answer that was given to this request before. Raises KeyReused or RequestInFlight."""
    if session.get_bind().dialect.name == "postgresql" and not session.scalar(
        select(func.pg_try_advisory_xact_lock(keyed.lock))
    ):
        raise RequestInFlight("带有同一幂等键的请求正在处理，请稍后用同一个键重发")
    found = session.get(IdempotentAnswer, (keyed.caller, keyed.key))
    if found is None:
        return None
    if found.fingerprint != keyed.fingerprint:
        refused = FieldError(f"/header/{HEADER}", KeyReused.code, "换一个新的键，或原样重发原来的请求")
        raise KeyReused("这个幂等键已用于另一个请求", errors=(refused,))
    response = Response(found.body, found.status)
    response.raw_headers = [(name.encode(), value.encode()) for name, value in found.headers]
    response.headers[REPLAYED] = "true"
    return response


def keep(session: Session, keyed: Keyed, answer: Any, headers: Response | None, at: datetime) -> Response:
    """The answer as it leaves, kept for whoever sends the request again."""
    response, kept = _as_response(answer, keyed.status), _as_response(answer, keyed.status, context=_KEPT)
    if headers is not None:
        response.headers.update(headers.headers)
        kept.headers.update(headers.headers)
    session.add(
        IdempotentAnswer(
            caller=keyed.caller,
            key=keyed.key,
            fingerprint=keyed.fingerprint,
            status=kept.status_code,
            headers=[[name.decode("latin-1"), value.decode("latin-1")] for name, value in kept.raw_headers],
            body=bytes(kept.body),
            created_at=at,
        )
    )
    session.execute(delete(IdempotentAnswer).where(IdempotentAnswer.created_at < at - KEPT_FOR))
    return response


def _as_response(answer: Any, status: int, context: str | None = None) -> Response:
    if isinstance(answer, Response):
        return answer
    if answer is None:
        return Response(status_code=status)
    if not isinstance(answer, BaseModel):
        raise TypeError(f"an endpoint that writes answers with a schema, not with {type(answer).__name__}")
    return Response(answer.model_dump_json(by_alias=True, context=context), status, media_type=_JSON)

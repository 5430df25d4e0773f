"""The route class of every router: asks the gate who calls, then reads query and JSON strictly before FastAPI does."""

from collections.abc import Callable, Coroutine
from email.message import Message
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import Request, Response, params
from fastapi.routing import APIRoute

from app.errors import BadRequest, UnsupportedMediaType
from app.http.gate import gate_of
from app.http.idempotency import keyed_request
from app.http.queries import DeclaredQuery
from app.http.strict_json import read_json


class StrictRequest(Request):
    """A request whose `json()` is the strict reader's, read once."""

    _json: Any

    async def json(self) -> Any:
        """The body. Raises UnsupportedMediaType or UnreadableJson."""
        if not hasattr(self, "_json"):
            _check_media_type(self)
            self._json = read_json(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """`APIRouter(route_class=StrictRoute)`: refusals of the body reach the problem handlers as they are.

    FastAPI turns every exception of its own body reading into one English 400, hence the reading beforehand. It also
    passes over a parameter that nobody declared and takes the last of two values: a misspelt filter would silently
    filter nothing.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind a request that was already read."""
        handler = super().get_route_handler()
        declared = DeclaredQuery.of(self.dependant)
        takes_json = self.body_field is not None and not isinstance(self.body_field.field_info, params.Form)

        async def read_then_handle(request: Request) -> Response:
            _refuse_nul(request)
            strict = StrictRequest(request.scope, request.receive)
            if (gate := gate_of(request)) is not None:
                await gate.admit(strict, self)
            declared.check(request.query_params)
            if takes_json and await strict.body():
                await strict.json()
            request.state.keyed = await keyed_request(strict, self.status_code or HTTPStatus.OK, has_json=takes_json)
            return await handler(strict)

        return read_then_handle


def _check_media_type(request: Request) -> None:
    header = Message()
    header["content-type"] = request.headers.get("content-type", "application/octet-stream")
    subtype = header.get_content_subtype()
    if header.get_content_maintype() != "application" or not (subtype == "json" or subtype.endswith("+json")):
        raise UnsupportedMediaType("请求体须为 JSON，请将 Content-Type 设为 application/json")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("请求体不接受压缩编码，请去掉 Content-Encoding")


def _refuse_nul(request: Request) -> None:
    # PostgreSQL refuses U+0000 in text with an error that would otherwise surface as a 500.
    if "\x00" in request.scope["path"] or b"\x00" in unquote_to_bytes(request.scope["query_string"]):
        raise BadRequest("地址中不能含有空字符 U+0000")

"""What the service asks of others over HTTP: in a bounded time, with a bounded answer, and of nobody else.

    document = object_of(ask("GET", address, transport).raise_for_status())

Redirects are not followed, and neither proxies nor logins are taken from the environment: a request goes where the
installation says, or nowhere. Others may be slow, broken or taken over; what they answer must not cost our memory.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

import httpx

# A provider's keys and documents are a few kilobytes.
MOST_BYTES: Final = 1_048_576
# Between two chunks; and for the whole answer, however many chunks it comes in.
SECONDS: Final = 5.0
WHOLE_SECONDS: Final = 15.0


class AnswerRefused(httpx.TransportError):
    """The answer is too long, too slow as a whole, compressed (few bytes may be a great many), or not what was asked.

    Also where an address that somebody else's document names is none.
    """


def ask(method: str, address: Any, transport: httpx.BaseTransport | None = None, **request: Any) -> httpx.Response:
    """One request with httpx's own arguments; `transport` is the network unless a test brings its own.

    Raises httpx.HTTPError alone, AnswerRefused among them.
    """
    try:
        with _client(transport) as client:
            return client.request(method, address, **request)
    except (httpx.InvalidURL, TypeError) as error:
        raise AnswerRefused("not an address") from error


def object_of(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer. Raises AnswerRefused for anything else."""
    try:
        read = answer.json()
    except (ValueError, RecursionError) as error:
        raise AnswerRefused("not JSON") from error
    if not isinstance(read, dict):
        raise AnswerRefused("not a JSON object")
    return read


def _client(transport: httpx.BaseTransport | None) -> httpx.Client:
    return httpx.Client(
        transport=_Bounded(transport or httpx.HTTPTransport(trust_env=False)),
        timeout=SECONDS,
        headers={"Accept-Encoding": "identity"},
        trust_env=False,
        follow_redirects=False,
    )


class _Bounded(httpx.BaseTransport):
    """Another transport, whose answers are given up where they grow beyond their bounds."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        until = time.monotonic() + WHOLE_SECONDS
        response = self._inner.handle_request(request)
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            response.close()
            raise AnswerRefused("compressed", request=request)
        stream = _BoundedStream(response, request, until)
        return httpx.Response(
            response.status_code, headers=response.headers, stream=stream, extensions=response.extensions
        )

    def close(self) -> None:
        self._inner.close()


class _BoundedStream(httpx.SyncByteStream):
    def __init__(self, response: httpx.Response, request: httpx.Request, until: float) -> None:
        self._response, self._request, self._until = response, request, until

    def __iter__(self) -> Iterator[bytes]:
        length = 0
        for chunk in cast(Iterable[bytes], self._response.stream):
            length += len(chunk)
            if length > MOST_BYTES:
                raise AnswerRefused("too long", request=self._request)
            if time.monotonic() > self._until:
                raise AnswerRefused("too slow", request=self._request)
            yield chunk

    def close(self) -> None:
        self._response.close()

"""What every list over HTTP shares: its page parameters, the cutter of pages, and the link to the next page."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request, Response

from app.store.pages import DEFAULT_SIZE, MAX_SIZE, PageAsked, Pages

Cursor = Annotated[str | None, Query(max_length=2_000, description="上一页给出的 next_cursor，原样填写")]
PageSize = Annotated[int, Query(ge=1, le=MAX_SIZE, description=f"每页条数，最多 {MAX_SIZE}")]
Total = Annotated[bool, Query(description="是否同时给出总数 total；要数完全部符合的条目")]


def use_pages(app: FastAPI, secret: str) -> None:
    """Let the lists of `app` sign their cursors with `secret`."""
    app.state.pages = Pages(secret)


class Paging:
    """The page that a request asks for, and how to answer where the next one is."""

    def __init__(self, request: Request, response: Response, cursor: str | None, size: int, total: bool) -> None:
        self.pages: Pages = request.app.state.pages
        self.total = total
        self._request, self._response = request, response
        self._cursor, self._size = cursor, size

    def asked(self, **filters: object) -> PageAsked:
        """The page, its cursor bound to the address and to these filters (JSON values)."""
        bound: Mapping[str, object] = {"path": self._request.url.path, **filters}
        return PageAsked(bound, self._cursor, self._size)

    def link(self, next_cursor: str | None) -> None:
        """Write the Link header of RFC 8288 where there is a next page."""
        if next_cursor is not None:
            address = self._request.url.include_query_params(cursor=next_cursor)
            self._response.headers["Link"] = f'<{address.path}?{address.query}>; rel="next"'


async def paging_of(
    request: Request,
    response: Response,
    cursor: Cursor = None,
    page_size: PageSize = DEFAULT_SIZE,
    total: Total = False,
) -> Paging:
    """Async, so that FastAPI resolves it without a thread hop of its own."""
    return Paging(request, response, cursor, page_size, total)


Paged = Annotated[Paging, Depends(paging_of)]

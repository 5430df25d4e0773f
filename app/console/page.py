"""One page: what it asks the API, how it is shown, and what becomes of it where the API refuses.

    router = APIRouter(route_class=PageRoute, include_in_schema=False)

    @router.get("/register", operation_id="page_register")
    @permits(Permission.READ_REGISTRY)
    async def register(page: Opened) -> Response:
        found = await page.get("/institutions", page_size=20)
        return await page.show("civil_affairs/register.html", found=found)

    @router.post("/register/new", operation_id="page_add_institution")
    @permits(Permission.REGISTER)
    @shown_by(new)
    async def add(page: Opened) -> Response:
        answer = await page.send("POST", "/institutions", FORM.read(page.typed))
        return page.go(f"/register/{answer.body['id']}", done="registered")

What the API refuses never reaches the second line: `new` is shown again, with what was typed and what is wrong with it.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse

from app.access.caller import NOBODY, Caller
from app.access.credentials import COOKIE
from app.access.same_origin import CSRF_FIELD, FORM, ForeignOrigin, check_origin, check_token, masked_token
from app.config import Settings
from app.console.drawing import render
from app.console.forms import FormError, Typed, errors_of, read_form
from app.console.inside import Answer, Inside
from app.console.menus import home_of, menu_of
from app.console.words import DONE
from app.errors import AppError, NotFound, Unauthenticated
from app.http.gate import Gate, gate_of
from app.http.headers import POLICY_HEADER
from app.http.tracing import trace_id_of

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
SIGN_IN: Final = "/login"
# What is passed on with a file. A printed list brings a policy that admits its own style; whatever brings none, and
# what somebody uploaded above all, is shown in no origin.
_OF_FILES: Final = ("content-type", "content-disposition", "content-security-policy")
_FILE_HEADERS: Final = {
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-store",
}
# Written by the page into every form; what is typed has none of them.
VERSION_FIELD: Final = "version"
KEY_FIELD: Final = "idempotency_key"
RESUME_FIELD: Final = "resume"
LARGE_COOKIE: Final = "yinqiao-type"


class Refused(Exception):
    """The API answered a page with a problem that the page itself does not deal with."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Page:
    """A request for a page, by whom, and what was typed into its form; empty where nothing was."""

    request: Request
    caller: Caller
    settings: Settings
    inside: Inside
    typed: Typed = field(default_factory=Typed)
    errors: tuple[FormError, ...] = ()
    problem: Mapping[str, Any] | None = None

    async def get(self, path: str, **query: Any) -> Any:
        """What the API answers to a GET. Raises Refused."""
        return (await self.read(path, **query)).body

    async def read(self, path: str, **query: Any) -> Answer:
        """The same with its headers, for what is going to be changed. Raises Refused."""
        answer = await self.inside.ask(self.request, "GET", path, query=query)
        if answer.is_refusal:
            raise Refused(answer)
        return answer

    async def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """Anything that a page deals with itself, be it refused or not: the answer as it is."""
        return await self.inside.ask(self.request, method, path, body=body, query=query)

    async def send(
        self, method: str, path: str, body: Any = None, content: bytes | None = None, **query: Any
    ) -> Answer:
        """A change, with the version and the key that stand in the form. Raises Refused."""
        version, key = self.typed.one(VERSION_FIELD), self.typed.one(KEY_FIELD)
        answer = await self.inside.ask(
            self.request, method, path, body=body, content=content, query=query, version=version, key=key
        )
        if answer.is_refusal:
            raise Refused(answer)
        return answer

    def refused(self, answer: Answer) -> "Page":
        """This page again, with what was typed and what is wrong with it."""
        return replace(self, errors=errors_of(answer.body), problem=answer.body)

    def wrong(self, error: FormError, problem: Mapping[str, Any]) -> "Page":
        """The same for one thing that is wrong."""
        return replace(self, errors=(error,), problem=problem)

    async def show(self, template: str, status: int = HTTPStatus.OK, **values: Any) -> Response:
        """The page; 422 or the API's own status where it shows what is wrong."""
        if self.problem is not None:
            status = self.problem["status"]
        return _html(await run_in_threadpool(render, template, {**self._common(), **values}), status)

    def file(self, answer: Answer) -> Response:
        """A file as the API gave it: its type, its name, and the policy by which a browser may show it."""
        headers = {name: answer.headers[name] for name in _OF_FILES if name in answer.headers}
        return Response(answer.content, answer.status, {**_FILE_HEADERS, **headers})

    def go(self, path: str, done: str | None = None) -> Response:
        """To another page, which says what was done. `done` is a key of DONE."""
        if done is not None and done not in DONE:
            raise KeyError(done)
        separator = "&" if "?" in path else "?"
        target = path if done is None else f"{path}{separator}{urlencode({'done': done})}"
        return RedirectResponse(target, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})

    def _common(self) -> dict[str, Any]:
        query = self.request.query_params
        return {
            "page": self,
            "path": self.request.url.path,
            "caller": self.caller,
            "signed_in": self.caller is not NOBODY,
            "menu": menu_of(self.caller),
            "home": home_of(self.caller),
            "is_large": self.request.cookies.get(LARGE_COOKIE) == "large",
            "is_demo": self.settings.demo,
            "csrf_token": _token_of(self.request),
            "new_key": lambda: str(uuid4()),
            "done": DONE.get(query.get("done", "")),
            "query": query,
            "typed": self.typed,
            "errors": self.errors,
            "problem": self.problem,
        }


# Refusals that belong to the form: what was typed does not do, or the thing has changed meanwhile.
_MENDABLE: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)


def _token_of(request: Request) -> str:
    from_cookie = request.cookies.get(COOKIE)
    return "" if from_cookie is None else masked_token(from_cookie)


def _html(text: str, status: int) -> Response:
    # Kept by the browser alone, so that Back brings back what was typed; signing out tells it to forget.
    headers = {
        POLICY_HEADER: CONTENT_POLICY,
        "Cache-Control": "private, no-cache",
        "Vary": "Cookie",
        "Referrer-Policy": "same-origin",
    }
    return HTMLResponse(text, status, headers)


async def page_of(request: Request) -> Page:
    """The page that a request is for. Its form, if it has one, was read by the route."""
    state = request.app.state
    return Page(request, request.state.caller, state.settings, state.inside, getattr(request.state, "typed", Typed()))


Opened = Annotated[Page, Depends(page_of)]
Shown = Callable[..., Coroutine[Any, Any, Response]]
SHOWN_BY: Final = "__yinqiao_shown_by__"


def shown_by(form: Shown) -> Callable[[Shown], Shown]:
    """Declare the page whose form an endpoint takes: it is shown again where the API refuses what was typed.

    It gets the page and what stands in the address, by the same names.
    """

    def declare(endpoint: Shown) -> Shown:
        setattr(endpoint, SHOWN_BY, form)
        return endpoint

    return declare


class PageRoute(APIRoute):
    """The route class of pages: asks the gate who calls, reads the form, refuses foreign ones, and shows what is wrong.

    No page can forget to check where a form came from: every method but GET is checked here.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind all of this."""
        handler = super().get_route_handler()

        async def show(request: Request) -> Response:
            try:
                return await self._admitted(request, handler)
            except Refused as refused:
                return await self._refused(request, refused.answer)
            except AppError as error:
                return await _refusal(request, _problem_of(error, request))
            finally:
                # A file that was sent lies on the disk until its form is closed.
                await request.close()

        return show

    async def _admitted(
        self, request: Request, handler: Callable[[Request], Coroutine[Any, Any, Response]]
    ) -> Response:
        request.state.caller = NOBODY
        await self._let_in(request)
        if request.method == "POST":
            request.state.typed = await read_form(request)
            if COOKIE in request.cookies:
                check_token(request, request.state.typed.one(CSRF_FIELD))
        form: Shown | None = getattr(self.endpoint, SHOWN_BY, None)
        if form is not None and request.state.typed.one(RESUME_FIELD):
            return await form(await page_of(request), **request.path_params)
        return await handler(request)

    async def _refused(self, request: Request, answer: Answer) -> Response:
        form: Shown | None = getattr(self.endpoint, SHOWN_BY, None)
        if form is None or answer.status not in _MENDABLE:
            return await _refusal(request, answer.body)
        try:
            return await form((await page_of(request)).refused(answer), **request.path_params)
        except Refused as again:
            # What was typed decides what the form has to ask for, and that was refused as well.
            return await _refusal(request, again.answer.body)

    async def _let_in(self, request: Request) -> None:
        """Ask the gate, and where the form comes from, before any of it is read: a stranger fills no disk."""
        gate = gate_of(request)
        try:
            if gate is not None:
                await gate.admit(request, self)
        except Unauthenticated:
            # Whose session has just ended has typed it for nothing, unless it goes along to the door.
            if request.method == "POST" and _is_short(request):
                await check_origin(request)
                request.state.typed = await read_form(request)
            raise
        if request.method == "POST":
            await self._check_origin(request, gate)

    async def _check_origin(self, request: Request, gate: Gate | None) -> None:
        try:
            await check_origin(request)
        except ForeignOrigin as error:
            if gate is not None:
                await run_in_threadpool(gate.refused, request, error)
            raise


def _is_short(request: Request) -> bool:
    """A form of text, which the common limit bounds; no file."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM


def _problem_of(error: AppError, request: Request) -> dict[str, Any]:
    return {
        "status": error.status,
        "title": error.title,
        "detail": error.detail,
        "code": error.code,
        "errors": [],
        "trace_id": trace_id_of(request.scope),
    }


async def _refusal(request: Request, problem: Mapping[str, Any]) -> Response:
    """To the door, where nobody is signed in any more; else a page that says what is wrong and what to do."""
    page = await page_of(request)
    if problem["status"] != Unauthenticated.status:
        return await page.show("problem.html", problem["status"], refusal=problem)
    if request.method == "GET":
        return page.go(f"{SIGN_IN}?{urlencode({'next': _address(request)})}")
    # What was typed goes through the door along with whoever signs in again.
    return await page.show("resume_sign_in.html", problem["status"], target=request.url.path, kept=page.typed.kept())


async def missing(request: Request) -> Response:
    """The page that says that there is none at this address. Nobody has been let in: it shows nothing of anybody."""
    request.state.caller = NOBODY
    return await _refusal(request, _problem_of(NotFound("没有这个页面，请检查网址，或从首页进入"), request))


def _address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def local(target: str | None) -> str | None:
    """An address of this console, or None: nobody is sent elsewhere after signing in."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    parts = urlsplit(target)
    return target if not parts.netloc and not parts.scheme else None

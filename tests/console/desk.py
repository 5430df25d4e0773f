"""Somebody at a desk: pages over HTTP as a browser without scripts asks for them, with their forms filled in and sent.

desk = sign_in(town, town.people.county)
shown = desk.get("/affairs")
done = shown.form("/affairs/register/new").send(name="虚构养老院")
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urljoin

import httpx2
from fastapi.testclient import TestClient

from app.access.credentials import COOKIE, hashed, new_token
from app.access.sessions import csrf_token_of
from app.http.clock import now
from app.store.tables import Account, SignInSession
from app.store.types import new_key
from tests.access.people import Person
from tests.access.town import Town

# What a browser writes of its own accord.
BROWSER: Final = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", "accept": "text/html"}
# The cookie goes over TLS alone.
ORIGIN: Final = "https://testserver"
_MOST_STEPS: Final = 5


@dataclass
class Form:
    """A form as it stands in a page."""

    desk: "Desk"
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def send(self, pressed: tuple[str, str] | None = None, files: Any = None, **typed: Any) -> "Shown":
        """Send it with some fields filled in (`__` stands for `/`); raises KeyError for a field that it has not."""
        values: dict[str, list[str]] = {}
        for name, value in self.fields:
            values.setdefault(name, []).append(value)
        for name, value in typed.items():
            known = name.replace("__", "/")
            if known not in self.names:
                raise KeyError(f"{known} is not a field of {self.action}: {sorted(self.names)}")
            values[known] = [value] if isinstance(value, str) else list(value)
        if pressed is not None:
            values[pressed[0]] = [pressed[1]]
        if self.method == "get":
            return self.desk.get(self.action, params=values)
        return self.desk.post(self.action, values, files)


@dataclass
class Shown:
    """An answer of the console."""

    desk: "Desk"
    response: httpx2.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def path(self) -> str:
        return self.response.url.path

    @property
    def text(self) -> str:
        """What somebody reads, without tags, spaces folded."""
        body = re.sub(r"<(script|style)\b.*?</\1>", "", self.response.text, flags=re.DOTALL)
        return re.sub(r"\s+", " ", _unescaped(re.sub(r"<[^>]+>", " ", body)))

    @property
    def forms(self) -> list[Form]:
        reader = _Forms(self.desk, self.path)
        reader.feed(self.response.text)
        return reader.forms

    def form(self, action: str) -> Form:
        """The form that is sent to an address. Raises LookupError, naming those that there are."""
        found = [one for one in self.forms if one.action == action]
        if not found:
            raise LookupError(f"{action} is not among {[one.action for one in self.forms]}")
        return found[0]

    def links(self) -> list[str]:
        return [_unescaped(one) for one in re.findall(r'<a\b[^>]*\bhref="([^"]+)"', self.response.text)]

    def wrong(self) -> list[str]:
        """The fields that the summary of errors links to."""
        summary = re.search(r'id="error-summary".*?</div>', self.response.text, re.DOTALL)
        return [] if summary is None else re.findall(r'href="#([^"]+)"', summary[0])


@dataclass
class Desk:
    """One browser of one person; None where nobody is signed in."""

    client: TestClient
    token: str | None = None

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Shown:
        return self._asked("GET", path, params=params)

    def post(self, path: str, values: Mapping[str, Sequence[str] | str], files: Any = None) -> Shown:
        return self._asked("POST", path, data=values, files=files)

    def _asked(self, method: str, path: str, **more: Any) -> Shown:
        headers = dict(BROWSER) | ({} if self.token is None else {"cookie": f"{COOKIE}={self.token}"})
        answer = self.client.request(method, ORIGIN + path, headers=headers, follow_redirects=False, **more)
        # Followed by hand: the client would leave the cookie behind.
        for _ in range(_MOST_STEPS):
            if not answer.has_redirect_location:
                break
            target = urljoin(ORIGIN, answer.headers["location"])
            answer = self.client.get(target, headers=headers, follow_redirects=False)
        return Shown(self, answer)


def sign_in(town: Town, person: Person | None) -> Desk:
    """A desk with a session of its own, as if its person had just come in."""
    client = TestClient(town.house.client.app)
    if person is None:
        return Desk(client)
    token = new_token()
    with town.house.owner.writing() as session:
        account = session.get_one(Account, person.account_id)
        session.add(
            SignInSession(
                id=new_key(),
                token_hash=hashed(token),
                carrier="cookie",
                account_id=account.id,
                role_stamp=account.role_stamp,
                is_complete=True,
                csrf_hash=hashed(csrf_token_of(token)),
                address="testclient",
                user_agent="",
                created_at=now(),
                seen_at=now(),
            )
        )
    return Desk(client, token)


class _Forms(HTMLParser):
    """Reads forms out of a page: what would be sent if nothing were touched, and the names of all fields."""

    def __init__(self, desk: Desk, path: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._desk, self._path = desk, path
        self._open: Form | None = None
        self._select: str | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(self._desk, has.get("action") or self._path, has.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None and "name" in has:
            self._field(tag, has)
        elif tag == "option" and self._open is not None and self._select and "selected" in has:
            self._open.fields.append((self._select, has.get("value", "")))

    def _field(self, tag: str, has: dict[str, str]) -> None:
        form, name = self._open, has["name"]
        assert form is not None
        form.names.add(name)
        kind = has.get("type", "text")
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area = name
            form.fields.append((name, ""))
        elif tag == "input" and (kind not in {"checkbox", "radio", "submit", "file"} or "checked" in has):
            form.fields.append((name, has.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._area is not None and self._open is not None:
            self._open.fields[-1] = (self._area, data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None


def _unescaped(text: str) -> str:
    from_html = {"&lt;": "<", "&gt;": ">", "&#34;": '"', "&#39;": "'", "&amp;": "&"}
    for written, meant in from_html.items():
        text = text.replace(written, meant)
    return text

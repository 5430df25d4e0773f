"""API7:2023 Server side request forgery: nobody names an address that the service then visits."""

import ast
import re
import socket
from collections.abc import Iterator
from typing import Any, Final

import pytest

from app.config import PROJECT_ROOT, Settings
from tests.access.door import OWN_PAGE
from tests.security.operations import Operation, Schema, within
from tests.security.scene import Scene

# Who speaks to the network, and to whom: the identity provider and the targets of seals, named by settings; and the
# sender of webhooks, which resolves and checks the addresses that banks name (tests/referrals/test_targets.py).
OUTGOING: Final = {
    *("app/access/audit/export.py", "app/access/oidc.py", "app/access/outgoing.py"),
    # Asks this very application, in its own process.
    "app/console/inside.py",
    *("app/referrals/deliver.py", "app/referrals/targets.py", "app/referrals/webhook_requests.py"),
}
CLIENTS: Final = {"aiohttp", "ftplib", "http.client", "httpcore", "httpx", "requests", "smtplib", "socket", "telnetlib"}
CLIENTS_WITHIN: Final = ("authlib.integrations", "urllib.request", "urllib3", "xmlrpc")
STARTS_PROGRAMS: Final = {"subprocess", "os.system", "pty"}
ADDRESSES: Final = re.compile(r"(^|_)(url|uri|href|link|host|hostname|endpoint|callback|webhook|redirect|address)(_|$)")


def imported(path: Any) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return found


def importing(names: set[str], within: tuple[str, ...] = ()) -> set[str]:
    files = {path.relative_to(PROJECT_ROOT).as_posix(): imported(path) for path in (PROJECT_ROOT / "app").rglob("*.py")}
    return {name for name, found in files.items() if found & names or any(one.startswith(within) for one in found)}


def test_the_outgoing_clients_are_these_and_no_others() -> None:
    assert importing(CLIENTS, CLIENTS_WITHIN) == OUTGOING


def test_programs_are_started_by_backup_and_for_reading_workbooks_alone() -> None:
    assert importing(STARTS_PROGRAMS) == {"app/store/backup.py", "app/institutions/workbook/process.py"}


def test_no_field_of_any_request_is_an_address_of_the_network(operations: list[Operation], document: Schema) -> None:
    """`address` of an institution is a postal one; `url` is where a bank gets its webhooks, and is checked."""
    naming = set()
    for operation in operations:
        bodies = [] if operation.body is None else [("", operation.body)]
        for name, schema in [*((one["name"], one["schema"]) for one in operation.parameters), *bodies]:
            for path, part in within(document, schema, name):
                field = path.rpartition("/")[2]
                is_named = ADDRESSES.search(field) and not field.endswith("_id")
                if is_named or part.get("format") in {"uri", "uri-reference", "hostname", "ipv4"}:
                    naming.add(field)
    assert naming == {"address", "url"}


def test_targets_are_settings_and_have_schemes() -> None:
    """A setting of a file or of gopher is refused as the service starts."""
    for name in ("audit_webhook", "oidc_issuer"):
        (pattern,) = [one.pattern for one in Settings.model_fields[name].metadata if hasattr(one, "pattern")]
        for target in ("file:///etc/passwd", "gopher://10.0.0.1/", "javascript:1", "//10.0.0.1/", "https:// x"):
            assert not re.search(pattern, target), (name, target)
    (pattern,) = [one.pattern for one in Settings.model_fields["oidc_issuer"].metadata if hasattr(one, "pattern")]
    assert not re.search(pattern, "http://provider.example/")


@pytest.fixture
def trap() -> Iterator[socket.socket]:
    """A port of this machine that nobody has a reason to visit."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def replaced(value: Any, text: str) -> Any:
    """The same body with every text in it replaced."""
    match value:
        case str():
            return text
        case dict():
            return {key: replaced(one, text) for key, one in value.items()}
        case list():
            return [replaced(one, text) for one in value]
        case _:
            return value


def test_no_text_of_any_request_makes_the_service_visit_it(
    scene: Scene, operations: list[Operation], trap: socket.socket
) -> None:
    target = f"http://127.0.0.1:{trap.getsockname()[1]}/"
    visited = []
    hints = dict.fromkeys(("Origin", "Referer", "X-Forwarded-Host", "Forwarded", "X-Forwarded-For"), target)
    for operation in operations:
        known = OWN_PAGE | ({} if operation.permission is None else scene.everything.headers)
        texts = {one["name"]: target for one in operation.query()}
        requests = [operation.request(headers=known | hints, params=texts)]
        if operation.has_json:
            # Each text alone, so that what refuses one field does not save the next.
            fields = [name for name, value in operation.example.items() if replaced(value, "") != value]
            bodies = [operation.example | {name: replaced(operation.example[name], target)} for name in fields]
            requests += [operation.request(json=body, headers=known) for body in bodies]
        for request in requests:
            scene.town.house.client.request(**request)
        try:
            trap.accept()[0].close()
            visited.append(operation.id)
        except BlockingIOError:
            continue
    assert visited == []


def test_what_a_proxy_claims_to_be_the_host_is_nowhere_repeated(scene: Scene, operations: list[Operation]) -> None:
    """Or a link in an answer, or a cache, would lead to somebody else's pages."""
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}
    repeating = set()
    for operation in (one for one in operations if not one.writes):
        known = {} if operation.permission is None else scene.everything.headers
        answer = scene.town.house.client.request(**operation.request(headers=known | headers), follow_redirects=False)
        if "evil.example" in answer.text + repr(answer.headers) or "gopher" in answer.text + repr(answer.headers):
            repeating.add(operation.id)
    assert repeating == set()

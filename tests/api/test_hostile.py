"""Whatever a stranger sends ends in a clear 4xx problem in Chinese, quickly; the client checks every shape."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from fastapi.testclient import TestClient

API = "/api/v1"
POSTS = ("eligibility-checks", "interest-subsidy-quotes", "rule-checks")
# A body of each operation that is accepted as it stands.
GOOD: dict[str, dict[str, Any]] = {
    "eligibility-checks": {"facts": {"institution.beds_total": 120}},
    "interest-subsidy-quotes": {
        "principal_yuan": "20000000",
        "drawn_on": "2022-07-01",
        "due_on": "2025-07-01",
        "contract_rate_percent": "4.45",
    },
    "rule-checks": {"rule": {"op": "known", "fact": "institution.beds_total"}},
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Of the processor, not of the clock: other work on the machine does not count.
MOST_SECONDS = 3.0
MEGABYTE = 1_000_000


@contextmanager
def quickly() -> Iterator[None]:
    """What happens inside takes the processor a few seconds at most."""
    before = time.process_time()
    yield
    assert time.process_time() - before < MOST_SECONDS


def problem(response: Any, *statuses: int) -> dict[str, Any]:
    """The problem of a refusal, which is short and in Chinese."""
    assert response.status_code in statuses, response.text[:500]
    body: dict[str, Any] = response.json()
    assert CHINESE.search(body["detail"])
    assert all(CHINESE.search(error["detail"]) for error in body["errors"])
    assert len(response.content) < 60_000
    return body


def post(client: TestClient, operation: str, content: bytes, **headers: str) -> Any:
    with quickly():
        return client.post(
            f"{API}/{operation}", content=content, headers={"content-type": "application/json", **headers}
        )


def post_json(client: TestClient, operation: str, body: Any) -> Any:
    return post(client, operation, json.dumps(body, ensure_ascii=False).encode())


def nested(depth: int, opening: str, closing: str) -> bytes:
    return (opening * depth + "1" + closing * depth).encode()


UNREADABLE = {
    "NaN": b'{"facts": {"institution.beds_total": NaN}}',
    "Infinity": b'{"facts": {"institution.beds_total": Infinity}}',
    "1e400": b'{"principal_yuan": 1e400}',
    "-1e400": b'{"principal_yuan": -1e400}',
    "5,000 digits": b'{"principal_yuan": ' + b"9" * 5_000 + b"}",
    "a million digits": b'{"principal_yuan": ' + b"9" * (MEGABYTE - 100) + b"}",
    "100,000 arrays": nested(100_000, "[", "]"),
    "100,000 objects": nested(100_000, '{"a":', "}"),
    "arrays never closed": b"[" * 500_000,
    "50,000 keys": json.dumps({f"k{i}": i for i in range(50_000)}).encode(),
    "50,000 facts": json.dumps({"facts": {f"k{i}": i for i in range(50_000)}}).encode(),
    "500,000 values": b"[" + b"0," * 499_000 + b"0]",
    "invalid UTF-8": b'{"facts": {"\xff\xfe": 1}}',
    "UTF-16": '{"facts": {}}'.encode("utf-16"),
    "GB18030": '{"facts": {"机构": 1}}'.encode("gb18030"),
    "lone surrogate": b'{"facts": {"\\ud800": 1}}',
    "lone surrogate in a value": b'{"facts": {"institution.urban_rural": "\\udfff"}}',
    "NUL in a key": b'{"facts": {"\\u0000": 1}}',
    "NUL in a value": b'{"programme": "\\u0000"}',
    "raw NUL": b'{"facts": {"a\x00": 1}}',
    "duplicate keys": b'{"facts": {}, "facts": {}}',
    "duplicate facts": b'{"facts": {"need.term_months": 1, "need.term_months": 2}}',
    "two bodies": b"{}{}",
    "cut short": b'{"facts": {"institution.beds_total": 1',
    "a comment": b'{"facts": {}} // nothing',
    "blanks": b" " * (MEGABYTE - 1),
}


@pytest.mark.parametrize("operation", POSTS)
@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_body_that_cannot_be_read_is_a_bad_request(client: TestClient, operation: str, body: bytes) -> None:
    assert problem(post(client, operation, body), 400)["code"] == "unreadable_json"


REFUSED = {
    "nothing": b"",
    "null": b"null",
    "an array": b"[]",
    "a text": b'"facts"',
    "a number": b"12",
    "an empty object": b"{}",
    "unknown field": b'{"colour": "red"}',
    "a field of a megabyte": b'{"' + b"x" * (MEGABYTE - 20) + b'": 1}',
    "300 unknown fields": json.dumps({f"k{i}": i for i in range(300)}).encode(),
    "9,999 unknown fields": json.dumps({f"k{i}": i for i in range(9_999)}).encode(),
    "9,999 facts": json.dumps({"facts": {f"k{i}": i for i in range(9_000)}}).encode(),
}


@pytest.mark.parametrize("operation", POSTS)
@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_a_body_that_says_nothing_useful_is_refused(client: TestClient, operation: str, body: bytes) -> None:
    assert problem(post(client, operation, body), 422)["errors"]


# Every value that a field can be mistaken to take; none of them may pass for an amount, a day, a fact or a rule.
STRANGE: tuple[Any, ...] = (
    None, True, -1, 10**59, [], {}, "", " ", "NaN", "Infinity", "-Infinity", "1e400", "0x10", "１e9", "٣", "\u202e1",
    "'; DROP TABLE programme; --", "${jndi:ldap://x}", "<script>", "../../etc/passwd", "养" * 200_000, "9" * 900_000,
    [[[[]]]], {"a": {"b": {"c": 1}}}, ["x"] * 5_000, {f"k{i}": i for i in range(5_000)}, "2023-02-29", "0001-01-01",
    "9999-12-31", "2022-07-01T00:00:00Z", "0.000000000000000001", "-0.01", "\U0001f474", "\ufdfa" * 50,
)  # fmt: skip


@pytest.mark.parametrize("field", ["principal_yuan", "drawn_on", "contract_rate_percent", "repayment_style"])
def test_no_strange_value_passes_for_a_term_of_a_loan(client: TestClient, field: str) -> None:
    for value in STRANGE:
        body = GOOD["interest-subsidy-quotes"] | {field: value}
        refused = problem(post_json(client, "interest-subsidy-quotes", body), 422)
        assert all(error["pointer"] in {f"/{field}", "", "/due_on"} for error in refused["errors"])


@pytest.mark.parametrize("key", ["institution.beds_total", "institution.filed_on", "institution.kinds", "need.purpose"])
def test_no_strange_value_passes_for_a_fact(client: TestClient, key: str) -> None:
    # Null says that the fact is unknown, and a list of no kinds that there is none.
    for value in (value for value in STRANGE if value not in (None, [])):
        body = {"facts": {key: value}}
        refused = problem(post_json(client, "eligibility-checks", body), 422)
        assert [error["pointer"] for error in refused["errors"]] == [f"/facts/{key}"]


def test_no_strange_value_passes_for_a_rule(client: TestClient) -> None:
    for value in STRANGE:
        refused = problem(post_json(client, "rule-checks", {"rule": value}), 422)
        assert refused["errors"][0]["pointer"].startswith("/rule")


@pytest.mark.parametrize("number", ["-0", "-0.0", "0e0", "1.0", "1E+0", "1e-18", "0.000000000000000001", "1e39"])
def test_a_number_is_read_exactly_or_refused(client: TestClient, number: str) -> None:
    body = f'{{"facts": {{"institution.beds_total": {number}, "need.amount_yuan": {number}}}}}'
    response = post(client, "eligibility-checks", body.encode())
    if number in {"1e-18", "0.000000000000000001", "1e39"}:
        assert len(problem(response, 422)["errors"]) == 2
    else:
        assert response.status_code == 200


def test_minus_zero_is_zero_and_shown_without_its_sign(client: TestClient) -> None:
    facts = {"project.is_kangyang": True, "project.region_code": "140105", "project.investment_yuan": "-0.00"}
    answer = post_json(client, "eligibility-checks", {"facts": facts}).json()
    own = {one["own"] for match in answer["programmes"] for one in match["conditions"]}
    assert "0 元" in own
    assert not any(value and value.startswith("-") for value in own)


@pytest.mark.parametrize("operation", POSTS)
def test_two_megabytes_are_too_much(client: TestClient, operation: str) -> None:
    assert problem(post(client, operation, b" " * (2 * MEGABYTE)), 413)["code"] == "payload_too_large"


@pytest.mark.parametrize("operation", POSTS)
def test_a_body_in_chunks_is_stopped_at_the_limit(client: TestClient, operation: str) -> None:
    chunks = (b" " * 100_000 for _ in range(20))
    response = client.post(f"{API}/{operation}", content=chunks, headers={"content-type": "application/json"})
    assert problem(response, 413)["code"] == "payload_too_large"


@pytest.mark.parametrize("length", ["99999999999999999999", "1048577"])
def test_an_announced_length_beyond_the_limit_is_refused_unread(client: TestClient, length: str) -> None:
    problem(post(client, POSTS[0], b"{}", **{"content-length": length}), 413)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json", "a/b/c"]
)
@pytest.mark.parametrize("operation", POSTS)
def test_a_body_of_another_kind_is_refused(client: TestClient, operation: str, kind: str) -> None:
    content = json.dumps(GOOD[operation]).encode()
    assert problem(post(client, operation, content, **{"content-type": kind}), 415)["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "application/vnd.yinqiao+json", "APPLICATION/JSON"]
)
@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=0.9, */*;q=0.1", "", "x" * 5_000])
def test_json_by_any_of_its_names_is_read_whatever_the_caller_accepts(
    client: TestClient, kind: str, accept: str
) -> None:
    content = json.dumps(GOOD["rule-checks"]).encode()
    response = post(client, "rule-checks", content, **{"content-type": kind, "accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere", "/api", "/api/v1", "/api/v1/", "/api/v2/policies", "/api/v1/policies/", "/api/v1/policies/a/b",
        "/api/v1/programmes/..%2f..%2fetc", "/healthz/", "/API/V1/POLICIES", "/" + "a" * 50_000, "/%ff%fe",
        "/.env", "/api/v1/eligibility-checks/", "/%F0%9F%91%B4",
    ],
)  # fmt: skip
def test_an_unknown_address_is_not_found(client: TestClient, path: str) -> None:
    with quickly():
        assert problem(client.get(path, follow_redirects=False), 404)["code"] == "not_found"


@pytest.mark.parametrize("path", ["/api/v1/policies/%00", "/api/v1/programmes?as_of=%00", "/nowhere/%00/x"])
def test_a_nul_in_an_address_never_reaches_the_database(client: TestClient, path: str) -> None:
    problem(client.get(path), 400, 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "POST", "GET", "FLY"])
def test_a_method_that_is_not_there_learns_those_that_are(client: TestClient, method: str) -> None:
    reading = {f"{API}/policies": "GET, HEAD", "/healthz": "GET, HEAD"}
    for path, allowed in ({f"{API}/{operation}": "POST" for operation in POSTS} | reading).items():
        if method not in allowed.split(", "):
            response = client.request(method, path)
            assert problem(response, 405)["code"] == "method_not_allowed"
            assert response.headers["allow"] == allowed


@pytest.mark.parametrize(
    "query",
    [
        "as_of=", "as_of=yesterday", "as_of=2023-02-29", "as_of=0001-01-01", "as_of=9999-12-31", "as_of=1e9",
        "as_of=2026-11-20%0a", "as_of=%ff%fe", "as_of=" + "9" * 50_000, "as_of=２０２６-11-20",
    ],
)  # fmt: skip
def test_a_strange_day_in_a_query_is_refused_by_its_place(client: TestClient, query: str) -> None:
    with quickly():
        refused = problem(client.get(f"{API}/programmes?{query}"), 422)
    assert [error["pointer"] for error in refused["errors"]] == ["/query/as_of"]


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("?", "/query/?", "unknown_parameter"),
        ("&&&===", "/query/", "unknown_parameter"),
        ("colour=red", "/query/colour", "unknown_parameter"),
        ("as_of[$ne]=1", "/query/as_of[$ne]", "unknown_parameter"),
        ("as_of[]=x&as_of=%", "/query/as_of[]", "unknown_parameter"),
        ("a" * 50_000, "/query/" + "a" * 193 + "…", "unknown_parameter"),
        ("%", "/query/%", "unknown_parameter"),
        ("as_of=2026-11-20&as_of=2025-11-20", "/query/as_of", "repeated_parameter"),
    ],
    ids=lambda value: value[:30],
)
def test_a_query_that_asks_nothing_we_know_is_refused(client: TestClient, query: str, pointer: str, code: str) -> None:
    with quickly():
        refused = problem(client.get(f"{API}/programmes?{query}"), 422)
    (error,) = refused["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert "as_of" in error["detail"]


@pytest.mark.parametrize("query", ["", "&&&", "as_of=2026-11-20&&"])
def test_a_query_of_separators_asks_nothing(client: TestClient, query: str) -> None:
    assert client.get(f"{API}/programmes?{query}").status_code == 200


def test_thousands_of_parameters_are_refused_at_once(client: TestClient) -> None:
    with quickly():
        refused = problem(client.get(f"{API}/programmes?" + "&".join(f"p{i}=" for i in range(8_000))), 422)
    assert len(refused["errors"]) == 50


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("/reference-rates?series=LPR", "/query/series"),
        ("/reference-rates?series=" + "a" * 65, "/query/series"),
        ("/reference-rates?on=2024-13-01", "/query/on"),
        ("/regions?level=village", "/query/level"),
        ("/regions?parent=14", "/query/parent"),
        ("/regions?parent=１４０３００", "/query/parent"),
        ("/facts?subject=", "/query/subject"),
        ("/policies/" + "a" * 81, "/path/slug"),
        ("/policies/%E5%85%BB%E8%80%81", "/path/slug"),
        ("/programmes/a%0ab", "/path/slug"),
    ],
)
def test_a_parameter_out_of_its_bounds_is_refused_by_its_place(client: TestClient, path: str, pointer: str) -> None:
    assert [error["pointer"] for error in problem(client.get(f"{API}{path}"), 422)["errors"]] == [pointer]


def test_the_heaviest_honest_requests_are_answered_quickly(client: TestClient) -> None:
    loan = GOOD["interest-subsidy-quotes"] | {"due_on": "2072-06-30"}
    months = [f"{2023 + number // 12}-{number % 12 + 1:02}-15" for number in range(290)]
    heavy = {
        "interest-subsidy-quotes": loan
        | {
            "repayment_style": "equal_instalment",
            "repayments": [{"on": day, "amount_yuan": "1000"} for day in months],
            "interest_paid": [
                {"on": end, "amount_yuan": "100", "from": start, "to": end} for start, end in pairwise(months)
            ],
        },
        "eligibility-checks": {"facts": _every_fact(client), "include": ["not_applicable", "informative"]},
        "rule-checks": {"rule": {"op": "all", "of": [{"op": "any", "of": _beds(10 * i, 10)} for i in range(20)]}},
    }
    for operation, body in heavy.items():
        assert post_json(client, operation, body).status_code == 200


def _every_fact(client: TestClient) -> dict[str, Any]:
    facts = client.get(f"{API}/facts").json()["items"]
    # False wherever it can be: most conditions are then open to advice.
    return {one["key"]: False for one in facts if one["type"] in {"bool", "attestation"} and not one["per_programme"]}


def _beds(first: int, count: int) -> list[dict[str, Any]]:
    return [{"op": "ge", "fact": "institution.beds_total", "value": number} for number in range(first, first + count)]

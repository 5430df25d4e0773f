"""Whatever a stranger posts as JSON is read exactly or refused with 400, quickly, and never ends in a 500."""

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.errors import UnreadableJson
from app.http.strict_json import MAX_DEPTH, MAX_KEYS, MAX_VALUES, read_json

text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)

HOSTILE = {
    "nothing but blanks": b"  ",
    "cut short": b'{"a": ',
    "two values": b"{} {}",
    "single quotes": b"{'a': 1}",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "overflowing exponent": b'{"a": 1e400}',
    "vanishing exponent": b'{"a": 1e-400}',
    "absurd exponent": b'{"a": 1e99999999999999999999}',
    "absurd integer": b'{"a": ' + b"9" * 5_000 + b"}",
    "absurd decimals": b'{"a": 0.' + b"1" * 5_000 + b"}",
    "latin-1": '{"a": "é"}'.encode("latin-1"),
    "gbk": '{"a": "养老"}'.encode("gbk"),
    "byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "lone surrogate as key": b'{"\\udfff": 1}',
    "nul": b'{"a": "\\u0000"}',
    "duplicate key": b'{"a": 1, "a": 2}',
    "deep array": b"[" * 100_000,
    "deep balanced array": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "just too deep": b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    "50,000 keys": json.dumps({str(i): i for i in range(50_000)}).encode(),
    "50,000 keys in small objects": json.dumps([{"k": i} for i in range(50_000)]).encode(),
    "too many values": b"[" + b"0," * MAX_VALUES + b"0]",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_json_is_a_bad_request(client: TestClient, body: bytes) -> None:
    response = client.post("/api/loans", content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (400, "unreadable_json")
    assert len(response.content) < 1_000


@given(document=documents)
def test_what_is_json_is_read_as_itself(document: Any) -> None:
    assert read_json(json.dumps(document).encode()) == document
    assert read_json(json.dumps(document, ensure_ascii=False).encode()) == document


@given(body=st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(UnreadableJson):
        assert json.dumps(read_json(body), default=str)


@pytest.mark.parametrize("literal", ["0.1", "20000000.00", "4.450000000000000001", "1e3", "-0.0"])
def test_a_decimal_keeps_its_digits(literal: str) -> None:
    number = read_json(f"[{literal}]".encode())[0]
    assert isinstance(number, Decimal)
    assert number.compare_total(Decimal(literal)) == 0


def test_bodies_at_the_bounds_are_read() -> None:
    assert read_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert len(read_json(json.dumps({str(i): i for i in range(MAX_KEYS)}).encode())) == MAX_KEYS

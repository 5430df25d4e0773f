"""A JSON reader for strangers: RFC 8259 and no more, decimals kept exact, size of the tree bounded.

Refused with UnreadableJson: other encodings than UTF-8, NaN and Infinity, duplicate keys, lone surrogates, U+0000
(PostgreSQL cannot store it), numbers of absurd size, and trees too deep or too large to be an honest request.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from app.errors import UnreadableJson

# A rule has at most 32 levels; each is an object inside an array.
MAX_DEPTH = 100
MAX_KEYS = 10_000
MAX_VALUES = 50_000
MAX_NUMBER_LENGTH = 60
# Ten to this power is beyond any amount of money; the bound also keeps integers from 1e999999 small.
MAX_EXPONENT = 40


def read_json(body: bytes) -> Any:
    """The value of `body`, with Decimal for every number that is not an integer. Raises UnreadableJson."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableJson(f"请求体须为 UTF-8 编码，第 {error.start + 1} 个字节无法识别") from None
    try:
        value = _Reader().decode(text)
    except json.JSONDecodeError as error:
        raise UnreadableJson(f"JSON 语法错误，位于第 {error.lineno} 行第 {error.colno} 列") from None
    except RecursionError:
        raise UnreadableJson(f"JSON 嵌套过深，最多 {MAX_DEPTH} 层") from None
    _check_tree(value)
    return value


class _Reader(json.JSONDecoder):
    """One reader per body: it counts the keys of that body."""

    def __init__(self) -> None:
        super().__init__(
            object_pairs_hook=self._object,
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_refuse_constant,
        )
        self._keys = 0

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self._keys += len(pairs)
        if self._keys > MAX_KEYS:
            raise UnreadableJson(f"JSON 的键过多，全文最多 {MAX_KEYS} 个")
        members = dict(pairs)
        if len(members) != len(pairs):
            raise UnreadableJson("JSON 对象中有重复的键，每个键只能写一次")
        return members


def _decimal(literal: str) -> Decimal:
    _check_length(literal)
    number: Decimal | None
    try:
        number = Decimal(literal)
    except InvalidOperation:  # The exponent itself has more digits than a machine word.
        number = None
    if number is None or abs(number.adjusted()) > MAX_EXPONENT:
        raise UnreadableJson(f"数字过大或过小，数量级须在 10 的正负 {MAX_EXPONENT} 次方之内")
    return number


def _integer(literal: str) -> int:
    _check_length(literal)
    return int(literal)


def _check_length(literal: str) -> None:
    if len(literal) > MAX_NUMBER_LENGTH:
        raise UnreadableJson(f"数字过长，最多 {MAX_NUMBER_LENGTH} 个字符")


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableJson(f"JSON 中不能出现 {name}，未知的值请写 null 或省略")


def _check_tree(value: Any) -> None:
    """Breadth first and without recursion, so that the check itself cannot be driven too deep."""
    level, seen = [value], 0
    for _ in range(MAX_DEPTH):
        seen += len(level)
        if seen > MAX_VALUES:
            raise UnreadableJson(f"JSON 的值过多，全文最多 {MAX_VALUES} 个")
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise UnreadableJson(f"JSON 嵌套过深，最多 {MAX_DEPTH} 层")


def _children(item: Any) -> list[Any]:
    if isinstance(item, dict):
        for key in item:
            _check_text(key)
        return list(item.values())
    if isinstance(item, list):
        return item
    if isinstance(item, str):
        _check_text(item)
    return []


def _check_text(text: str) -> None:
    if "\x00" in text:
        raise UnreadableJson("文本中不能含有空字符 U+0000")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise UnreadableJson("文本中含有不成对的 UTF-16 代理项，请改为完整字符") from None

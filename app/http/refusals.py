"""From pydantic's refusals to facts a person can act on: pointer, stable code, Chinese advice on what to write."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import FieldError

# What stands above the single refusals, whoever found them.
REFUSED = "请按 errors 中的提示修改后重试"
MAX_ERRORS = 50
_MAX_POINTER = 200

# Pydantic's error type -> what to write instead; the braces take the values of the error's context.
# Types that only Python callers can cause (frozen instances, unexpected arguments) share the fallback.
PHRASES: Mapping[str, str] = {
    "missing": "必填，不能省略",
    "extra_forbidden": "没有这个字段，请核对名称或删去",
    "json_invalid": "不是合法的 JSON",
    "json_type": "应为 JSON 文本",
    "recursion_loop": "嵌套过深",
    "recursion_depth_exceeded": "嵌套过深",
    "none_required": "此处只能为 null",
    "invalid_key": "键应为文本",
    "model_type": '应为 JSON 对象，即 {{"字段": 值}}',
    "model_attributes_type": '应为 JSON 对象，即 {{"字段": 值}}',
    "dataclass_type": '应为 JSON 对象，即 {{"字段": 值}}',
    "dict_type": '应为 JSON 对象，即 {{"字段": 值}}',
    "mapping_type": '应为 JSON 对象，即 {{"字段": 值}}',
    "list_type": "应为 JSON 数组，即 [值, …]",
    "tuple_type": "应为 JSON 数组，即 [值, …]",
    "set_type": "应为 JSON 数组，即 [值, …]",
    "frozen_set_type": "应为 JSON 数组，即 [值, …]",
    "iterable_type": "应为 JSON 数组，即 [值, …]",
    "greater_than": "须大于 {gt}",
    "greater_than_equal": "须大于或等于 {ge}",
    "less_than": "须小于 {lt}",
    "less_than_equal": "须小于或等于 {le}",
    "multiple_of": "须为 {multiple_of} 的整数倍",
    "finite_number": "须为有限的数",
    "too_short": "至少要有 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "string_type": "应为文本",
    "string_sub_type": "应为文本",
    "string_unicode": "应为合法的 Unicode 文本",
    "string_too_short": "至少 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不符，应匹配 {pattern}",
    "string_not_ascii": "只能使用英文字母、数字和半角符号",
    "enum": "应为下列之一：{expected}",
    "literal_error": "应为下列之一：{expected}",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "整数过大",
    "int_from_float": "应为整数，不能有小数部分",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "decimal_type": '应为数字或十进制数的文本，如 "1000.00"',
    "decimal_parsing": '应为十进制数，如 "1000.00"',
    "decimal_max_digits": "最多 {max_digits} 位数字",
    "decimal_max_places": "最多 {decimal_places} 位小数",
    "decimal_whole_digits": "整数部分最多 {whole_digits} 位",
    "bytes_type": "应为文本",
    "date_type": "应为日期，写作 2026-11-20",
    "date_parsing": "应为日期，写作 2026-11-20",
    "date_from_datetime_parsing": "应为日期，写作 2026-11-20",
    "date_from_datetime_inexact": "只写日期，不带时刻，如 2026-11-20",
    "date_past": "须为过去的日期",
    "date_future": "须为将来的日期",
    "datetime_type": "应为时间，写作 2026-11-20T08:00:00+08:00",
    "datetime_parsing": "应为时间，写作 2026-11-20T08:00:00+08:00",
    "datetime_from_date_parsing": "应为时间，写作 2026-11-20T08:00:00+08:00",
    "datetime_object_invalid": "应为时间，写作 2026-11-20T08:00:00+08:00",
    "timezone_aware": "时间须带时区，如 2026-11-20T08:00:00+08:00",
    "timezone_naive": "时间不得带时区",
    "time_type": "应为时刻，写作 08:00:00",
    "time_parsing": "应为时刻，写作 08:00:00",
    "union_tag_invalid": "{discriminator} 应为下列之一：{expected_tags}",
    "union_tag_not_found": "缺少 {discriminator}，无法判断种类",
    "url_type": "应为网址",
    "url_parsing": "应为网址，如 https://example.org/",
    "url_syntax_violation": "应为网址，如 https://example.org/",
    "url_too_long": "网址最多 {max_length} 个字符",
    "url_scheme": "网址须以 {expected_schemes} 开头",
    "uuid_type": "应为编号(UUID)",
    "uuid_parsing": "应为编号(UUID)",
    "uuid_version": "应为编号（UUID 第 {expected_version} 版）",
}
_FALLBACK = "值不合要求"
# Validators of ours raise ValueError or PydanticCustomError with a sentence that is already Chinese.
_OWN_SENTENCE = ("value_error", "assertion_error")


def field_errors(errors: Sequence[Mapping[str, Any]], body: Any) -> tuple[FieldError, ...]:
    """At most MAX_ERRORS facts for pydantic's `errors` about a request with this `body`."""
    return tuple(
        FieldError(pointer=pointer(error["loc"], body), code=error["type"], detail=_advice(error))
        for error in errors[:MAX_ERRORS]
    )


def pointer(location: Sequence[str | int], body: Any) -> str:
    """RFC 6901 pointer into the body; a parameter's begins with its place: /query/as_of, /path/slug, /header/….

    Pydantic puts the tags of unions into its locations. They stand in no document, so they are left out.
    """
    place, *parts = location
    if place != "body":
        return _joined([place, *parts])
    found: list[str | int] = []
    current = body
    for index, part in enumerate(parts):
        inside, current = _step(current, part)
        # The last part of "missing" names what is not there; any other absent part is a tag.
        if inside or (index == len(parts) - 1 and isinstance(current, dict) and isinstance(part, str)):
            found.append(part)
    return _joined(found)


def _step(current: Any, part: str | int) -> tuple[bool, Any]:
    if isinstance(current, dict) and part in current:
        return True, current[str(part)]
    if isinstance(current, list) and isinstance(part, int) and part < len(current):
        return True, current[part]
    return False, current


def _joined(parts: Sequence[str | int]) -> str:
    text = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    # A refused key is the caller's own text, which may be as long as the body.
    return text if len(text) <= _MAX_POINTER else text[:_MAX_POINTER] + "…"


def _advice(error: Mapping[str, Any]) -> str:
    context = error.get("ctx") or {}
    if error["type"] in _OWN_SENTENCE:
        return str(context.get("error", _FALLBACK))
    said = str(error["msg"])
    # Pydantic's own sentences begin in English, even where they quote Chinese; ours know more than the phrases.
    if said and not said[0].isascii():
        return said
    phrase = PHRASES.get(error["type"])
    return _FALLBACK if phrase is None else phrase.format_map(_Shown(context))


class _Shown(dict[str, Any]):
    """Context values as text; pydantic joins its alternatives with an English "or"."""

    def __getitem__(self, key: str) -> str:
        return str(super().__getitem__(key)).replace(" or ", "、").replace("'", "")

    def __missing__(self, key: str) -> str:
        return "…"

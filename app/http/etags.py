"""Optimistic locking over HTTP: the strong ETag of a resource is its version, and whoever changes it names it."""

import re
from typing import Annotated, Final

from fastapi import Header, Response

from app.errors import AppError

IF_MATCH: Final = "If-Match"
_STRONG = re.compile(r'"([0-9]{1,18})"')

IfMatch = Annotated[
    str | None,
    Header(
        alias=IF_MATCH,
        max_length=200,
        description='要修改的版本，即上次读到的 ETag，含双引号，如 "3"；缺少时答 428，版本已变时答 412',
        examples=['"3"'],
    ),
]


class VersionRequired(AppError):
    """A change names the version that it was made from."""

    status = 428
    code = "version_required"
    title = "须说明所改的版本"


class VersionStale(AppError):
    """Somebody else has changed the resource in the meantime."""

    status = 412
    code = "version_stale"
    title = "内容已被他人修改"


def etag_of(version: int) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


def set_etag(response: Response, version: int | None) -> None:
    """Name the version in the answer; a replay of the past (None) has none that could be changed."""
    if version is not None:
        response.headers["ETag"] = etag_of(version)


def check_version(if_match: str | None, version: int) -> None:
    """Raise VersionRequired or VersionStale unless the caller knows the present version.

    A list of tags passes if one of them fits. The asterisk would overwrite whatever is there, so it names no version;
    weak tags never match, as RFC 9110 says.
    """
    if if_match is None or not if_match.strip() or if_match.strip() == "*":
        raise VersionRequired('请先读取，再把所得的 ETag 原样写在 If-Match 请求头中，如 "3"')
    tags = (_STRONG.fullmatch(tag.strip()) for tag in if_match.split(","))
    if not any(tag and int(tag[1]) == version for tag in tags):
        raise stale()


def stale() -> VersionStale:
    """What to answer to a change of an older version."""
    return VersionStale("内容已被他人修改，请重新读取，合并后再提交")

"""Which version of a product holds on which day. Pure: rows in, days and words out.

A version holds from its `valid_from` until a later one begins or it is withdrawn. One that was withdrawn before it
began never held and supersedes nothing. Whether the bank still takes applications (`valid_to`) is another question.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Protocol, TypeVar


class VersionStatus(StrEnum):
    """Where a version stands on a day."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


STATUS_LABELS = {
    VersionStatus.DRAFT: "草稿",
    VersionStatus.PUBLISHED: "已发布",
    VersionStatus.SUPERSEDED: "已被新版本取代",
    VersionStatus.WITHDRAWN: "已撤回",
}


class Version(Protocol):
    """What of a version its place in time depends on."""

    @property
    def number(self) -> int: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def published_on(self) -> date | None: ...
    @property
    def withdrawn_on(self) -> date | None: ...


V = TypeVar("V", bound=Version)


def began(version: Version) -> bool:
    """Published, and not taken back before its first day."""
    kept = version.withdrawn_on is None or version.withdrawn_on > version.valid_from
    return version.published_on is not None and kept


def superseded_on(version: Version, versions: Sequence[Version]) -> date | None:
    """The first day of the next version that began."""
    return min((one.valid_from for one in versions if one.number > version.number and began(one)), default=None)


def status_on(version: Version, versions: Sequence[Version], day: date) -> VersionStatus:
    """Where a version stands among all versions of its product."""
    if version.withdrawn_on is not None and version.withdrawn_on <= day:
        return VersionStatus.WITHDRAWN
    if version.published_on is None:
        return VersionStatus.DRAFT
    later = superseded_on(version, versions)
    return VersionStatus.SUPERSEDED if later is not None and later <= day else VersionStatus.PUBLISHED


def in_force(versions: Sequence[V], day: date) -> V | None:
    """The version that holds on a day."""
    held = [one for one in versions if began(one) and one.valid_from <= day]
    newest = max(held, key=lambda one: one.number, default=None)
    return newest if newest is not None and status_on(newest, versions, day) is VersionStatus.PUBLISHED else None


def shown(versions: Sequence[V], day: date) -> V | None:
    """The version in force, else the next that will be: what people are shown on a day."""
    upcoming = [one for one in versions if began(one) and one.valid_from > day]
    return in_force(versions, day) or min(upcoming, key=lambda one: one.number, default=None)


def last_begun(versions: Sequence[V]) -> V | None:
    """The newest version that holds or is to hold: a further one must not begin before it."""
    return max((one for one in versions if began(one)), key=lambda one: one.number, default=None)

"""What drafts of programmes and new reference rates take and answer."""

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, WithJsonSchema

from app.http.instants import Instant
from app.http.schemas import InputSchema, IsoDate, OutputSchema, Percent
from app.programmes.drafts import DraftStatus
from app.programmes.schemas import ProgrammeDetailOut

Author = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$"),
    Field(description="由谁录入：单位和姓名"),
]
DocumentSlug = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
_FIELDS: Final[dict[str, Any]] = {
    "type": "object",
    "description": (
        "要改的字段，其余沿用现行版本；新政策要写全 name、force、decidability、confidence、subjects、territory、"
        "valid_from、departments、benefit、applies（及 requires）。字段和写法同 GET /programmes/{slug}。"
    ),
}
ProgrammeFields = Annotated[dict[str, Any], WithJsonSchema(_FIELDS)]

EXAMPLE_DRAFT: Final[dict[str, JsonValue]] = {
    "author": "虚构省民政厅 张某",
    "programme": {"valid_to": "2028-01-01", "window_note": "延长到 2027 年末（虚构）"},
}


class ProgrammeDraftIn(InputSchema):
    """A draft: who writes it, the document it belongs to (of a new programme), and what is to change."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_DRAFT]})

    author: Author
    document: DocumentSlug | None = None
    programme: ProgrammeFields


class ProgrammeDraftChanges(InputSchema):
    """What is to be replaced in a draft; what is left out stays."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [EXAMPLE_DRAFT]})

    author: Author | None = None
    document: DocumentSlug | None = None
    programme: ProgrammeFields = {}  # noqa: RUF012  pydantic copies it, and frozen models do not share it


class ProgrammeDraftOut(OutputSchema):
    """A draft as a whole. `revision` is the ETag; `changed` names the fields that differ from the version in force.

    `version` is the number of the version that it became.
    """

    id: UUID
    slug: str
    author: str
    status: DraftStatus
    revision: int
    document: str
    programme: dict[str, Any]
    changed: list[str]
    in_force: int | None
    version: int | None
    created_at: Instant
    changed_at: Instant


class ProgrammeDraftListOut(OutputSchema):
    items: list[ProgrammeDraftOut]


class PublishedProgrammeOut(OutputSchema):
    """The draft, closed, and the programme as it now stands."""

    draft: ProgrammeDraftOut
    programme: ProgrammeDetailOut


class RatePointIn(InputSchema):
    """From this day on the series has this value."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"from": "2026-11-20", "percent": "2.9", "author": "虚构分行 李某"}]},
    )

    from_: Annotated[IsoDate, Field(alias="from")]
    percent: Percent
    author: Author


class KnownThroughIn(InputSchema):
    """The last day on which the series is known not to have changed further."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"known_through": "2026-11-20"}]}
    )

    known_through: IsoDate

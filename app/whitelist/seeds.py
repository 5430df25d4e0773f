"""The criteria and reasons of the seed folder, brought into the database. Loading them twice changes nothing."""

from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar

from pydantic import Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.programmes.models import Record, Slug, Text
from app.programmes.queries import clause_labels, read_parameters
from app.programmes.seeds import SeedRefused, read_record
from app.rules.check import parse
from app.rules.parameters import Parameters
from app.rules.structure import RuleRefused
from app.store.tables import WhitelistReason, WhitelistRule

FILE: Final = "whitelist.yaml"
R = TypeVar("R", WhitelistRule, WhitelistReason)


class _Dated(Record):
    """What holds from a day until another (half open)."""

    valid_from: date = Field(alias="from")
    valid_to: date | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _days_in_order(self) -> Self:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("to 须晚于 from")
        return self


class CriterionRecord(_Dated):
    """One rule for institutions or projects: what admission needs, or what excludes from it."""

    slug: Slug
    name: Text
    subject: Literal["institution", "project"]
    effect: Literal["admission", "exclusion"]
    document: Slug
    rule: dict[str, Any]


class ReasonRecord(_Dated):
    """A reason that a return or a refusal may name."""

    code: str = Field(pattern=r"^[a-z][a-z_]{1,39}$")
    label: Text
    used_for: tuple[str, ...] = Field(alias="for", min_length=1)


class WhitelistFile(Record):
    """The seed file of the white list."""

    criteria: tuple[CriterionRecord, ...] = Field(min_length=1)
    reasons: tuple[ReasonRecord, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        codes = [one.code for one in self.reasons]
        rules = [(one.slug, one.valid_from) for one in self.criteria]
        if len(set(codes)) < len(codes) or len(set(rules)) < len(rules):
            raise ValueError("条件（slug 和 from）和理由代码各只写一次")
        return self


def load_whitelist(session: Session, folder: Path) -> int:
    """Writes criteria and reasons as they are seeded; how many there are. Raises SeedRefused.

    To be called after the policy documents were loaded, whose clauses and parameters the rules name. A rule that the
    file no longer has is taken away; a reason is kept for the records that name it.
    """
    file = read_record(folder / FILE, WhitelistFile)
    known, parameters = {document for document, _ in clause_labels(session)}, read_parameters(session)
    for record in file.criteria:
        _check(record, known, parameters, folder / FILE)
        _put(session, WhitelistRule, {"slug": record.slug, "valid_from": record.valid_from}, _rule_values(record))
    for ordinal, reason in enumerate(file.reasons, start=1):
        values = {"label": reason.label, "used_for": list(reason.used_for), "ordinal": ordinal}
        dated = {"valid_from": reason.valid_from, "valid_to": reason.valid_to}
        _put(session, WhitelistReason, {"code": reason.code}, values | dated)
    kept = {(record.slug, record.valid_from) for record in file.criteria}
    for row in session.scalars(select(WhitelistRule)):
        if (row.slug, row.valid_from) not in kept:
            session.delete(row)
    return len(file.criteria) + len(file.reasons)


def _check(record: CriterionRecord, documents: set[str], parameters: Parameters, path: Path) -> None:
    if record.document not in documents:
        raise SeedRefused(path, None, f"“{record.name}”引用的文件 {record.document} 不存在")
    try:
        parse(record.rule, parameters=parameters)
    except RuleRefused as refusal:
        first = refusal.problems[0]
        raise SeedRefused(path, None, f"“{record.name}”{first.pointer} {first.detail}") from None


def _rule_values(record: CriterionRecord) -> dict[str, Any]:
    return {
        "valid_to": record.valid_to,
        "name": record.name,
        "subject_kind": record.subject,
        "effect": record.effect,
        "document": record.document,
        # As the rule kernel writes it, so that a day in YAML becomes text that JSON can hold.
        "rule": parse(record.rule).to_json(),
    }


def _put(session: Session, table: type[R], key: dict[str, Any], values: dict[str, Any]) -> None:
    row = session.scalars(select(table).filter_by(**key)).one_or_none()
    if row is None:
        session.add(table(**key, **values))
        return
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)

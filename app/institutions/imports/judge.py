"""What a row of the sheet would do to the registry: added, updated, unchanged, possibly a duplicate, or wrong. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from app.access.scope import Scope
from app.errors import FieldError
from app.institutions.checks import need_errors, with_debt_ratio, without_derived_ratio
from app.institutions.facts import Statement, fact_pointer, is_vouched, merged, recorded_facts, values_of
from app.institutions.history import Recorded
from app.institutions.imports.given import Given
from app.institutions.imports.known import Known, Namesake
from app.institutions.places import place_name
from app.institutions.register import CONTACT, NewInstitution, beyond, errors_of
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Subject
from app.rules.values import write_value
from app.store.fact_columns import column_name, stored_facts

REGION: Final = "institution.region_code"
_NUMBER: Final = "/provisional_number"
_LABELS: Final = {
    "name": "机构名称",
    "address": "地址",
    "legal_representative": "法定代表人",
    "contact_person": "联系人",
    "telephone": "联系电话",
}
_COLUMNS: Final = {fact.key: column_name(fact) for fact in stored_facts(Subject.INSTITUTION)}


class RowOutcome(StrEnum):
    """What becomes of a row; `changed` where the registry has moved since, so that it would do something else."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    WRONG = "wrong"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that would become another, as people read them; `checked_by` where an office stood behind the old one."""

    field: str
    label: str
    old: str | None
    new: str | None
    checked_by: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with what becomes of it. `after` is the institution as it will be; None where nothing is written."""

    given: Given
    outcome: RowOutcome
    seen: Recorded | None = None
    after: NewInstitution | None = None
    adds_need: bool = False
    differences: Sequence[Difference] = ()
    duplicates: Sequence[Namesake] = ()
    errors: Sequence[FieldError] = field(default=())

    @property
    def institution_id(self) -> UUID | None:
        return None if self.seen is None else self.seen.id


def judge(given: Given, known: Known, scope: Scope, today: date, *, add_duplicates: bool = False) -> Judged:
    """One row beside the registry. With `add_duplicates` a name that is nearly another's is added all the same."""
    refused = _misnumbered(given, known)
    if refused is not None:
        return Judged(given, RowOutcome.WRONG, errors=[refused])
    seen = known.match(given)
    judged = _new(given, scope, today) if seen is None else _again(given, seen, known, scope, today)
    if judged.outcome is not RowOutcome.ADDED:
        return judged
    namesakes = known.namesakes(given)
    held = RowOutcome.DUPLICATE if namesakes and not add_duplicates else RowOutcome.ADDED
    return replace(judged, outcome=held, duplicates=namesakes)


def _misnumbered(given: Given, known: Known) -> FieldError | None:
    """Why the numbers of a row are not those of one institution that the caller reaches, or of a new one."""
    number = given.provisional_number
    if known.is_elsewhere(given):
        return _elsewhere(given) if given.uscc is not None else _unknown(number)
    if number is None or (number in known.unnumbered) == (given.uscc is not None):
        return None
    if given.uscc is None:
        return _unknown(number)
    detail = (
        f"编号 {number} 的机构还没有登记统一社会信用代码，而本行两项都填了；是同一机构的，请先在系统中为它补登代码，"
        "不是的，请清空“临时编号”"
    )
    return FieldError(_NUMBER, "two_numbers", detail)


def _unknown(number: str | None) -> FieldError:
    """One sentence, whether nobody has the number or somebody beyond the caller's reach."""
    detail = (
        f"您管辖的机构中没有临时编号 {number}；请核对，已有统一社会信用代码的请改填代码并清空本格，新登记的机构请留空"
    )
    return FieldError(_NUMBER, "provisional_number_unknown", detail)


def _elsewhere(given: Given) -> FieldError:
    detail = (
        f"该统一社会信用代码的第 {given.site_number} 处院点已由您管辖范围以外的县（市、区）登记；"
        "请核对代码，如是同一法人的另一处院点，请把院点序号改为下一个数"
    )
    return FieldError("/uscc", "registered_elsewhere", detail)


def _new(given: Given, scope: Scope, today: date) -> Judged:
    facts = given.declared
    new = NewInstitution(given.name, facts, given.uscc, given.site_number, given.contact)
    errors = [*errors_of(new, given.zone, today), *beyond(REGION, facts, scope), *_need_errors(given, today)]
    if errors:
        return Judged(given, RowOutcome.WRONG, errors=errors)
    return Judged(given, RowOutcome.ADDED, after=new, adds_need=bool(given.need))


def _again(given: Given, seen: Recorded, known: Known, scope: Scope, today: date) -> Judged:
    adds_need, errors = _need_of(given, known.needs.get(seen.id, ()))
    if not errors and _says_nothing_new(given, seen):
        if not adds_need:
            return Judged(given, RowOutcome.UNCHANGED, seen)
        return Judged(given, RowOutcome.UPDATED, seen, adds_need=True, differences=(_of_need(given),))
    before = recorded_facts(Subject.INSTITUTION, seen.facts)
    facts = merged(without_derived_ratio(before), given.changes)
    contact = {name: given.contact.get(name, seen.facts[name]) for name in CONTACT}
    # Which of its sites it is, a site without a code of its own is not asked again.
    site = given.site_number if given.uscc is not None else seen.header["site_number"]
    after = NewInstitution(given.name, facts, given.uscc, site, contact)
    zone = given.zone
    errors = [*errors_of(after, zone, today), *beyond(REGION, facts, scope), *_need_errors(given, today), *errors]
    if errors:
        return Judged(given, RowOutcome.WRONG, seen, errors=errors)
    rated = replace(after, facts=with_debt_ratio(facts))
    found = tuple(_differences(seen, before, rated))
    said = (*found, _of_need(given)) if adds_need else found
    outcome = RowOutcome.UPDATED if said else RowOutcome.UNCHANGED
    return Judged(given, outcome, seen, rated if found else None, adds_need, said)


def _says_nothing_new(given: Given, seen: Recorded) -> bool:
    """Whether every value of the row stands in the registry already: most rows of a sheet that is sent again."""
    recorded: Mapping[str, Any] = seen.facts
    if given.name != recorded["name"] or any(recorded[name] != text for name, text in given.contact.items()):
        return False
    for key, value in given.facts.items():
        stored = recorded[_COLUMNS[key]]
        if (frozenset(stored) if isinstance(stored, tuple) else stored) != value:
            return False
    return True


def _need_of(given: Given, stated: Sequence[Mapping[str, Any]]) -> tuple[bool, list[FieldError]]:
    """Whether the row adds a need, and what is wrong with it: a need on record is not changed from a sheet."""
    if not given.need or any(all(one.get(key) == value for key, value in given.need.items()) for one in stated):
        return False, []
    if not stated:
        return True, []
    detail = "该机构已登记有融资需求，与本行所填不同；请在系统中修改该需求，并清空本行的融资需求各列"
    return False, [FieldError(fact_pointer(next(iter(given.need))), "need_on_record", detail)]


def _need_errors(given: Given, today: date) -> list[FieldError]:
    return need_errors(given.need, today) if given.need else []


def _differences(seen: Recorded, before: Mapping[str, Statement], after: NewInstitution) -> Iterator[Difference]:
    texts = {"name": after.name, **(after.contact or {})}
    for name, text in texts.items():
        if seen.facts[name] != text:
            yield Difference(name, _LABELS[name], seen.facts[name], text, None)
    old, new = values_of(before), values_of(after.facts)
    for key in _COLUMNS:
        if old.get(key) != new.get(key):
            checked = before[key] if key in before and is_vouched(before[key]) else None
            by = None if checked is None else checked.by or "主管部门"
            yield Difference(key, CATALOGUE[key].label, _text(key, old.get(key)), _text(key, new.get(key)), by)


def _of_need(given: Given) -> Difference:
    stated = "；".join(f"{CATALOGUE[key].label} {_text(key, value)}" for key, value in given.need.items())
    return Difference("need", "融资需求", None, stated, None)


def _text(key: str, value: Any) -> str | None:
    if value is None:
        return None
    return place_name(value) if key == REGION else write_value(CATALOGUE[key], value)

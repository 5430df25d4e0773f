"""What an institution may say of itself: what it declares, never what an office or a registry vouches for.

A form sent back with what was read from it says nothing new and passes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.access.scope import Scope
from app.errors import FieldError
from app.institutions.facts import Statement, Statements, fact_pointer, is_vouched
from app.rules.catalogue import CATALOGUE

_ASK: Final = "请向所在地民政部门提出"


def own_words_errors(before: Statements, after: Statements, scope: Scope) -> list[FieldError]:
    """What in the change from `before` to `after` is not for an institution to say; nothing where an office speaks."""
    if scope.institution_id is None:
        return []
    return [*_undone(before, after), *_vouched(before, after)]


def _undone(before: Statements, after: Statements) -> Iterator[FieldError]:
    for key, statement in before.items():
        if is_vouched(statement) and after.get(key) != statement:
            by = statement.by or "主管部门"
            detail = f"“{CATALOGUE[key].label}”已由{by}核对，机构不能自行改动；确有变化，{_ASK}更正"
            yield FieldError(fact_pointer(key), "vouched_fact", detail)


def _vouched(before: Statements, after: Statements) -> Iterator[FieldError]:
    for key, statement in after.items():
        if before.get(key) != statement and statement != Statement(statement.value):
            detail = "机构只能申报，不能写核对单位、核对日期或登记来源；请直接写值"
            yield FieldError(fact_pointer(key), "declared_only", detail)


def identity_errors(seen: Mapping[str, Any], after: Mapping[str, Any], scope: Scope) -> list[FieldError]:
    """Where it stands and under which number is kept by its county; both rows hold the columns of the header."""
    if scope.institution_id is None:
        return []
    places = {
        "region_code": (fact_pointer("institution.region_code"), "所在县（市、区）"),
        "uscc": ("/uscc", "统一社会信用代码"),
        "site_number": ("/site_number", "院点序号"),
    }
    return [
        FieldError(pointer, "kept_by_office", f"{label}由所在地民政部门登记，机构不能自行改动；{_ASK}更正")
        for name, (pointer, label) in places.items()
        if seen[name] != after[name]
    ]

"""Facts between the request, the row and the answer: typed values with who vouches for them and since when.

A bare value that equals the recorded one keeps its provenance, so that a form sent back unchanged does not undo what
an office has checked; to take a check back, say `declared`. Null makes a fact unknown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import StringConstraints, ValidationError

from app.errors import FieldError
from app.http.refusals import field_errors
from app.http.schemas import FIRST_DAY, LAST_DAY, InputSchema, IsoDate
from app.institutions.refusals import refuse
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Fact, FactType, Subject, UnknownFact
from app.rules.given import FactsRefused, Provenance, Stated, given
from app.rules.structure import pointer
from app.rules.values import Value
from app.store.fact_columns import CHECKED, REGISTRY, SOURCES, column_name, stored_facts

_PLACE: Final = "/facts"
_VOUCHED: Final = frozenset({Provenance.CHECKED, Provenance.REGISTRY})


class StatementIn(InputSchema):
    """A value with its provenance; a checked one names the office and the day."""

    value: Any
    provenance: Literal["declared", "checked", "registry"] = "declared"
    on: IsoDate | None = None
    by: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]*\S[^\x00]*$")] | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A recorded fact: its value, who vouches for it, and since which day."""

    value: Value
    provenance: Provenance = Provenance.DECLARED
    on: date | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a request says of a fact: a statement, or None for unknown; `bare` where it names no provenance."""

    statement: Statement | None
    bare: bool


Statements = Mapping[str, Statement]


def fact_pointer(key: str) -> str:
    """Where a fact stands in a request."""
    return pointer(_PLACE, key)


def read_changes(subject: Subject, written: Mapping[str, Any], today: date) -> dict[str, Change]:
    """The facts of a request by key. Raises RegistryRefused with a pointer to every bad one."""
    errors = list(_foreign(subject, written))
    raw = {key: value for key, value in written.items() if fact_pointer(key) not in {one.pointer for one in errors}}
    stated: dict[str, StatementIn] = {}
    for key, value in raw.items():
        if isinstance(value, dict):
            errors += _read_statement(key, value, today, stated)
        else:
            stated[key] = StatementIn(value=value)
    values, refused = _typed({key: one.value for key, one in stated.items()})
    refuse(sorted([*errors, *refused], key=lambda error: error.pointer))
    return {
        key: Change(_statement(values.get(key), one), bare=not isinstance(raw[key], dict))
        for key, one in stated.items()
    }


def _foreign(subject: Subject, written: Mapping[str, Any]) -> Iterator[FieldError]:
    """Keys that are no stored facts of this noun."""
    for key in written:
        try:
            fact = CATALOGUE[key]
        except UnknownFact as error:
            yield FieldError(fact_pointer(key), "unknown_fact", str(error))
            continue
        if fact.type is FactType.ATTESTATION:
            detail = f"“{fact.label}”由主管部门认定，请用 attestations 记录"
            yield FieldError(fact_pointer(key), "attestation", detail)
        elif fact.subject is not subject:
            yield FieldError(
                fact_pointer(key), "foreign_fact", f"“{fact.label}”不属于这里，此处只填 {subject}. 开头的键"
            )


def _read_statement(
    key: str, written: Mapping[str, Any], today: date, stated: dict[str, StatementIn]
) -> list[FieldError]:
    try:
        one = StatementIn.model_validate(written)
    except ValidationError as refusal:
        found = field_errors([{**error, "loc": ("body", *error["loc"])} for error in refusal.errors()], dict(written))
        return [FieldError(fact_pointer(key) + error.pointer, error.code, error.detail) for error in found]
    stated[key] = one
    place = fact_pointer(key)
    if one.provenance == "checked" and (one.by is None or one.on is None):
        missing = "by" if one.by is None else "on"
        return [FieldError(f"{place}/{missing}", "missing", "核对过的值要写明核对单位 by 和核对日期 on")]
    if one.on is not None and one.on > today:
        return [FieldError(f"{place}/on", "in_future", f"核对日期不能晚于今天 {today}")]
    return []


def _typed(raw: Mapping[str, object]) -> tuple[dict[str, Value], list[FieldError]]:
    """Every value on its own, so that one bad value does not hide another."""
    values: dict[str, Value] = {}
    errors: list[FieldError] = []
    for key, value in raw.items():
        try:
            values |= given({key: Stated(value)}, at=_PLACE).values
        except FactsRefused as refusal:
            errors += [FieldError(one.pointer, one.code, one.detail) for one in refusal.problems]
    errors += [
        FieldError(fact_pointer(key), "date_range", f"日期须在 {FIRST_DAY} 到 {LAST_DAY} 之间")
        for key, value in values.items()
        if isinstance(value, date) and not FIRST_DAY <= value <= LAST_DAY
    ]
    return values, errors


def _statement(value: Value | None, said: StatementIn) -> Statement | None:
    return None if value is None else Statement(value, Provenance(said.provenance), said.on, said.by)


def merged(recorded: Statements, changes: Mapping[str, Change]) -> dict[str, Statement]:
    """The facts after the changes."""
    after = dict(recorded)
    for key, change in changes.items():
        before = recorded.get(key)
        if change.statement is None:
            after.pop(key, None)
        elif not (change.bare and before is not None and before.value == change.statement.value):
            after[key] = change.statement
    return after


def values_of(statements: Statements) -> dict[str, Value]:
    """The values alone."""
    return {key: statement.value for key, statement in statements.items()}


def fact_row(subject: Subject, statements: Statements) -> dict[str, Any]:
    """All fact columns of a version row: NULL for what is unknown."""
    return {name: column[0] for name, column in fact_lists(subject, [statements]).items()}


def fact_lists(subject: Subject, many: Sequence[Statements]) -> dict[str, list[Any]]:
    """The fact columns of many version rows, column by column: an import asks for every fact of every row."""
    columns: dict[str, list[Any]] = {}
    for name, key in _columns(subject):
        values = [None if (one := statements.get(key)) is None else one.value for statements in many]
        columns[name] = list(map(_stored, values)) if CATALOGUE[key].type is FactType.SET else values
    vouched = [_vouched(subject, statements) for statements in many]
    return columns | {name: [one[at] for one in vouched] for at, name in enumerate((CHECKED, REGISTRY, SOURCES))}


_NOBODY: Final[tuple[Any, ...]] = ([], [], None)
# Asked of every fact of every row, and an enumeration's own attribute takes several times as long.
_DECLARED: Final = Provenance.DECLARED


def _vouched(subject: Subject, statements: Statements) -> tuple[Any, ...]:
    """Columns that an office checked, columns that a registry supplies, and who and when; most are declared."""
    if all(one.provenance is _DECLARED and one.on is None and one.by is None for one in statements.values()):
        return _NOBODY
    said = [(name, statements[key]) for name, key in _columns(subject) if key in statements]
    checked = [name for name, one in said if one.provenance is Provenance.CHECKED]
    registry = [name for name, one in said if one.provenance is Provenance.REGISTRY]
    return checked, registry, {name: source for name, one in said if (source := _source(one))} or None


def _stored(value: Value | None) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


def _source(statement: Statement) -> dict[str, str]:
    named = {"by": statement.by, "on": None if statement.on is None else statement.on.isoformat()}
    return {name: text for name, text in named.items() if text is not None}


def recorded_facts(subject: Subject, row: Mapping[str, Any]) -> dict[str, Statement]:
    """The facts of a version row."""
    return {key: _recorded(name, row) for name, key in _columns(subject) if row[name] is not None}


@cache
def _columns(subject: Subject) -> tuple[tuple[str, str], ...]:
    """Column and key of each stored fact."""
    return tuple((column_name(fact), fact.key) for fact in stored_facts(subject))


def _recorded(name: str, row: Mapping[str, Any]) -> Statement:
    stored = row[name]
    provenance = Provenance.DECLARED
    if name in row[REGISTRY]:
        provenance = Provenance.REGISTRY
    elif name in row[CHECKED]:
        provenance = Provenance.CHECKED
    source = (row[SOURCES] or {}).get(name, {})
    day = source.get("on")
    value = frozenset(stored) if isinstance(stored, tuple | list) else stored
    return Statement(value, provenance, date.fromisoformat(day) if day else None, source.get("by"))


def written(fact: Fact, value: Value) -> bool | int | str | list[str]:
    """A value as JSON: money and percentages as text, codes in the order of the catalogue."""
    if isinstance(value, Decimal):
        return f"{value:.2f}" if fact.unit == "元" else f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return [code for code in fact.codes if code in value] if fact.codes else sorted(value)
    return value


def is_vouched(statement: Statement) -> bool:
    """Whether an office or a registry stands behind it."""
    return statement.provenance in _VOUCHED


def differs(before: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Whether a version row says something new. Sets come back from the database in declared order."""
    return any(_comparable(before[name]) != _comparable(value) for name, value in row.items())


def _comparable(value: Any) -> Any:
    return frozenset(value) if isinstance(value, list | tuple) else value

"""Answers about an institution as the caller may see them; what a bank reads by consent is put on record with that."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from app.access.consent_fields import CONTACT, LOAN_CONTRACT
from app.access.scope import Scope
from app.access.sight import Sight, sight_of
from app.institutions.answers import institution_out
from app.institutions.history import Recorded
from app.institutions.schemas import Facts, InstitutionOut, LoanOut


class Part(Protocol):
    """The answer about a project, a need or a loan."""

    @property
    def facts(self) -> Facts: ...


P = TypeVar("P", bound=Part)


def institution_shown(session: Session, one: Recorded, scope: Scope) -> InstitutionOut:
    """An institution."""
    sight = sight_of(session, one.id, scope)
    answer = institution_out(one, sight)
    contacts = [field for field in CONTACT if getattr(answer, field.partition(".")[2]) is not None]
    sight.note(session, one.id, [*answer.facts, *contacts])
    return answer


def parts_shown(
    session: Session,
    institution_id: UUID,
    scope: Scope,
    found: Sequence[Recorded],
    build: Callable[[Recorded, Sight], P],
) -> list[P]:
    """Projects, needs or loans of one institution."""
    sight = sight_of(session, institution_id, scope)
    answers = [build(one, sight) for one in found]
    sight.note(session, institution_id, {field for answer in answers for field in _fields(answer)})
    return answers


def part_shown(
    session: Session, institution_id: UUID, scope: Scope, one: Recorded, build: Callable[[Recorded, Sight], P]
) -> P:
    """One project, need or loan."""
    return parts_shown(session, institution_id, scope, [one], build)[0]


def _fields(answer: Part) -> Iterable[str]:
    has_contract = isinstance(answer, LoanOut) and answer.lender is not None
    return [*answer.facts, *([LOAN_CONTRACT] if has_contract else [])]

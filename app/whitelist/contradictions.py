"""Where what was declared of a subject and what was checked of it differ: both values stand in its history."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.institutions.facts import Statement, is_vouched, recorded_facts
from app.institutions.history import Noun, Recorded

# The versions that are looked through, the latest first: an office corrects what was said lately.
_MOST_VERSIONS = 100


class Contradiction(NamedTuple):
    """The last value of a fact that came from the other side: declared where the present one was checked, or checked
    where it was declared."""

    now: Statement
    other: Statement


class Seen(Protocol):
    """A noun as it is on record."""

    @property
    def noun(self) -> Noun: ...

    @property
    def recorded(self) -> Recorded: ...


def contradictions_of(session: Session, seen: Sequence[Seen], keys: Collection[str]) -> dict[str, Contradiction]:
    """By fact, where the two sides differ; a fact that is unknown now contradicts nothing."""
    found: dict[str, Contradiction] = {}
    for one in seen:
        found |= _of_one(session, one, keys)
    return found


def _of_one(session: Session, seen: Seen, keys: Collection[str]) -> dict[str, Contradiction]:
    noun, subject = seen.noun, seen.noun.subject
    now = {key: said for key, said in recorded_facts(subject, seen.recorded.facts).items() if key in keys}
    mine = select(noun.versions).where(noun.versions.c[noun.owner] == seen.recorded.id)
    versions = mine.order_by(noun.versions.c.recorded_from.desc()).limit(_MOST_VERSIONS)
    others: dict[str, Statement] = {}
    for row in session.execute(versions).mappings():
        said = recorded_facts(subject, dict(row))
        for key in (now.keys() & said.keys()) - others.keys():
            if is_vouched(said[key]) is not is_vouched(now[key]):
                others[key] = said[key]
    return {key: Contradiction(now[key], other) for key, other in others.items() if other.value != now[key].value}

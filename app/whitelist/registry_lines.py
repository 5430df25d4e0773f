"""What the registry says of the subjects of nominations: the lines of the list, and the facts frozen at admission."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.institutions.facts import Statement, recorded_facts, values_of, written
from app.institutions.history import INSTITUTION, NEED, PROJECT, Noun, Recorded, recorded, with_version
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Subject
from app.store.tables import Attachment, Attestation, Nomination
from app.whitelist.printing.lines import Line, institution_line, need_text, project_line

_ATTESTED: Final = ("fact", "programme", "granted", "office", "attested_on", "valid_until")
_ATTACHED: Final = ("name", "media_type", "size", "sha256")


@dataclass(frozen=True, slots=True)
class Admitted:
    """The subject of a nomination: its institution, the project where it is one, and the open needs of whichever."""

    institution: Recorded
    project: Recorded | None
    needs: tuple[Recorded, ...]

    @property
    def line(self) -> Line:
        """As the list prints it."""
        owner = self.institution
        if self.project is None:
            return institution_line(owner.header, _values(Subject.INSTITUTION, owner))
        header = self.project.header
        return project_line(header["name"], header["region_code"], owner.header, _values(Subject.PROJECT, self.project))

    @property
    def need(self) -> str:
        """What money is wanted, in words."""
        return need_text(_values(Subject.NEED, one) for one in self.needs)

    @property
    def kinds(self) -> tuple[str, ...] | None:
        """The kinds of an institution; None for a project."""
        found: tuple[str, ...] | None = None if self.project else self.institution.facts["kinds"]
        return found


def _values(subject: Subject, one: Recorded) -> dict[str, Any]:
    return dict(values_of(recorded_facts(subject, one.facts)))


def subjects_of(session: Session, nominations: Sequence[Nomination]) -> dict[UUID, Admitted]:
    """The subject of each nomination, by the nomination's id; a handful of statements however many they are."""
    owners = _found(session, INSTITUTION, {one.institution_id for one in nominations})
    projects = _found(session, PROJECT, {one.project_id for one in nominations if one.project_id is not None})
    needs = _open_needs(session, owners)
    return {
        one.id: Admitted(
            owners[one.institution_id],
            None if one.project_id is None else projects[one.project_id],
            tuple(needs[one.institution_id, one.project_id]),
        )
        for one in nominations
    }


def _found(session: Session, noun: Noun, keys: Iterable[UUID]) -> dict[UUID, Recorded]:
    rows = session.execute(with_version(noun).where(noun.table.c.id.in_(set(keys)))).mappings()
    return {one.id: one for one in (recorded(noun, row) for row in rows)}


def _open_needs(session: Session, owners: Iterable[UUID]) -> defaultdict[tuple[UUID, UUID | None], list[Recorded]]:
    """By institution and project. A need of a project is the project's and not the institution's own."""
    table = NEED.table
    query = with_version(NEED).where(and_(table.c.institution_id.in_(set(owners)), table.c.status == "open"))
    found: defaultdict[tuple[UUID, UUID | None], list[Recorded]] = defaultdict(list)
    for row in session.execute(query.order_by(table.c.id)).mappings():
        one = recorded(NEED, row)
        found[one.header["institution_id"], one.header["project_id"]].append(one)
    return found


class Papers(NamedTuple):
    """What hangs on institutions: attestations by subject, attachments by institution."""

    attestations: Mapping[UUID, list[dict[str, Any]]]
    attachments: Mapping[UUID, list[dict[str, Any]]]


def papers_of(session: Session, nominations: Sequence[Nomination]) -> Papers:
    """The open attestations of the subjects, and the digests of their institutions' files."""
    owners = {one.institution_id for one in nominations}
    attested: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    query = select(Attestation).where(Attestation.institution_id.in_(owners), Attestation.recorded_to.is_(None))
    for one in session.scalars(query.order_by(Attestation.fact, Attestation.programme)):
        attested[one.subject_id].append({name: _plain(getattr(one, name)) for name in _ATTESTED})
    attached: defaultdict[UUID, list[dict[str, Any]]] = defaultdict(list)
    files = select(Attachment).where(Attachment.institution_id.in_(owners)).order_by(Attachment.id)
    for file in session.scalars(files):
        attached[file.institution_id].append({"id": str(file.id), **{name: getattr(file, name) for name in _ATTACHED}})
    return Papers(attested, attached)


def snapshot(subject: Admitted, papers: Papers, at: datetime) -> dict[str, Any]:
    """Everything that stood on record of a subject at its admission, as JSON."""
    owner, project = subject.institution, subject.project
    attested = [*papers.attestations.get(owner.id, []), *(papers.attestations.get(project.id, []) if project else [])]
    return {
        "at": at.isoformat(),
        "institution": {
            **{name: _plain(owner.header[name]) for name in ("id", "uscc", "provisional_number", "site_number")},
            **{name: owner.header[name] for name in ("name", "region_code")},
            "facts": _facts(Subject.INSTITUTION, owner),
        },
        "project": None
        if project is None
        else {
            "id": str(project.id),
            **{name: project.header[name] for name in ("name", "region_code")},
            "facts": _facts(Subject.PROJECT, project),
        },
        "needs": [{"id": str(one.id), "facts": _facts(Subject.NEED, one)} for one in subject.needs],
        "attestations": attested,
        "attachments": papers.attachments.get(owner.id, []),
    }


def _facts(subject: Subject, one: Recorded) -> dict[str, Any]:
    return {key: _stated(key, statement) for key, statement in recorded_facts(subject, one.facts).items()}


def _stated(key: str, statement: Statement) -> dict[str, Any]:
    return {
        "value": written(CATALOGUE[key], statement.value),
        "provenance": statement.provenance.value,
        "on": _plain(statement.on),
        "by": statement.by,
    }


def _plain(value: Any) -> Any:
    """Days and ids as text."""
    return value if value is None or isinstance(value, bool | int | str) else str(value)

"""From recorded rows to answers, with what the caller may see of them. Pure."""

from collections.abc import Mapping
from typing import Any

from app.access.consent_fields import LOAN_CONTRACT
from app.access.sight import EVERYTHING, Sight
from app.institutions.facts import recorded_facts, written
from app.institutions.history import Recorded
from app.institutions.places import is_zone, place_name
from app.institutions.schemas import (
    AttachmentOut,
    AttestationOut,
    FactOut,
    Facts,
    InstitutionOut,
    InstitutionRowOut,
    LoanOut,
    NeedOut,
    ProjectOut,
)
from app.rules.catalogue import CATALOGUE
from app.rules.facts import Subject

_CONTACT = ("legal_representative", "contact_person", "telephone")


def facts_out(subject: Subject, row: Mapping[str, Any], sight: Sight) -> Facts:
    """The recorded facts of a version that the caller may see, in the order of the catalogue."""
    return {
        key: FactOut(
            value=written(CATALOGUE[key], one.value),
            provenance=one.provenance,
            on=one.on,
            by=one.by,
            visibility=CATALOGUE[key].visibility,
        )
        for key, one in recorded_facts(subject, row).items()
        if not sight.hides(key)
    }


def _versioned(one: Recorded) -> dict[str, Any]:
    return {
        "id": one.id,
        "version": one.version if one.current else None,
        "recorded_from": one.facts["recorded_from"],
        "created_at": one.header["created_at"],
    }


def _placed(code: str) -> dict[str, Any]:
    return {"region_code": code, "region_name": place_name(code), "zone": is_zone(code)}


def _named(header: Mapping[Any, Any], *names: str) -> dict[str, Any]:
    return {name: header[name] for name in names}


def _contact(facts: Mapping[str, Any], sight: Sight) -> dict[str, Any]:
    return {name: None if sight.hides(f"contact.{name}") else facts[name] for name in _CONTACT}


def institution_out(one: Recorded, sight: Sight = EVERYTHING) -> InstitutionOut:
    """An institution as it was on record; its numbers are the present ones."""
    return InstitutionOut(
        **_versioned(one),
        **_placed(one.facts["region_code"] or one.header["region_code"]),
        **_named(one.header, "uscc", "provisional_number", "site_number"),
        **_named(one.facts, "name", "address", "list_status", "listed_on"),
        **_contact(one.facts, sight),
        facts=facts_out(Subject.INSTITUTION, one.facts, sight),
        masked=sight.masked(Subject.INSTITUTION),
    )


def institution_row_out(row: Mapping[Any, Any]) -> InstitutionRowOut:
    """An institution in a list."""
    names = ("id", "name", "uscc", "provisional_number", "site_number", "ownership", "grade", "beds_total")
    kinds = None if row["kinds"] is None else list(row["kinds"])
    rest = _named(row, *names, "list_status", "version")
    return InstitutionRowOut(**rest, **_placed(row["region_code"]), kinds=kinds)


def project_out(one: Recorded, sight: Sight = EVERYTHING) -> ProjectOut:
    """A project as it was on record."""
    return ProjectOut(
        **_versioned(one),
        **_placed(one.facts["region_code"] or one.header["region_code"]),
        **_named(one.header, "institution_id"),
        **_named(one.facts, "name", "list_status", "listed_on"),
        facts=facts_out(Subject.PROJECT, one.facts, sight),
        masked=sight.masked(Subject.PROJECT),
    )


def need_out(one: Recorded, sight: Sight = EVERYTHING) -> NeedOut:
    """A need as it was on record."""
    return NeedOut(
        **_versioned(one),
        **_named(one.header, "institution_id"),
        **_named(one.facts, "project_id", "status"),
        facts=facts_out(Subject.NEED, one.facts, sight),
        masked=sight.masked(Subject.NEED),
    )


def loan_out(one: Recorded, sight: Sight = EVERYTHING) -> LoanOut:
    """A loan as it was on record."""
    hidden = sight.hides(LOAN_CONTRACT)
    return LoanOut(
        **_versioned(one),
        **_named(one.header, "institution_id"),
        project_id=one.facts["project_id"],
        lender=None if hidden else one.header["lender"],
        contract_number=None if hidden else one.header["contract_number"],
        terms=None if hidden else one.facts["terms"],
        facts=facts_out(Subject.LOAN, one.facts, sight),
        masked=sight.masked(Subject.LOAN),
    )


def attestation_out(row: Mapping[Any, Any], *, with_evidence: bool = True) -> AttestationOut:
    """An attestation; the empty programme of the table is none.

    Evidence is free text, in which figures stand that nobody consented to: banks read the attestation without it.
    """
    names = (name for name in AttestationOut.model_fields if name not in {"label", "programme", "evidence", "masked"})
    key = f"{row['fact']}@{row['programme']}" if row["programme"] else row["fact"]
    return AttestationOut(
        **_named(row, *names),
        label=CATALOGUE[key].label,
        programme=row["programme"] or None,
        evidence=row["evidence"] if with_evidence else None,
        masked=[] if with_evidence else ["evidence"],
    )


def attachment_out(row: Mapping[Any, Any]) -> AttachmentOut:
    """The description of a file."""
    return AttachmentOut(**_named(row, *AttachmentOut.model_fields))

"""The facts of a request: read by the catalogue, and checked for slips that would silently say nothing."""

from datetime import date
from typing import Any

from app.errors import FieldError, Unprocessable
from app.http.schemas import FIRST_DAY, LAST_DAY
from app.matching.answers import fact_label
from app.matching.fetch import Library
from app.matching.quotes import OTHER_SUBSIDY, unknown_programme
from app.programmes.queries import ProgrammeNotFound
from app.regions import PROVINCE, regions
from app.rules.catalogue import CATALOGUE
from app.rules.facts import FactType
from app.rules.given import Facts, FactsRefused, Provenance, Stated, given


class UnusableFacts(Unprocessable):
    """A fact is unknown to the catalogue, or has a value it does not take."""

    code = "facts_refused"
    title = "填写的事实有误"


def read_facts(written: dict[str, Any]) -> Facts:
    """The facts of a request. Raises UnusableFacts with a pointer to every bad one."""
    try:
        facts = given({key: _stated(key, value) for key, value in written.items()}, at="/facts")
    except FactsRefused as error:
        errors = tuple(FieldError(one.pointer, one.code, one.detail) for one in error.problems)
        raise UnusableFacts(errors[0].detail, errors=errors) from None
    if misfits := tuple(FieldError(f"/facts/{key}", *said) for key in facts.values if (said := _misfit(facts, key))):
        raise UnusableFacts(misfits[0].detail, errors=misfits)
    return facts


def check_assumed(facts: Facts, library: Library) -> None:
    """An attestation of one programme that no programme asks for is a slip, and would silently say nothing."""
    asked = {key for one in library.programmes for rule in one.rules or () for key in rule.facts if "@" in key}
    unasked = [key for key in facts.values if "@" in key and key not in asked]
    if unasked:
        slugs = {key.partition("@")[2] for key in unasked}
        right = "、".join(sorted(key for key in asked if key.partition("@")[2] in slugs))
        advice = f"，这项政策要的是 {right}" if right else "，请核对政策代码"
        errors = tuple(
            FieldError(f"/facts/{key}", "unasked_attestation", f"没有政策问到“{key}”{advice}") for key in unasked
        )
        raise UnusableFacts(errors[0].detail, errors=errors)


def _misfit(facts: Facts, key: str) -> tuple[str, str] | None:
    """The kernel takes any day and any six digits; here the year 1 and a county of nowhere are slips."""
    value = facts.values[key]
    if isinstance(value, date) and not FIRST_DAY <= value <= LAST_DAY:
        return "date_range", f"“{fact_label(key)}”须在 {FIRST_DAY} 到 {LAST_DAY} 之间"
    in_shanxi = CATALOGUE[key].type is FactType.REGION and str(value).startswith(PROVINCE[:2])
    if in_shanxi and value not in regions():
        return "unknown_region", f"“{fact_label(key)}”没有行政区划代码 {value}，可用的见 /api/v1/regions"
    return None


def _stated(key: str, value: object) -> Stated:
    """What a stranger says of himself is declared; what only an office can say is an assumption (假设)."""
    attested = key in CATALOGUE and CATALOGUE[key].type is FactType.ATTESTATION
    return Stated(value, Provenance.ASSUMED if attested else Provenance.DECLARED)


def check_subsidies_known(facts: Facts, library: Library) -> None:
    """Another subsidy of the loan must be a programme that the library knows."""
    received, known = facts.values.get(OTHER_SUBSIDY), {one.record.slug for one in library.programmes}
    for slug in sorted(received - known) if isinstance(received, frozenset) else ():
        detail = unknown_programme(slug, library.programmes)
        error = FieldError(f"/facts/{OTHER_SUBSIDY}", ProgrammeNotFound.code, detail)
        raise UnusableFacts(detail, errors=(error,))

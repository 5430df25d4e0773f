"""What of a changed row the trail shows. It is kept for ever and read by many: no secrets in it, little of people.

Names of changed columns always; values only where they are neither. Hidden values are not hashed either: a telephone
number or a round amount is found from its hash by trying. Of an institution, a project, a need or a loan, the trail
shows the facts that are not subject to consent; the version rows, which nobody can change unseen, have the rest.
"""

from typing import Final

from app.rules.catalogue import CATALOGUE
from app.rules.facts import Subject, Visibility
from app.store.fact_columns import CHECKED, REGISTRY, column_name, stored_facts

# Rows that say nothing of their own: the trail itself, what is derived, what only serves the machine.
UNRECORDED: Final = frozenset(
    {"audit_event", "audit_head", "audit_seal", "idempotent_answer", "search_gram", "counter", "failed_sign_in"}
    # What banks are told of changes that stand in the trail themselves, and how far the telling is.
    | {"outbox_event", "outbox_head", "webhook_lane", "webhook_attempt"}
    # How far work is, and what a sheet said: what becomes of it stands in the rows that it changes.
    | {"operation", "import_row"}
)
# The tables of versions, and the column that says whose version a row is.
VERSIONS: Final = {
    "institution_version": "institution_id",
    "project_version": "project_id",
    "need_version": "need_id",
    "loan_version": "loan_id",
}
_SECRET_ENDINGS: Final = ("_hash", "_secret", "_verifier", "nonce", "token")
_PERSONAL: Final = frozenset(
    {
        "address",
        "checks",
        "contact_person",
        "contract_number",
        "evidence",
        "frozen",
        "grounds",
        "internal_note",
        "legal_representative",
        "oidc_subject",
        "person",
        "results",
        "snapshot",
        "telephone",
        "terms",
        "totp_step",
        "user_agent",
    }
)
_STRUCTURE: Final = frozenset({"id", "recorded_from", "recorded_to", "name", CHECKED, REGISTRY})


def _open_columns(subject: Subject) -> frozenset[str]:
    facts = (fact for fact in stored_facts(subject) if CATALOGUE[fact.key].visibility is not Visibility.CONSENT)
    table = f"{subject.value}_version"
    return frozenset(column_name(fact) for fact in facts) | _STRUCTURE | {VERSIONS[table]}


_OPEN: Final = {
    f"{subject.value}_version": _open_columns(subject)
    for subject in (Subject.INSTITUTION, Subject.PROJECT, Subject.NEED, Subject.LOAN)
}


def is_shown(table: str, column: str) -> bool:
    """Whether the values of a column may stand in the trail."""
    if column.endswith(_SECRET_ENDINGS) or column in _PERSONAL:
        return False
    return table not in _OPEN or column in _OPEN[table]

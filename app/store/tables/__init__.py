"""All tables, in the order of their foreign keys. Importing this module registers them on the metadata."""

from app.store.tables.attestation import Attachment, Attestation
from app.store.tables.department import Department
from app.store.tables.institution import Institution, SearchGram, institution_version
from app.store.tables.loan import Loan, loan_version
from app.store.tables.need import Need, need_version
from app.store.tables.parameter_value import ParameterValue
from app.store.tables.policy_document import Clause, ClauseText, PolicyDocument
from app.store.tables.programme import Programme, ProgrammeVersion
from app.store.tables.project import Project, project_version
from app.store.tables.rate_series import RatePoint, RateSeries

ALL_TABLES = (
    PolicyDocument,
    Clause,
    ClauseText,
    Programme,
    ProgrammeVersion,
    ParameterValue,
    RateSeries,
    RatePoint,
    Department,
    Institution,
    SearchGram,
    Project,
    Need,
    Loan,
    Attestation,
    Attachment,
)

__all__ = [
    "ALL_TABLES",
    "Attachment",
    "Attestation",
    "Clause",
    "ClauseText",
    "Department",
    "Institution",
    "Loan",
    "Need",
    "ParameterValue",
    "PolicyDocument",
    "Programme",
    "ProgrammeVersion",
    "Project",
    "RatePoint",
    "RateSeries",
    "SearchGram",
    "institution_version",
    "loan_version",
    "need_version",
    "project_version",
]

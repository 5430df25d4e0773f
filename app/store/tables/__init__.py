"""All tables, in the order of their foreign keys. Importing this module registers them on the metadata."""

from app.store.tables.department import Department
from app.store.tables.parameter_value import ParameterValue
from app.store.tables.policy_document import Clause, ClauseText, PolicyDocument
from app.store.tables.programme import Programme, ProgrammeVersion
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
)

__all__ = [
    "ALL_TABLES",
    "Clause",
    "ClauseText",
    "Department",
    "ParameterValue",
    "PolicyDocument",
    "Programme",
    "ProgrammeVersion",
    "RatePoint",
    "RateSeries",
]

"""Rules as data: parse them once, then evaluate, explain and advise with three-valued logic. Needs no database."""

from app.rules.advise import Advice, advise
from app.rules.check import Rule, parse
from app.rules.evaluate import evaluate
from app.rules.explain import Explanation, Finding, Findings, explain, findings
from app.rules.given import Facts, FactsRefused, Provenance, Stated, given
from app.rules.parameters import Dated, Parameter, Parameters
from app.rules.steps import Step
from app.rules.structure import Problem, RuleRefused
from app.rules.truth import Truth

__all__ = [
    "Advice",
    "Dated",
    "Explanation",
    "Facts",
    "FactsRefused",
    "Finding",
    "Findings",
    "Parameter",
    "Parameters",
    "Problem",
    "Provenance",
    "Rule",
    "RuleRefused",
    "Stated",
    "Step",
    "Truth",
    "advise",
    "evaluate",
    "explain",
    "findings",
    "given",
    "parse",
]

"""What a rule says of the facts on a day: TRUE, FALSE or UNKNOWN."""

from collections.abc import Mapping
from datetime import date

from app.rules.bind import Bound, Condition, bind
from app.rules.check import Rule
from app.rules.given import Facts, given
from app.rules.parameters import NO_PARAMETERS, Parameters
from app.rules.truth import Truth


def evaluate(
    rule: Rule, facts: Mapping[str, object] | Facts, as_of: date, parameters: Parameters = NO_PARAMETERS
) -> Truth:
    """The verdict of the rule by strong Kleene logic.

    `facts` maps fact keys to values; a key that is absent or None is unknown. A plain mapping is read by the
    catalogue first (FactsRefused says in Chinese what is wrong); pass `given(...)` to read it once for many rules.
    """
    return truth_of(bind(rule, as_of, parameters), given(facts))


def truth_of(bound: Bound, facts: Facts) -> Truth:
    """The verdict of a rule bound to its day."""
    return bound.verdict(facts)


def truth_of_condition(condition: Condition, facts: Facts) -> Truth:
    """UNKNOWN without a usable value or a resolved operand; else the operator's test, flipped under a negation."""
    return condition.verdict(facts)

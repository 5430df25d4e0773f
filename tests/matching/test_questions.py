"""What is asked of a case once says what it says whenever it is asked."""

from hypothesis import given as drawn
from hypothesis import settings

from app.matching.questions import Asked, steps_away
from app.rules import given
from app.rules.conjuncts import Verdicts, conjuncts
from app.rules.explain import NO_NAMES
from app.rules.truth import Truth
from tests.rules.strategies import PARAMETERS, Question, conjunctions, questions

_MANY = settings(max_examples=300, deadline=None)


@_MANY
@drawn(questions() | conjunctions())
def test_what_is_one_step_away_is_what_its_reasons_say(question: Question) -> None:
    asked = Asked(Verdicts(given(question.facts), question.as_of, PARAMETERS), NO_NAMES)
    for part in conjuncts(question.rule)[1]:
        if asked.verdicts[part] is Truth.FALSE:
            assert asked.is_one_step_away(part) is (steps_away(asked.explanation(part)) == 1)

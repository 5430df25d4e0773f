"""The benchmark of pushes counts what it says: every message arrives once, and one that does not is noticed."""

import pytest

from bench.agreement import Disagreement
from bench.webhooks import a_contest
from tests.databases import Databases


def test_everything_arrives_once_and_a_missing_message_is_noticed(databases: Databases) -> None:
    with a_contest(databases, banks=3, changes=4) as contest:
        contest.round()
        contest.round()
        contest.check()
        assert {len(times) for times in contest.times.values()} == {2}
        contest.sent += 1
        with pytest.raises(Disagreement, match="推送"):
            contest.check()

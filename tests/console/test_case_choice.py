"""Which of an institution's cases is looked at: a few are in sight, the chosen one always, and all can be reached."""

from uuid import UUID

import pytest

from app.access.permissions import Role
from tests.access.town import HOME, Town
from tests.console.desk import Desk, sign_in

IN_SIGHT = 8


@pytest.fixture(scope="module")
def needs(town: Town) -> tuple[Desk, list[str]]:
    """Somebody of an institution with as many open needs as are in sight, newest first; `institution` itself is one."""
    facts = {"institution.region_code": HOME}
    made = town.house.post(town.people.county, "/institutions", {"name": "虚构多需求养老院", "facts": facts})
    person = town.house.somebody(Role.INSTITUTION, HOME, institution_id=UUID(made["id"]))
    keys = [
        town.house.post(
            person, f"/institutions/{made['id']}/needs", {"facts": {"need.amount_yuan": f"{100 + one}0000"}}
        )["id"]
        for one in range(IN_SIGHT)
    ]
    return sign_in(town, person), keys[::-1]


def test_all_cases_are_links_and_few_are_in_sight(needs: tuple[Desk, list[str]]) -> None:
    desk, keys = needs
    in_sight, _, folded = _choice(desk, "/mine").partition("<details")
    assert "?of=institution" in in_sight
    assert [key for key in keys if f"?need={key}" in in_sight] == keys[:-1]
    assert [key for key in keys if f"?need={key}" in folded] == keys[-1:]
    assert "另有 1 个可以核对" in folded


def test_the_chosen_case_is_in_sight_wherever_it_stands(needs: tuple[Desk, list[str]]) -> None:
    desk, keys = needs
    every = _choice(desk, f"/mine?need={keys[-1]}")
    assert f'?need={keys[-1]}" aria-current="true"' in every
    assert "<details" not in every
    assert every.count("aria-current") == 1


def _choice(desk: Desk, path: str) -> str:
    _, _, after = desk.get(path).response.text.partition('<nav class="cases')
    return after.partition("</nav>")[0]

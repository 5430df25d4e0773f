"""The bank's story over HTTP: its product, its candidates and why, a contact, a granted and a paid-out loan.

Its own system, a process that verifies signatures, is told of each entry by `yinqiao deliver`, another process.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any, Final
from uuid import UUID, uuid4

import pytest

from app.access.permissions import Role
from app.config import PROJECT_ROOT
from app.http.clock import now
from tests.access.deliveries import a_published_batch, an_entry
from tests.access.people import Person, somebody
from tests.access.town import HOME, SECRET_KEY, Town, leaf, terms
from tests.referrals.conftest import LOOPBACK
from tests.referrals.scene import DAY, Lender, a_lender, a_registry, letters

pytestmark = pytest.mark.usefixtures("today")
FEW = 12


_DELIVER: Final = (
    "import sys, datetime, time_machine\n"
    "from app.referrals.deliver import deliver\n"
    "with time_machine.travel(datetime.datetime.fromisoformat(sys.argv[1]), tick=True):\n"
    "    deliver(once=True)\n"
)


@dataclass(frozen=True)
class BankSystem:
    """A process that takes the bank's webhooks."""

    asked: IO[str]
    said: IO[str]
    port: int

    def knows(self, secret: str) -> None:
        self.asked.write(f"{secret}\n")
        self.asked.flush()

    def verified(self, count: int) -> list[dict[str, Any]]:
        """The next events whose signature was right."""
        return [json.loads(self.said.readline()) for _ in range(count)]


@contextmanager
def a_bank_system() -> Iterator[BankSystem]:
    command = [sys.executable, "-m", "tests.referrals.bank_system", now().isoformat()]
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            asked, said = process.stdin, process.stdout
            assert asked is not None
            assert said is not None
            yield BankSystem(asked, said, int(said.readline()))
        finally:
            process.kill()


def deliver_all(town: Town) -> None:
    """`yinqiao deliver --once` as a process of its own, on the day of the story."""
    environment = os.environ | {
        "YINQIAO_DATABASE_URL": town.house.owner.engine.url.render_as_string(hide_password=False),
        "YINQIAO_SECRET_KEY": SECRET_KEY,
        "YINQIAO_WEBHOOK_ALLOWED_NETWORKS": LOOPBACK,
    }
    command = [sys.executable, "-c", _DELIVER, now().isoformat()]
    subprocess.run(command, env=environment, cwd=PROJECT_ROOT, check=True, timeout=60)


def kangyang(town: Town) -> tuple[list[UUID], Person, UUID]:
    """A batch of projects of social investors and their needs; who acts for the owner of the first; and that owner."""
    with town.house.owner.writing() as session:
        registry, batch = a_registry(session), a_published_batch(session)
        owners, needs = [], []
        for place in range(FEW):
            owner = registry.institution(region=HOME, name=f"虚构康养公司{place}号", beds_total=200)
            beds = None if place == FEW - 1 else 80 if place else 200
            known: dict[str, Any] = {"is_kangyang": True, "investor": "social", "beds": beds}
            project = registry.project(owner, region=HOME, **known)
            if place == 0:
                registry.attest(project, "project.meets_detailed_rules", programme="kangyang-interest-subsidy")
            need = registry.need(owner, project, amount_yuan=Decimal(20_000_000), term_months=36)
            an_entry(session, batch, owner, project)
            owners.append(owner)
            needs.append(need)
        person = somebody(session, Role.INSTITUTION, HOME, institution_id=owners[0])
        return [batch.id, *needs], person, owners[0]


def send(town: Town, person: Person, path: str, body: dict[str, Any], version: int | None = None) -> dict[str, Any]:
    headers = {"Idempotency-Key": uuid4().hex}
    answer = town.house.call(person, "POST", path, json=body, version=version, headers=headers)
    assert answer.status_code in {200, 201}, answer.text
    written: dict[str, Any] = answer.json()
    return written


def a_product(town: Town, lender: Lender) -> str:
    asks = {"op": "all", "of": [leaf("beds", "ge", "project.beds", value=100)]}
    written = terms(
        subjects=["need"],
        requires=asks,
        name="虚构康养项目贷",
        amount={"low_yuan": "100000.00", "high_yuan": "50000000.00"},
    )
    made = send(town, lender.manager, "/products", {"slug": f"{lender.code}-loan", "bank": lender.code, **written})
    send(town, lender.mate, f"/products/{made['id']}/versions/1/actions/publish", {}, version=1)
    return str(made["id"])


def paid_out(town: Town, lender: Lender, path: str) -> dict[str, Any]:
    """Every step of an assigned follow-up to the loan."""
    one = send(town, lender.mate, f"{path}/actions/contact", {"contacted_on": DAY}, 2)
    one = send(town, lender.mate, f"{path}/actions/investigate", {"began_on": DAY}, one["version"])
    grant = {"amount_yuan": "20000000", "granted_on": DAY}
    one = send(town, lender.mate, f"{path}/actions/grant", grant, one["version"])
    assert (one["state"], one["granted_yuan"], one["standing"]) == ("granted", "20000000.00", "decided")
    loan = {"amount_yuan": "20000000", "disbursed_on": DAY, "due_on": "2029-11-20", "rate_percent": "3.5"}
    one = send(town, lender.mate, f"{path}/actions/disburse", loan | {"contract_number": "虚构-2026-1"}, one["version"])
    assert one["state"] == "disbursed"
    return one


@pytest.fixture
def bank_system() -> Iterator[BankSystem]:
    with a_bank_system() as system:
        yield system


def test_from_a_push_to_a_paid_out_loan_with_its_estimated_subsidy(town: Town, bank_system: BankSystem) -> None:
    house, lender = town.house, a_lender(town)
    endpoint = send(town, lender.manager, "/webhook-endpoints", {"url": f"http://127.0.0.1:{bank_system.port}/yinqiao"})
    bank_system.knows(endpoint["secret"])
    (batch, need, *_), owner, institution = kangyang(town)
    product = a_product(town, lender)
    assert house.get(lender.manager, f"/products/{product}/candidates", total=True)["items"] == []

    made = send(town, town.people.pboc, "/pushes", {"batch_id": str(batch), "banks": [lender.code]})
    delivery = made["deliveries"][0]
    assert delivery["items"] == FEW
    deliver_all(town)
    told = bank_system.verified(FEW + 1)
    assert [one["type"] for one in told if one["subject"] == delivery["id"]] == ["cn.yinqiao.push.delivered"]
    new = {one["subject"] for one in told if one["type"] == "cn.yinqiao.entry.new"}
    rows = house.get(lender.manager, "/referrals", page_size=200)["items"]
    assert new == {one["entry_id"] for one in rows}
    send(town, lender.manager, f"/pushes/{made['id']}/deliveries/{delivery['id']}/actions/receive", {})

    # Its candidates with a count; why each fits, or what is missing, or how far off it is.
    asked = {"total": True, "expand": "conditions", "page_size": 50}
    candidates = house.get(lender.manager, f"/products/{product}/candidates", **asked)
    assert candidates["total"] == FEW
    best = candidates["items"][0]
    assert (best["case_id"], best["outcome"]) == (str(need), "eligible")
    assert all(one["truth"] == "true" and one["sentence"] for one in best["conditions"])
    open_ones = [one for one in candidates["items"] if one["outcome"] == "needs_info"]
    assert [[fact["fact"] for fact in one["missing"]] for one in open_ones] == [["project.beds"]]
    near = [one for one in candidates["items"] if one["near_miss"]]
    assert len(near) == FEW - 2
    assert all("20" in one["advice"] for one in near)

    rows = house.get(lender.manager, "/referrals", institution=str(institution))["items"]
    path = f"/referrals/{rows[0]['id']}"
    assign = {"manager_id": str(lender.mate.account_id)}
    send(town, lender.manager, f"{path}/actions/assign", assign, 1)
    one = paid_out(town, lender, path)

    # The same figure as the public calculator's for the same loan, to the fen.
    quote = house.post(
        None,
        "/interest-subsidy-quotes",
        {
            "principal_yuan": "20000000",
            "drawn_on": DAY,
            "due_on": "2029-11-20",
            "contract_rate_percent": "3.5",
        },
        status=200,
    )
    seen = house.get(owner, path)
    assert seen["subsidy_programme"] == "kangyang-interest-subsidy"
    assert Decimal(seen["subsidy_yuan"]) == Decimal(quote["subsidy_yuan"]) > 0
    (letter,) = letters(town, owner, "referral.disbursed")
    assert f"{Decimal(quote['subsidy_yuan']):,.2f} 元" in letter["body"]
    assert letter["subject_id"] == one["loan_id"]
    address = letter["body"].rpartition("：")[2]
    assert address == f"/api/v1/institutions/{institution}/matches?loan={one['loan_id']}&expand=conditions"
    matches = house.get(owner, f"/institutions/{institution}/matches", loan=one["loan_id"], expand="conditions")
    found = next(row for row in matches["programmes"] if row["slug"] == "kangyang-interest-subsidy")
    assert found["outcome"] == "eligible"
    assert len(found["quote"]["years"]) >= 3
    # The bank reports and is not told what its customer may get.
    assert one["subsidy_yuan"] is None
    states = house.get(town.people.pboc, "/referrals", institution=str(institution))["items"]
    assert [(row["state"], row["disbursed_yuan"]) for row in states] == [("disbursed", "20000000.00")]

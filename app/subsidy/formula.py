"""A year's sum in words and figures, so that a clerk can check it with a calculator."""

from collections.abc import Iterable
from typing import NamedTuple

from app.subsidy.amounts import SHARE_UNIT, percent, share_words, yuan


class Term(NamedTuple):
    """One product of a year's sum: fen x rate x days."""

    balance: int
    rate: int
    days: int


class Bound(NamedTuple):
    """A limit that lowered the year's amount, in words, and the limit in fen."""

    words: str
    limit: int


def merged(terms: Iterable[Term]) -> list[Term]:
    """Neighbouring terms of the same balance and rate as one; those without balance or rate left out."""
    found: list[Term] = []
    for term in terms:
        if found and found[-1][:2] == term[:2]:
            found[-1] = found[-1]._replace(days=found[-1].days + term.days)
        else:
            found.append(term)
    return [term for term in found if term.balance and term.rate]


def formula(
    terms: Iterable[Term], year_days: int, share: int, project_share: int, uncapped: int, bounds: Iterable[Bound]
) -> str:
    """The sentence for one year; `uncapped` is the rounded amount before any bound."""
    products = [f"{yuan(term.balance):,} 元 × {percent(term.rate)}% × {term.days} 天" for term in merged(terms)]
    if not products:
        return "当年没有计息余额，贴息 0.00 元"
    total = products[0] if len(products) == 1 else f"({' + '.join(products)})"
    used = "" if project_share == SHARE_UNIT else f" × 项目使用比例 {share_words(project_share)}"
    text = f"{total} ÷ {year_days} × {share_words(share)}{used} = {yuan(uncapped):,} 元"
    return text + "".join(f"；{bound.words}，按 {yuan(bound.limit):,} 元计" for bound in bounds)

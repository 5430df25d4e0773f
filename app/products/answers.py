"""Banks, products, versions and impacts as the answers of the API."""

from collections.abc import Sequence
from datetime import date
from typing import Literal
from uuid import UUID

from app.access.scope import Scope, at_least
from app.http.schemas import Citation
from app.products import timeline
from app.products.impact import Change, Impact, Sampled, Verdict
from app.products.internal import BY_THE_BANK, INTERNAL, masked_rule
from app.products.models import BANK_KINDS, AmountRange, LendingRate, LprLendingRate, RateTier, TermRange
from app.products.queries import parsed
from app.products.rates import LprOn, rate_on
from app.products.schemas import (
    AmountOut,
    BankOut,
    ChangeCountsOut,
    ImpactOut,
    LenderOut,
    LprOut,
    ProductBankOut,
    ProductConditionOut,
    ProductOut,
    ProductVersionOut,
    RateOut,
    RateTierOut,
    RelendingListOut,
    RelendingOut,
    SampledOut,
    TermOut,
    VerdictCountsOut,
)
from app.products.terms import RESERVED_IDS, ProductRules
from app.programmes.models import ClauseLabel
from app.regions import region_names
from app.rules.check import fact_key
from app.rules.nodes import Citation as RuleCitation
from app.store.tables import Bank, Product, ProductVersion, RelendingLender, RelendingList
from app.subsidy import Rates


def bank_out(bank: Bank, tools: Sequence[RelendingList]) -> BankOut:
    """A bank with the relending tools that it may use."""
    return BankOut(
        id=bank.id,
        code=bank.code,
        name=bank.name,
        kind=bank.kind,
        kind_label=BANK_KINDS[bank.kind],
        region_code=bank.region_code,
        region_name=region_names()[bank.region_code],
        national=bank.national,
        relending=[RelendingOut(code=tool.code, name=tool.name, note=tool.note) for tool in tools],
    )


def relending_out(
    tool: RelendingList, lenders: Sequence[RelendingLender], day: date, label: ClauseLabel | None
) -> RelendingListOut:
    """A relending tool with the lenders of a day."""
    on_day = (one for one in lenders if one.valid_from <= day and (one.valid_to is None or day < one.valid_to))
    return RelendingListOut(
        code=tool.code,
        name=tool.name,
        note=tool.note,
        citation=_clause(RuleCitation.model_validate(tool.citation), label),
        as_of=day,
        lenders=[_lender_out(lender) for lender in on_day],
    )


def _clause(cite: RuleCitation, label: ClauseLabel | None) -> Citation:
    shown = f"{cite.document} {cite.clause}" if label is None else label.label
    return Citation(
        document=cite.document or "",
        document_number=None if label is None else label.document_number,
        clause=cite.clause,
        label=shown,
        summary=None if label is None else label.summary,
    )


def _lender_out(lender: RelendingLender) -> LenderOut:
    return LenderOut(
        code=lender.bank_code,
        name=lender.name,
        kind=lender.kind,
        kind_label=BANK_KINDS[lender.kind],
        national=lender.national,
        valid_from=lender.valid_from,
        valid_to=lender.valid_to,
    )


def product_out(
    product: Product, bank: Bank, versions: Sequence[ProductVersion], day: date, rates: Rates, *, is_own: bool
) -> ProductOut:
    """A product with the version that people are shown on a day; `is_own`: to the bank itself."""
    shown = timeline.shown(versions, day) or versions[-1]
    draft = next((one for one in versions if one.published_at is None and one.withdrawn_at is None), None)
    out = version_out(shown, versions, day, rates, is_own=is_own)
    kind = BANK_KINDS[bank.kind]
    return ProductOut(
        id=product.id,
        slug=product.slug,
        bank=ProductBankOut(code=bank.code, name=bank.name, kind=bank.kind, kind_label=kind),
        status=out.status,
        status_label=out.status_label,
        draft_version=None if draft is None else draft.number,
        shown=out,
    )


def version_out(
    version: ProductVersion, versions: Sequence[ProductVersion], day: date, rates: Rates, *, is_own: bool
) -> ProductVersionOut:
    """A version among its product's, with its rates as they stand on a day; to others without what is internal."""
    record, rules = parsed(version)
    hidden = () if is_own else record.internal
    status = timeline.status_on(version, versions, day)
    return ProductVersionOut(
        product_id=version.product_id,
        version=version.number,
        status=status,
        status_label=timeline.STATUS_LABELS[status],
        revision=version.revision,
        slug=record.slug,
        bank=record.bank,
        name=record.name,
        summary=record.summary,
        subjects=list(record.subjects),
        purposes=list(record.purposes),
        amount=amount_out(record.amount),
        term=term_out(record.term),
        rate=rate_out(record.rate, day, rates),
        tiers=[_tier_out(tier, day, rates) for tier in record.tiers],
        repayment_styles=list(record.repayment_styles),
        securities=list(record.securities),
        regions=list(record.regions),
        valid_from=record.valid_from,
        valid_to=record.valid_to,
        applies=masked_rule(record.applies, hidden),
        requires=masked_rule(record.requires, hidden),
        internal=list(record.internal) if is_own else [],
        conditions=conditions_out(rules, record.internal, is_own=is_own),
        notes=list(record.notes),
        published_on=version.published_on,
        superseded_on=None if version.published_on is None else timeline.superseded_on(version, versions),
        withdrawn_on=version.withdrawn_on,
    )


def conditions_out(rules: ProductRules, internal: Sequence[str], *, is_own: bool) -> list[ProductConditionOut]:
    """The conditions of a product left to right."""
    front = tuple(f"/of/{place}" for place in range(rules.applies_count))
    found = [
        ProductConditionOut(
            id=leaf.id or "",
            fact=fact_key(leaf),
            label=rules.rule.facts[fact_key(leaf)].label,
            generated=leaf.id in RESERVED_IDS,
            decides="applies" if "/".join(at.split("/")[:3]) in front else "requires",
            visibility="internal" if leaf.id in internal else "public",
            own=None if leaf.cite is None else leaf.cite.own,
            law=_law(leaf.cite),
        )
        for at, leaf in rules.rule.leaves
    ]
    return [one if is_own or one.visibility == "public" else _kept_back(one) for one in found]


def _kept_back(one: ProductConditionOut) -> ProductConditionOut:
    """That there is a condition, and whether its failure means that the product is not for the case."""
    return ProductConditionOut(
        id=INTERNAL,
        fact=INTERNAL,
        label=BY_THE_BANK,
        generated=False,
        decides=one.decides,
        visibility="internal",
        own=None,
        law=None,
    )


def _law(cite: RuleCitation | None) -> str | None:
    if cite is None or cite.law is None:
        return None
    return f"{cite.law}第{cite.article}条" if cite.article else cite.law


def amount_out(amount: AmountRange) -> AmountOut:
    """What the bank lends."""
    return AmountOut(low_yuan=amount.low_yuan, high_yuan=amount.high_yuan)


def term_out(term: TermRange) -> TermOut:
    """For how long."""
    return TermOut(low_months=term.low_months, high_months=term.high_months)


def rate_out(rate: LendingRate, day: date, rates: Rates) -> RateOut:
    """A rate as agreed and as it comes to on a day."""
    on_day = rate_on(rate, day, rates)
    kind: Literal["fixed", "lpr"] = rate.kind
    margin = rate if isinstance(rate, LprLendingRate) else None
    return RateOut(
        kind=kind,
        tenor=None if margin is None else margin.tenor,
        low_basis_points=None if margin is None else margin.low_basis_points,
        high_basis_points=None if margin is None else margin.high_basis_points,
        low_percent=on_day.low_percent,
        high_percent=on_day.high_percent,
        lpr=None if on_day.lpr is None else _lpr_out(on_day.lpr),
        note=on_day.note,
    )


def _lpr_out(lpr: LprOn) -> LprOut:
    return LprOut(
        series=lpr.series,
        name=lpr.name,
        on=lpr.on,
        percent=lpr.percent,
        since=lpr.since,
        known_through=lpr.known_through,
        carried_forward=lpr.carried_forward,
    )


def _tier_out(tier: RateTier, day: date, rates: Rates) -> RateTierOut:
    return RateTierOut(
        name=tier.name,
        amount=None if tier.amount is None else amount_out(tier.amount),
        term=None if tier.term is None else term_out(tier.term),
        rate=rate_out(tier.rate, day, rates),
    )


def impact_out(effect: Impact, product_id: UUID | None, against: int | None, scope: Scope) -> ImpactOut:
    """An impact with the names of its regions. A bank reads no count below ten, and a sample without names."""
    few = scope.exact_from
    cases = {change: at_least(few, effect.cases[change]) for change in Change}
    sample = [one for one in effect.sample if cases[one.change] is not None]
    return ImpactOut(
        as_of=effect.as_of,
        product_id=product_id,
        against=against,
        fewer_than=few,
        cases=ChangeCountsOut(**{change.value: count for change, count in cases.items()}),
        institutions=ChangeCountsOut(**{change.value: at_least(few, effect.institutions[change]) for change in Change}),
        unchanged=at_least(few, effect.unchanged),
        before=VerdictCountsOut(**{verdict.value: at_least(few, effect.before[verdict]) for verdict in Verdict}),
        after=VerdictCountsOut(**{verdict.value: at_least(few, effect.after[verdict]) for verdict in Verdict}),
        sample=[_sampled_out(one, is_named=few is None) for one in sample],
    )


def _sampled_out(one: Sampled, *, is_named: bool) -> SampledOut:
    return SampledOut(
        change=one.change,
        kind=one.kind,
        case_id=one.case_id if is_named else None,
        institution_id=one.institution_id if is_named else None,
        name=one.name if is_named else None,
        region_code=one.region_code,
        region_name=region_names().get(one.region_code, one.region_code),
        before=one.before,
        after=one.after,
    )

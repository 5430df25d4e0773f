"""How conditions and quotes name their sources: clause labels, laws, published series, own conditions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from app.http.schemas import Citation
from app.programmes.models import ClauseLabel
from app.rules.nodes import Citation as RuleCitation

# Labels of clauses by (document slug, clause key).
Clauses: TypeAlias = Mapping[tuple[str, str], ClauseLabel]


@dataclass(frozen=True, slots=True)
class Citations:
    """Labels of clauses, and names of series by code."""

    clauses: Clauses
    series_sources: Mapping[str, str]

    def clause(self, document: str, key: str) -> Citation:
        """A clause with its 文号 and own-words summary."""
        label = self.clauses.get((document, key))
        if label is None:
            return Citation(
                document=document, document_number=None, clause=key, label=f"{document} {key}", summary=None
            )
        return Citation(
            document=document,
            document_number=label.document_number,
            clause=key,
            label=label.label,
            summary=label.summary,
        )

    def series(self, code: str) -> Citation:
        """A published series of reference rates."""
        source = self.series_sources.get(code, code)
        return Citation(document=code, document_number=None, clause=None, label=source, summary=None)

    def of(self, cite: RuleCitation | None, document: str) -> Citation:
        """What a condition cites, within the document that its rule belongs to."""
        if cite is None:
            return Citation(document=document, document_number=None, clause=None, label="", summary=None)
        if cite.clause is not None:
            return self.clause(cite.document or document, cite.clause)
        if cite.law is not None:
            label = f"{cite.law}第{cite.article}条" if cite.article else cite.law
            return Citation(document=cite.law, document_number=None, clause=cite.article, label=label, summary=None)
        return Citation(document=document, document_number=None, clause=None, label=cite.own or "", summary=None)

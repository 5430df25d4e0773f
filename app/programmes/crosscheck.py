"""What no single seed file can know: that every name is defined once, and every reference somewhere."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias

from app.programmes.models import PolicyFile, ProgrammeRecord
from app.rules.nodes import Citation
from app.rules.parameters import Parameters
from app.rules.structure import RuleRefused

Steps: TypeAlias = Sequence[object]
Refuse: TypeAlias = Callable[[Steps, str], Exception]
_Clauses: TypeAlias = set[tuple[str, str]]


def check_together(files: Sequence[tuple[Refuse, PolicyFile]], departments: set[str]) -> None:
    """Raises what a file's `refuse` makes of the first place that does not fit the others."""
    clauses = {(file.document.slug, clause.key) for _, file in files for clause in file.clauses}
    slugs = {programme.slug for _, file in files for programme in file.programmes}
    parameters = Parameters(record.parameter() for _, file in files for record in file.parameters)
    seen: set[object] = set()
    for refuse, file in files:
        complaints = chain(
            _doubles(file, seen),
            _unknown_departments(file, departments),
            _unknown_citations(file, clauses),
            _unfit_programmes(file, clauses, slugs, parameters),
        )
        for steps, reason in complaints:
            raise refuse(steps, reason)


def _doubles(file: PolicyFile, seen: set[object]) -> Iterator[tuple[Steps, str]]:
    slug = file.document.slug
    named: Iterable[tuple[Steps, object]] = chain(
        [(("document", "slug"), ("document", slug))],
        ((("clauses", i, "key"), (slug, one.key)) for i, one in enumerate(file.clauses)),
        ((("parameters", i, "key"), ("parameter", one.key)) for i, one in enumerate(file.parameters)),
        ((("programmes", i, "slug"), ("programme", one.slug)) for i, one in enumerate(file.programmes)),
    )
    for steps, name in named:
        if name in seen:
            yield steps, "这个名称已经用过，请各用各的"
        seen.add(name)


def _unknown_departments(file: PolicyFile, known: set[str]) -> Iterator[tuple[Steps, str]]:
    named = chain(
        ((("clauses", i, "departments"), clause.departments) for i, clause in enumerate(file.clauses)),
        ((("programmes", i, "departments"), one.departments) for i, one in enumerate(file.programmes)),
    )
    for steps, names in named:
        for j, name in enumerate(names):
            if name not in known:
                yield (*steps, j), f"departments.yaml 里没有“{name}”"


def programme_complaints(
    programme: ProgrammeRecord, document: str, clauses: _Clauses, slugs: set[str], parameters: Parameters
) -> Iterator[tuple[Steps, str]]:
    """What of one programme does not fit the library: clauses and programmes it names, its rules, their sources."""
    for key in filter(None, (programme.clause, *programme.also)):
        if (document, key) not in clauses:
            yield ("clause",), f"本文件没有条款“{key}”"
    for other in _related(programme):
        if other not in slugs:
            yield ("relations",), f"没有政策“{other}”"
    try:
        rules = programme.rules(parameters)
    except RuleRefused as refusal:
        for problem in refusal.problems:
            yield tuple(problem.pointer.split("/")[1:]), problem.detail
        return
    for leaf in dict.fromkeys(leaf for rule in rules or () for _, leaf in rule.leaves):
        if leaf.cite is None or leaf.id is None:
            yield (), f"“{leaf.fact}”的条件要写 id 和 cite"
        elif not _is_defined(leaf.cite, document, clauses):
            yield (), f"条件 {leaf.id} 引用的条款不存在"


def _unknown_citations(file: PolicyFile, clauses: _Clauses) -> Iterator[tuple[Steps, str]]:
    for i, parameter in enumerate(file.parameters):
        if not _is_defined(parameter.cite, file.document.slug, clauses):
            yield ("parameters", i, "cite"), "引用的条款不存在"


def _related(programme: ProgrammeRecord) -> Iterator[str]:
    relations = programme.relations
    yield from chain(relations.excludes, relations.stacks, relations.notes_on)
    if relations.superseded_by:
        yield relations.superseded_by


def _unfit_programmes(
    file: PolicyFile, clauses: _Clauses, slugs: set[str], parameters: Parameters
) -> Iterator[tuple[Steps, str]]:
    for i, programme in enumerate(file.programmes):
        for steps, reason in programme_complaints(programme, file.document.slug, clauses, slugs, parameters):
            yield ("programmes", i, *steps), reason


def _is_defined(cite: Citation, slug: str, clauses: _Clauses) -> bool:
    return cite.clause is None or (cite.document or slug, cite.clause) in clauses

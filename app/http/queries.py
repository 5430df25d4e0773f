"""The query of an address, read strictly: a parameter that we do not know was meant to say something."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from fastapi import params
from fastapi._compat import field_annotation_is_sequence
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from starlette.datastructures import QueryParams

from app.errors import FieldError, Unprocessable
from app.http.refusals import MAX_ERRORS, REFUSED, pointer

_MAX_NAME = 60


@dataclass(frozen=True, slots=True)
class DeclaredQuery:
    """The names that an operation reads from its query, in the order of its document, and those it reads repeatedly."""

    names: tuple[str, ...]
    repeatable: frozenset[str]

    @classmethod
    def of(cls, dependant: Dependant) -> Self:
        """What the endpoint and everything that it depends on declare."""
        fields = [field for field in get_flat_params(dependant) if isinstance(field.field_info, params.Query)]
        many = (field.alias for field in fields if field_annotation_is_sequence(field.field_info.annotation))
        return cls(tuple(field.alias for field in fields), frozenset(many))

    def check(self, query: QueryParams) -> None:
        """Raise Unprocessable for every name that nobody reads, and for a second value of which one would be lost."""
        errors = tuple(self._errors(Counter(name for name, _ in query.multi_items())))
        if errors:
            raise Unprocessable(REFUSED, errors=errors[:MAX_ERRORS])

    def _errors(self, found: Counter[str]) -> Iterator[FieldError]:
        for name, times in found.items():
            place = pointer(("query", name), None)
            if name not in self.names:
                yield FieldError(place, "unknown_parameter", f"没有查询参数 {_shown(name)}，{self._advice()}")
            elif times > 1 and name not in self.repeatable:
                yield FieldError(place, "repeated_parameter", f"查询参数 {name} 只能写一次，请只留一个值")

    def _advice(self) -> str:
        return f"可用的有：{'、'.join(self.names)}" if self.names else "此地址不接受查询参数，请删去"


def _shown(name: str) -> str:
    return name if len(name) <= _MAX_NAME else name[:_MAX_NAME] + "…"

"""The shape of a rule as JSON: its size is bounded, then it becomes nodes; every complaint names its place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from app.rules.nodes import Node
from app.rules.operators import OPERATORS

MOST_LEAVES: Final = 200
MOST_LEVELS: Final = 32
# Nobody reads more, and a body may hold tens of thousands of fields that nobody knows.
_MOST_PROBLEMS: Final = 100
NODE: Final[TypeAdapter[Node]] = TypeAdapter(Node)

_TAGS: Final = frozenset({"all", "any", "not", *OPERATORS})
_OPERANDS: Final = frozenset({"value", "low", "high", "months", "values"})
_VALUE: Final = '要写成文本、整数、true/false，或 {"param": "参数键"}；小数请加引号'
_SAYS: Final = {
    "missing": ("missing_field", "这一项必须写"),
    "extra_forbidden": ("unknown_field", "没有这一项，请删去或检查拼写"),
    "union_tag_invalid": ("unknown_operator", "op 不认识，可用：" + "、".join(sorted(_TAGS))),
    "union_tag_not_found": ("missing_operator", '条件要写明 op，例如 {"op": "ge", …}'),
    "too_short": ("empty", "至少要有一项"),
    "too_long": ("too_many", "项数太多，请拆开"),
    "string_pattern_mismatch": (
        "bad_name",
        "id 只用小写字母、数字和下划线，以字母开头；programme 只用小写字母、数字和连字符",
    ),
    "string_too_long": ("too_long", "文字太长"),
    "value_error": ("bad_citation", "引用要写明且只写明一处：clause（条款）、law（法律）或 own（自有编号或口径）"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint: a JSON Pointer into the rule, a stable code and a Chinese sentence."""

    pointer: str
    code: str
    detail: str


class RuleRefused(ValueError):
    """The rule cannot be written down; `problems` says where and why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("；".join(f"{problem.pointer or '/'} {problem.detail}" for problem in problems[:5]))
        self.problems = tuple(problems)


def read_structure(raw: object, at: str = "") -> Node:
    """The nodes of a JSON tree, not yet checked against a catalogue. `at` is put before every pointer."""
    _check_size(raw, at)
    try:
        return NODE.validate_python(raw)
    except ValidationError as error:
        raise RuleRefused(list(islice(_problems(error, at), _MOST_PROBLEMS))) from None


def pointer(at: str, *steps: object) -> str:
    """The JSON Pointer (RFC 6901) of a place below `at`; overlong names are cut."""
    return at + "".join("/" + str(step)[:80].replace("~", "~0").replace("/", "~1") for step in steps)


def _check_size(raw: object, at: str) -> None:
    """Walks with a stack of its own, so that a hostile tree cannot exhaust Python's."""
    leaves, stack = 0, [(raw, 1, at)]
    while stack:
        node, level, place = stack.pop()
        if level > MOST_LEVELS:
            raise RuleRefused([Problem(at, "too_deep", f"规则最多嵌套 {MOST_LEVELS} 层，请改写得平一些")])
        children = list(_children(node, place))
        stack.extend((child, level + 1, below) for child, below in children)
        leaves += not children
        if leaves + len(stack) > 2 * MOST_LEAVES or leaves > MOST_LEAVES:
            raise RuleRefused([Problem(at, "too_many_leaves", f"规则最多 {MOST_LEAVES} 个条件，请拆成几条")])


def _children(node: object, at: str) -> Iterator[tuple[object, str]]:
    """The nodes below a node with their places; of a group too large, no more than shows that it is."""
    if not isinstance(node, dict):
        return
    # Pydantic writes an operator that is no text into its message, and a deep one would end it.
    if not isinstance(node.get("op", ""), str):
        raise RuleRefused([Problem(at, *_SAYS["union_tag_invalid"])])
    below = node.get("of")
    if isinstance(below, dict):
        yield below, pointer(at, "of")
    elif isinstance(below, list | tuple):
        yield from ((child, pointer(at, "of", i)) for i, child in enumerate(below[: MOST_LEAVES + 1]))


def _problems(error: ValidationError, at: str) -> Iterator[Problem]:
    seen: set[str] = set()
    last = ""
    for item in error.errors(include_url=False, include_input=False, include_context=False):
        steps = _steps(item["loc"])
        place = pointer(at, *steps)
        # An operand fits none of its alternatives, and a list of bad items is called too short after them.
        if place in seen or last.startswith(f"{place}/"):
            continue
        seen.add(last := place)
        other = ("bad_shape", "写法不对，请对照规则说明") if _OPERANDS.isdisjoint(steps) else ("bad_value", _VALUE)
        # What is said inside an operand's alternatives is not about the operand.
        says = _SAYS.get(item["type"], other) if [*item["loc"][-1:]] == steps[-1:] else other
        yield Problem(place, *says)


def _steps(loc: tuple[Any, ...]) -> list[Any]:
    """The path without pydantic's union tags; an operand's alternatives collapse into the operand itself."""
    steps: list[Any] = []
    for before, step in zip(("of", *loc), loc, strict=False):
        if isinstance(step, str) and not _OPERANDS.isdisjoint(steps):
            break
        # The tag of a node follows `of` or a place in its list, and the root counts as below an `of`.
        if isinstance(step, int) or not (before == "of" or isinstance(before, int)):
            steps.append(step)
    return steps

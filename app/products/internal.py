"""A bank's internal conditions as everybody else reads them in its product: that there is one. Pure."""

from collections.abc import Collection
from typing import Any, Final

BY_THE_BANK: Final = "由银行审核"
INTERNAL: Final = "internal"


def masked_rule(node: Any, internal: Collection[str]) -> Any:
    """A rule as JSON without the conditions of these ids."""
    if not isinstance(node, dict):
        return node
    if node.get("id") in internal:
        return {"op": INTERNAL}
    below = node.get("of")
    if isinstance(below, list | tuple):
        return {**node, "of": [masked_rule(child, internal) for child in below]}
    return {**node, "of": masked_rule(below, internal)} if isinstance(below, dict) else node

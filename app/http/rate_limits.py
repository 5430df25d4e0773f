"""How often one address, and one caller, may ask. Counted by the library `limits`, in memory or in a shared store.

YINQIAO_RATE_LIMIT_STORAGE=memory://            each process counts for itself (the default)
YINQIAO_RATE_LIMIT_STORAGE=redis://host:6379    all processes count together
"""

from dataclasses import dataclass
from math import ceil
from time import time
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import MutableHeaders
from starlette.types import Scope

from app.errors import TooManyRequests

_STATE: Final = "rate_limit"
_WINDOW_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands after a request: what it may ask in a minute, what is left of that, when it is refilled."""

    limit: int
    remaining: int
    reset_seconds: int


class RateLimits:
    """The limits of one application. A limit of 0 lets everything pass."""

    def __init__(self, *, per_address: int, per_caller: int, storage: str) -> None:
        self._strategy = SlidingWindowCounterRateLimiter(storage_from_string(storage))
        self._limits = {
            name: RateLimitItemPerMinute(number)
            for name, number in (("address", per_address), ("caller", per_caller))
            if number
        }

    def count_address(self, scope: Scope) -> None:
        """One more request from its address. Raises TooManyRequests."""
        client = scope.get("client")
        self._count(scope, "address", client[0] if client else "")

    def count_caller(self, scope: Scope, caller: str) -> None:
        """One more request of a caller who has been found out. Raises TooManyRequests."""
        self._count(scope, "caller", caller)

    def _count(self, scope: Scope, kind: str, name: str) -> None:
        limit = self._limits.get(kind)
        if limit is None:
            return
        passes = self._strategy.hit(limit, kind, name)
        window = self._strategy.get_window_stats(limit, kind, name)
        wait = max(1, ceil(window.reset_time - time()))
        scope.setdefault("state", {})[_STATE] = Standing(limit.amount, max(0, window.remaining), wait)
        if not passes:
            raise TooManyRequests(
                f"请求过于频繁，每分钟最多 {limit.amount} 次，请在 {wait} 秒后重试；批量数据请用导出", retry_after=wait
            )


def write_standing(headers: MutableHeaders, scope: Scope) -> None:
    """RateLimit-* after the IETF draft, for whoever was counted; Retry-After comes with the refusal."""
    standing: Standing | None = scope.get("state", {}).get(_STATE)
    if standing is not None:
        headers["RateLimit-Limit"] = str(standing.limit)
        headers["RateLimit-Remaining"] = str(standing.remaining)
        headers["RateLimit-Reset"] = str(standing.reset_seconds)
        headers["RateLimit-Policy"] = f"{standing.limit};w={_WINDOW_SECONDS}"

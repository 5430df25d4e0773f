"""Finding every edit of the trail, pure: events in order, heads and seals in, findings with their places out.

What is found without seals: a changed, moved, deleted or inserted event, since hashes and numbers no longer fit. What
only a seal finds: a tail that was cut off or written anew together with all its hashes. So the trail is as good as the
last seal that was exported to where the editor could not reach; events after it are the unsealed window.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from app.access.audit.chain import SEAL_GENESIS, event_hash, genesis, seal_hash

# Before the first event of a chain.
BEGINNING: Final = ("", 0)
# A transaction that began before a seal may end after it, but none takes so long.
_LONGEST_TRANSACTION: Final = timedelta(hours=1)


class Kind(StrEnum):
    """What is wrong at a place."""

    CONTENT = "content"
    ORDER = "order"
    MISSING = "missing"
    TRUNCATED = "truncated"
    INSERTED = "inserted"
    REWRITTEN = "rewritten"
    HEAD = "head"
    SEAL = "seal"


LABELS: Final[Mapping[Kind, str]] = {
    Kind.CONTENT: "内容被改",
    Kind.ORDER: "前后不相接",
    Kind.MISSING: "缺失",
    Kind.TRUNCATED: "末尾被截去",
    Kind.INSERTED: "多出",
    Kind.REWRITTEN: "被改写并重算",
    Kind.HEAD: "链头记录不符",
    Kind.SEAL: "封存记录不符",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One edit and its place: an event, the events `number` to `through`, or (with `since`) those after an earlier one.

    `chain` is empty for a seal, whose number then is `number`.
    """

    kind: Kind
    chain: str
    day: str
    number: int
    through: int | None = None
    since: tuple[str, int] | None = None

    def __str__(self) -> str:
        if not self.chain:
            return f"封存第 {self.number} 号：{LABELS[self.kind]}"
        numbers = (
            f"第 {self.number} 条" if self.through in {None, self.number} else f"第 {self.number} 至 {self.through} 条"
        )
        since = "" if self.since is None else f"（自 {self.since[0]} 第 {self.since[1]} 条之后）"
        if self.since == BEGINNING:
            since = "（自链首起）"
        return f"链 {self.chain} {self.day} {numbers}{since}：{LABELS[self.kind]}"


@dataclass(frozen=True, slots=True)
class Link:
    """What of one event its chain is made of. `computed` is what the hash should be, None where it cannot be read."""

    chain: str
    day: str
    number: int
    previous_hash: str
    hash: str
    computed: str | None
    at: datetime | None

    @property
    def hashes(self) -> frozenset[str | None]:
        """What the next event may link to: if only one of the two was edited, the other still is what it was."""
        return frozenset((self.hash, self.computed))


@dataclass(frozen=True, slots=True)
class Head:
    """The newest event of a chain on a day, as kept beside the trail or in a seal."""

    chain: str
    day: str
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Seal:
    """All newest heads at an instant. `computed` is what the hash should be."""

    number: int
    sealed_at: datetime | None
    heads: tuple[Head, ...]
    previous_hash: str
    hash: str
    computed: str | None


@dataclass(frozen=True, slots=True)
class Window:
    """Events that no seal covers yet: an edit of them that recomputes everything after it would not be seen."""

    chain: str
    events: int
    first: tuple[str, int]
    last: tuple[str, int]


@dataclass(slots=True)
class Report:
    """What verifying found."""

    events: int = 0
    findings: list[Finding] = field(default_factory=list)
    sealed_until: datetime | None = None
    seal_number: int | None = None
    unsealed: list[Window] = field(default_factory=list)


def link_of(values: Mapping[str, Any]) -> Link:
    """An event as it is checked. A row that cannot be hashed is a changed one."""
    try:
        computed = event_hash(values)
    except (TypeError, ValueError, KeyError):
        computed = None
    at = values["at"] if isinstance(values["at"], datetime) else None
    number = values["number"] if isinstance(values["number"], int) else 0
    return Link(
        chain=str(values["chain"]),
        day=str(values["day"]),
        number=number,
        previous_hash=str(values["previous_hash"]),
        hash=str(values["hash"]),
        computed=computed,
        at=at,
    )


def seal_of(values: Mapping[str, Any]) -> Seal:
    """A seal as it is checked, from the database or from an exported line."""
    try:
        computed = seal_hash(values)
        heads = tuple(Head(one["chain"], one["day"], one["number"], one["hash"]) for one in values["heads"])
    except (TypeError, ValueError, KeyError):
        computed, heads = None, ()
    at = values.get("sealed_at")
    number = values.get("number")
    return Seal(
        number if isinstance(number, int) else 0,
        at if isinstance(at, datetime) else None,
        heads,
        str(values.get("previous_hash")),
        str(values.get("hash")),
        computed,
    )


def verify(
    links: Iterable[Link], heads: Sequence[Head], stored: Sequence[Seal], exported: Sequence[Seal] | None = None
) -> Report:
    """Check everything. `links` come by chain, day and number; `exported` is None where no export is at hand."""
    report = Report()
    report.findings += check_seals(stored)
    if exported is not None:
        report.findings += [one for one in check_seals(exported) if one not in report.findings]
        report.findings += _differing(stored, exported)
    trusted = [seal for seal in (stored if exported is None else exported) if seal.computed == seal.hash]
    walk = _Walk(report, heads, trusted)
    for link in links:
        walk.step(link)
    walk.end()
    return report


def check_seals(seals: Sequence[Seal]) -> Iterator[Finding]:
    """Seals follow each other without a gap, and none was changed."""
    expected, number = SEAL_GENESIS, 1
    for seal in seals:
        if seal.number != number:
            yield from (Finding(Kind.SEAL, "", "", missing) for missing in range(number, seal.number))
        elif seal.previous_hash != expected and seal.computed == seal.hash:
            yield Finding(Kind.SEAL, "", "", seal.number)
        if seal.computed != seal.hash:
            yield Finding(Kind.SEAL, "", "", seal.number)
        expected, number = seal.hash, seal.number + 1


def _differing(stored: Sequence[Seal], exported: Sequence[Seal]) -> Iterator[Finding]:
    here = {seal.number: seal.hash for seal in stored}
    for seal in exported:
        if here.get(seal.number) != seal.hash:
            yield Finding(Kind.SEAL, "", "", seal.number)


class _Walk:
    """One pass over all events, chain by chain."""

    def __init__(self, report: Report, heads: Sequence[Head], seals: Sequence[Seal]) -> None:
        self._report = report
        self._found: set[Finding] = set()
        self._heads = {(head.chain, head.day): head for head in heads if head.number > 0}
        for head in heads:
            # What a chain begins with; it counts only until its first event, but nobody has a reason to change it.
            if head.number <= 0 and head.hash != genesis(head.chain):
                self._find(Kind.HEAD, head, head.number)
        self._sealed: dict[str, list[Head]] = {}
        # Seals repeat the head of a chain that nothing was added to.
        for head in dict.fromkeys(head for seal in seals for head in seal.heads):
            self._sealed.setdefault(head.chain, []).append(head)
        self._at: dict[tuple[str, str, int], frozenset[str | None]] = {}
        self._wanted = {(head.chain, head.day, head.number) for of in self._sealed.values() for head in of}
        last = seals[-1] if seals else None
        report.sealed_until, report.seal_number = (last.sealed_at, last.number) if last else (None, None)
        self._covered = {head.chain: (head.day, head.number) for head in last.heads} if last else {}
        self._windows: dict[str, Window] = {}
        self._previous: Link | None = None

    def step(self, link: Link) -> None:
        """One more event."""
        self._report.events += 1
        before = self._previous
        if before is not None and (before.chain, before.day) != (link.chain, link.day):
            self._end_day(before)
        if before is not None and before.chain != link.chain:
            before = None
        self._check(link, before)
        self._note(link)
        self._previous = link

    def end(self) -> None:
        """After the last event: what is known to have been and is not there."""
        if self._previous is not None:
            self._end_day(self._previous)
        for head in self._heads.values():
            self._find(Kind.TRUNCATED, head, 1, head.number)
        for chain, sealed in self._sealed.items():
            self._compare(chain, sealed)
        self._report.unsealed = list(self._windows.values())

    def _check(self, link: Link, before: Link | None) -> None:
        same_day = before is not None and before.day == link.day
        expected = before.number + 1 if before is not None and same_day else 1
        changed = link.computed != link.hash
        if changed:
            self._find(Kind.CONTENT, link, link.number)
        if link.number > expected:
            self._find(Kind.MISSING, link, expected, link.number - 1)
        elif link.number < expected:
            self._find(Kind.INSERTED, link, link.number)
        # A changed event may link to anything, and after a gap nothing fits: both are said already.
        elif not changed and link.previous_hash not in (before.hashes if before else {genesis(link.chain)}):
            self._broken(link, before)

    def _broken(self, link: Link, before: Link | None) -> None:
        """Either of two neighbours was written anew, or something between them was taken away."""
        if before is None:
            self._find(Kind.ORDER, link, link.number)
        elif before.day == link.day:
            self._find(Kind.ORDER, link, before.number, link.number)
        else:
            self._find(Kind.ORDER, link, link.number, since=(before.day, before.number))

    def _note(self, link: Link) -> None:
        place = (link.day, link.number)
        if (key := (link.chain, *place)) in self._wanted:
            self._at[key] = link.hashes
        if place <= self._covered.get(link.chain, ("", 0)):
            return
        window = self._windows.get(link.chain)
        first, events = (window.first, window.events + 1) if window else (place, 1)
        self._windows[link.chain] = Window(link.chain, events, first, place)
        until = self._report.sealed_until
        if until is not None and link.at is not None and link.at < until - _LONGEST_TRANSACTION:
            self._find(Kind.INSERTED, link, link.number)

    def _end_day(self, last: Link) -> None:
        head = self._heads.pop((last.chain, last.day), None)
        if head is None or head.number < last.number:
            self._find(Kind.HEAD, last, last.number)
        elif head.number > last.number:
            self._find(Kind.TRUNCATED, last, last.number + 1, head.number)
        elif head.hash not in last.hashes:
            self._find(Kind.HEAD, last, last.number)

    def _compare(self, chain: str, sealed: list[Head]) -> None:
        """The first sealed head that is not what it was, if there is one: those after it cannot fit either."""
        good = BEGINNING
        for head in sealed:
            there = self._at.get((chain, head.day, head.number))
            if there is None:
                self._find(Kind.TRUNCATED, sealed[-1], sealed[-1].number, since=good)
                return
            if head.hash not in there:
                self._find(Kind.REWRITTEN, head, head.number, since=good)
                return
            good = head.day, head.number

    def _find(
        self,
        kind: Kind,
        place: Link | Head,
        number: int,
        through: int | None = None,
        since: tuple[str, int] | None = None,
    ) -> None:
        finding = Finding(kind, place.chain, place.day, number, through, since)
        if finding not in self._found:
            self._found.add(finding)
            self._report.findings.append(finding)

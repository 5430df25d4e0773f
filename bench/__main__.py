"""`python -m bench [SIZE…]`: checks that all agree, measures them in turns, and prints tables of ratios.

The sizes are the numbers of cases among which candidates are looked for.
"""

import gc
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from statistics import median
from time import perf_counter
from typing import Any, Final

from app.config import read_settings
from app.rules import Facts, Truth, given
from bench import access, candidates, imports, kernel, matches, pages, table, webhooks
from bench.agreement import Disagreement, check, check_columns, mixture
from bench.instalments import LoanQuestion
from bench.kernel import Question
from bench.measure import Contenders, exponent, in_turns
from bench.peers import Peer
from bench.peers.cel_rules import CelList
from bench.peers.json_logic_rules import JsonLogic
from bench.peers.openfisca_rules import OpenFisca
from bench.peers.zen_rules import ZenList, ZenNodes
from bench.service import service
from bench.table import Row
from bench.workload import AS_OF, cases_as_json, leaf_count, rules_as_json

RULES: Final = 300
CASES: Final = 20
ROUNDS: Final = 15
GROWTH: Final = (75, 150, 300, 600)
BATCH_RULES: Final = 30
BATCHES: Final = (2_000, 40_000)
DISTINCT: Final = 2_000
SIZES: Final = (2_000, 40_000)
# The rows that belong to a target, with the most that the ratio may be.
VERDICTS: Final = "裁决：本项目（规则已绑定到当日）"
EXPLAINED: Final = "解释：全部字段都读到"


def main(sizes: Sequence[int]) -> None:
    """Print the tables. Raises Disagreement where a peer says something else than we do."""
    started = perf_counter()
    question = kernel.question(RULES, CASES)
    _describe(question)
    peers: list[Peer] = [build(question.plain) for build in (ZenList, ZenNodes, CelList, JsonLogic)]
    _agree(peers, question)
    # What was made so far lives to the end: no measured round should search it for garbage.
    gc.collect()
    gc.freeze()
    for title, rows in chain(
        _sections(question, peers),
        access.sections(),
        matches.sections(),
        imports.sections(),
        webhooks.sections(),
        pages.sections(),
        candidates.sections(sizes),
    ):
        print(f"\n{title}")
        print("\n".join(table.ruled([["项目", "用时", "对照用时", "项目 ÷ 对照（最小..最大）", "目标"], *rows])))
    print("\n控制台的首次载入，压缩后", *pages.first_loads(), sep="\n")
    _print_growth()
    print(f"\n全程 {perf_counter() - started:.0f} 秒。比值为各轮之比的中位数。")
    print("时间为本进程的 CPU 时间；PostgreSQL 在另一进程里，为墙上时间。")


def _describe(question: Question) -> None:
    counts, leaves = mixture(question), sum(map(leaf_count, rules_as_json(RULES))) / RULES
    total = sum(counts.values())
    shares = "，".join(f"{truth.name} {counts[truth] / total:.0%}" for truth in Truth)
    print(f"{platform.python_implementation()} {platform.python_version()}，{os.cpu_count()} 个核")
    print(f"{RULES} 条规则，每条平均 {leaves:.1f} 个条件；{CASES} 个案，约 15% 的事实未知；裁决：{shares}")


def _agree(peers: Sequence[Peer], question: Question) -> None:
    for peer in peers:
        found = check(peer, question)
        differs = f"；我方未知处，它说真 {found.unknown_as_true}、说假 {found.unknown_as_false}"
        print(f"核对 {peer.label}：{found.compared} 个裁决一致{'' if peer.is_three_valued else differs}")


def _sections(question: Question, peers: Sequence[Peer]) -> Iterator[tuple[str, list[list[str]]]]:
    yield f"一案对 {RULES} 条规则，只要裁决（每案；对照：各引擎）", list(_verdict_rows(question, peers))
    yield f"一案对 {RULES} 条规则，本项目各种问法（每案；对照：裁决）", list(_kernel_rows(question))
    yield f"批量，{BATCH_RULES} 条规则（每案；对照：openfisca-core）", list(_batch_rows())
    yield "整条路径（每次）", [*_service_rows(), *_quote_rows()]


def _over_cases(ask: Callable[[Any], Any], cases: Sequence[Any]) -> Callable[[], None]:
    def run() -> None:
        for case in cases:
            ask(case)

    return run


def _verdict_rows(question: Question, peers: Sequence[Peer]) -> Iterator[list[str]]:
    contenders: dict[str, Callable[[], Any]] = {
        VERDICTS: _over_cases(partial(kernel.verdicts, question.bound), question.cases)
    }
    for peer in peers:
        contenders[peer.label] = _over_cases(peer.ask, [peer.prepare(context) for context in question.contexts])
    times = in_turns(contenders, ROUNDS)
    able = [peer.label for peer in peers if peer.is_three_valued]
    fastest = min(able, key=lambda label: median(times[label]))
    for peer in peers:
        target = 1.0 if peer.label == fastest else None
        _, *others = Row(VERDICTS, peer.label, times, CASES, target).cells()
        yield [f"本项目 对 {peer.label}", *others]


def _kernel_rows(question: Question) -> Iterator[list[str]]:
    few = question.cases[:4]
    ask: dict[str, Callable[[Facts], Any]] = {
        VERDICTS: partial(kernel.verdicts, question.bound),
        "裁决：evaluate（每次查绑定）": partial(kernel.verdicts_of_rules, question.rules),
        "解释：写出句子，不读": partial(kernel.explained_unread, question.rules),
        EXPLAINED: partial(kernel.explained, question.rules),
    }
    times = in_turns({name: _over_cases(one, question.cases) for name, one in ask.items()}, ROUNDS)
    for name in list(ask)[1:]:
        yield Row(name, VERDICTS, times, CASES, 3.0 if name == EXPLAINED else None).cells()
    advice = {
        "建议：advise": _over_cases(partial(kernel.advised, question.rules), few),
        EXPLAINED: _over_cases(partial(kernel.explained, question.rules), few),
    }
    name, *others = Row("建议：advise", EXPLAINED, in_turns(advice, 3), len(few)).cells()
    yield [f"{name}（对照：解释）", *others]
    yield from _cold_rows()


def _cold_rows() -> Iterator[list[str]]:
    """Rules that were never asked before: each round parses its own, outside the clock."""
    written, case = rules_as_json(RULES), given(cases_as_json(1)[0])
    fresh = iter([kernel.parsed(written) for _ in range(2 * 6)])
    warm = kernel.parsed(written)
    for name, ask in (("裁决", kernel.verdicts_of_rules), ("解释", kernel.explained)):
        cold = f"{name}：规则首次使用（含绑定）"
        contenders: Contenders = {
            cold: lambda ask=ask: ask(next(fresh), case),  # type: ignore[misc]
            name: partial(ask, warm, case),
        }
        label, *others = Row(cold, name, in_turns(contenders, 5), 1).cells()
        yield [f"{label}（对照：再次）", *others]


def _batch_rows() -> Iterator[list[str]]:
    question = kernel.question(BATCH_RULES, DISTINCT)
    peer = OpenFisca(question.plain, AS_OF)
    rows = [kernel.verdicts(question.bound, case) for case in question.cases]
    for size in BATCHES:
        copies = size // DISTINCT
        columns, cases = peer.prepare(question.contexts * copies), question.cases * copies
        compared = check_columns(peer.label, peer.ask(columns), rows * copies)
        ours = f"{size} 案（核对 {compared} 个裁决一致）"
        contenders: Contenders = {
            ours: _over_cases(partial(kernel.verdicts, question.bound), cases),
            peer.label: partial(peer.ask, columns),
        }
        yield Row(ours, peer.label, in_turns(contenders, 5), size).cells()


def _service_rows() -> Iterator[list[str]]:
    cases = [_stated(case) for case in cases_as_json(5)]
    facts = [given(case) for case in cases]
    with service() as running:
        times = in_turns(
            {
                "HTTP 请求 /eligibility-checks": _over_cases(running.request, cases),
                "其中读政策库": _over_cases(lambda _case: running.fetch(), cases),
                "纯计算 build": _over_cases(lambda case: running.build(kernel.untold(case)), facts),
            },
            5,
        )
        programmes = len(running.library.programmes)
    for name in list(times)[:-1]:
        label, *others = Row(name, "纯计算 build", times, len(cases)).cells()
        yield [f"{label}（对照：{programmes} 项政策的纯计算）", *others]


def _stated(case: dict[str, Any]) -> dict[str, Any]:
    """Without a loan: its quote would be measured too, and has a row of its own."""
    return {key: value for key, value in case.items() if not key.startswith("loan.")}


def _quote_rows() -> Iterator[list[str]]:
    loan = LoanQuestion(read_settings().seed_path)
    if loan.ours() != loan.naive():
        raise Disagreement(f"贴息：{loan.ours()} / {loan.naive()}")
    contenders: Contenders = {
        "贴息：十年期按月还本": lambda: [loan.ours() for _ in range(10)],
        "逐日累加": lambda: [loan.naive() for _ in range(10)],
    }
    name, *others = Row("贴息：十年期按月还本", "逐日累加", in_turns(contenders, 9), 10).cells()
    yield [f"{name}（对照：逐日累加）", *others]


def _print_growth() -> None:
    questions = {size: kernel.question(size, 5) for size in GROWTH}
    print("\n随规则条数的增长（1 为线性）")
    for name, ask in (("裁决", kernel.verdicts_of_rules), ("解释", kernel.explained)):
        contenders = {str(size): _over_cases(partial(ask, one.rules), one.cases) for size, one in questions.items()}
        times = in_turns(contenders, ROUNDS)
        seconds = [median(times[str(size)]) / 5 for size in GROWTH]
        steps = "，".join(f"{size} 条 {table.duration(second)}" for size, second in zip(GROWTH, seconds, strict=True))
        print(f"{name}：{steps}；指数 {exponent(GROWTH, seconds):.2f}")


if __name__ == "__main__":
    main(sorted(map(int, sys.argv[1:])) or SIZES)
